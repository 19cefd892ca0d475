import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSplit } from "../../src/training/split.ts";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

const config = "target: { column: label, classes: 3 }\n";
/** The default network, by name: without a model one is chosen. */
const network = `${config}model: {}\n`;

async function train(cwd: string, ...words: string[]) {
  const all = ["fit", "c.yaml", "--data", "d.csv", ...words, "--json"];
  const { code, stdout, stderr } = await rivulet(all, { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

describe.concurrent("fit makes exactly as many updates as its regime says:", () => {
  test.each([
    // regime, rows, held out, rows of a batch, epochs, rows to train on, updates
    ["batch", 103, "0.2", 16, 3, 82, 3],
    ["stochastic", 103, "0.2", 16, 3, 82, 246],
    ["mini-batch", 103, "0.2", 16, 3, 82, 18],
    ["batch", 103, "0", 16, 2, 103, 2],
    ["stochastic", 103, "0", 16, 2, 103, 206],
    ["mini-batch", 103, "0", 16, 2, 103, 14],
    ["batch", 10, "0", 256, 4, 10, 4],
    ["mini-batch", 10, "0", 256, 4, 10, 4],
    ["mini-batch", 32, "0", 16, 1, 32, 2],
    ["batch", 1, "0", 16, 5, 1, 5],
    ["stochastic", 1, "0", 16, 5, 1, 5],
    ["mini-batch", 1, "0.2", 16, 5, 1, 5],
  ])("%s over %i rows, %s held out, batches of %i, %i epochs", async (...row) => {
    const [regime, rows, heldOut, batchSize, epochs, trainingRows, updates] = row;
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(rows) });
    const options = { regime, "held-out": heldOut, "batch-size": batchSize, epochs };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const result = await train(cwd, ...words);
    expect(result).toMatchObject({
      regime,
      rows,
      trainingRows,
      heldOutRows: rows - trainingRows,
      epochs,
      updates,
      updatesPerEpoch: updates / epochs,
      skippedSteps: 0,
    });
    expect(result.loss).toHaveLength(epochs);
    expect(result.training.samples).toBe(trainingRows);
    if (trainingRows === rows) expect(result.heldOut).toBeNull();
    else expect(result.heldOut.samples).toBe(rows - trainingRows);
  });
});

describe.concurrent("fit", () => {
  test("learns the same from each batch for one worker as for two, by option or config", async () => {
    const layers = "model: { layers: [{ dense: 16 }, relu, dense] }\n";
    const cwd = folderWith({
      "c.yaml": `${config}${layers}`,
      "two.yaml": `${config}${layers}training: { workers: 2, shards: 3 }\n`,
      "d.csv": saddle(300),
    });
    const words = ["--batch-size", "64", "--epochs", "3"];
    const [whole, one, two] = await Promise.all(
      [[], ["--workers", "1"], ["--workers", "2"]].map((more) => train(cwd, ...words, ...more)),
    );
    expect(whole).toMatchObject({ workers: 1, shards: 1 });
    expect(one).toMatchObject({ workers: 1, shards: 4 });
    expect(two).toMatchObject({ workers: 2, shards: 4, loss: one.loss, heldOut: one.heldOut });
    expect(two.loss[2]).toBeCloseTo(whole.loss[2], 4);
    const { code, stdout } = await rivulet(["fit", "two.yaml", "--data", "d.csv", ...words], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain("2, on 3 shards of a batch");
  });

  test("refuses workers for layers that need the batch whole, naming the layer", async () => {
    const layers = "model: { layers: [{ dense: 4 }, batchNorm, relu, dense] }\n";
    const cwd = folderWith({ "c.yaml": `${config}${layers}`, "d.csv": saddle(100) });
    const { code, stderr } = await rivulet(["fit", "c.yaml", "--data", "d.csv", "--workers", "2"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("model.layers[1] (batchNorm) normalizes by the whole batch");
  });

  test.each([
    ["mini-batch", 20, 0.85],
    ["stochastic", 8, 0.85],
    ["batch", 150, 0.7],
  ])("learns a rule that bends, in the %s regime", async (regime, epochs, bound) => {
    const cwd = folderWith({
      "c.yaml": `${config}model: { optimizer: { adam: { learningRate: ${regime === "batch" ? 0.05 : 0.01} } } }\n`,
      "d.csv": saddle(2000),
    });
    const result = await train(cwd, "--regime", regime, "--epochs", String(epochs));
    expect(result.heldOut.accuracy).toBeGreaterThan(bound);
    expect(result.loss.at(-1)).toBeLessThan(result.loss[0] / 1.5);
    expect(result.task).toBe("classification");
  });

  test("learns a number in its own units", async () => {
    const cwd = folderWith({ "c.yaml": "target: { column: target }\nmodel: {}\n", "d.csv": wave(2000) });
    const { task, heldOut } = await train(cwd, "--epochs", "30");
    expect(task).toBe("regression");
    expect(heldOut.r2).toBeGreaterThan(0.95);
    expect(heldOut.mae).toBeLessThan(2);
  });

  test("takes the gradient of the whole file in the batch regime, however it is cut up", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(1000) });
    const [whole, parts] = await Promise.all(
      ["800", "7"].map((size) => train(cwd, "--regime", "batch", "--batch-size", size)),
    );
    for (const [epoch, loss] of whole.loss.entries()) expect(parts.loss[epoch]).toBeCloseTo(loss, 5);
    expect(parts.arenaBytes).toBeLessThan(whole.arenaBytes / 10);
  });

  test("repeats itself for the same seed, and holds out other rows for another", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(400) });
    const [first, again, other] = await Promise.all(
      ["5", "5", "6"].map((seed) => train(cwd, "--seed", seed, "--epochs", "3")),
    );
    const timeless = ({ seconds, rowsPerSecond, residentBytes, ...rest }: Record<string, unknown>) => rest;
    expect(timeless(again)).toEqual(timeless(first));
    expect(other.heldOut.perClass.map(({ support }: { support: number }) => support)).not.toEqual(
      first.heldOut.perClass.map(({ support }: { support: number }) => support),
    );
  });

  test("holds out the same rows in every regime", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(400) });
    const results = await Promise.all(
      ["batch", "stochastic", "mini-batch"].map((regime) => train(cwd, "--regime", regime, "--epochs", "1")),
    );
    const supports = results.map(({ heldOut }) =>
      heldOut.perClass.map(({ support }: { support: number }) => support),
    );
    expect(supports[1]).toEqual(supports[0]);
    expect(supports[2]).toEqual(supports[0]);
  });

  test("is not moved by the rows it holds out", async () => {
    const [header, ...rows] = saddle(400).trim().split("\n");
    const isHeldOut = createSplit(400, 80, 1);
    const changed = rows.map((row) => (isHeldOut() ? "1000,-7,0" : row));
    const [first, second] = await Promise.all(
      [rows, changed].map((lines) => {
        const cwd = folderWith({ "c.yaml": network, "d.csv": [header, ...lines].join("\n") });
        return train(cwd, "--epochs", "3");
      }),
    );
    expect(second.heldOut.perClass[0].support).toBe(80);
    expect(second.loss).toEqual(first.loss);
    expect(second.training).toEqual(first.training);
  });

  test("draws no progress where there is no terminal, and says its result in words", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(300) });
    const { code, stdout, stderr } = await rivulet(["fit", "c.yaml", "--data", "d.csv"], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("240 rows to train on, 60 held out (seed 1)");
    expect(stdout).toContain("mini-batch, 10 epochs of 8 updates: 80 updates");
    expect(stdout).toContain("held out: accuracy");
    expect(stdout).not.toContain("\u001b");
  });

  test("says where rows held out at random look better than the last ones would", async () => {
    const slow = Array.from({ length: 200 }, (_, i) => `${Math.cos(i / 20)},${Math.sin(i / 20)}`);
    const cwd = folderWith({
      "c.yaml": "target: { column: y }\nmodel: {}\n",
      "d.csv": `x,y\n${slow.join("\n")}\n`,
    });
    const words = ["fit", "c.yaml", "--data", "d.csv", "--epochs", "1"];
    const { stdout } = await rivulet(words, { cwd });
    expect(stdout).toMatch(
      /^beware +the target changes little from row to row, .*--held-out-last judges by those$/m,
    );
    expect((await rivulet([...words, "--held-out-last"], { cwd })).stdout).not.toContain("beware");
  });

  test("lets a cosine without a length fall over the whole run", async () => {
    const cwd = folderWith({
      "c.yaml": `${config}model: { schedule: { cosine: { warmUp: 10, minimum: 0.1 } } }\n`,
      "written.yaml": `${config}model: { schedule: { cosine: { warmUp: 10, minimum: 0.1, updates: 70 } } }\n`,
      "short.yaml": `${config}model: { schedule: { cosine: { warmUp: 99 } } }\n`,
      "d.csv": saddle(300),
    });
    const { updates, loss } = await train(cwd, "--save", "f.msgpack");
    expect(updates).toBe(80);
    const { stdout } = await rivulet(["inspect", "f.msgpack"], { cwd });
    expect(stdout).toMatch(/^schedule +cosine \{updates: 70, minimum: 0.1, warmUp: 10\}$/m);
    const written = await rivulet(["fit", "written.yaml", "--data", "d.csv", "--json"], { cwd });
    expect(JSON.parse(written.stdout).loss).toEqual(loss);
    const short = await rivulet(["fit", "short.yaml", "--data", "d.csv"], { cwd });
    expect(short.stderr).toBe(
      "rivulet: model.schedule warms up over 99 updates, but the whole run has 80; shorten warmUp or train longer\n",
    );
    const replay = await rivulet(["replay", "c.yaml", "--data", "d.csv"], { cwd });
    expect([replay.code, replay.stderr]).toEqual([
      2,
      "rivulet: model.schedule.cosine leaves updates out, and only rivulet fit knows how long a run is; write { cosine: { updates: 10000 } }\n",
    ]);
  });

  test("saves a checkpoint that says in how many updates it learned", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(300) });
    const { updates, saved } = await train(cwd, "--save", "f.msgpack");
    expect(saved).toBe("f.msgpack");
    const { stdout } = await rivulet(["inspect", "f.msgpack"], { cwd });
    expect(stdout).toMatch(new RegExp(`^learned +in ${updates} updates$`, "m"));
  });

  test("makes the folder of the config's checkpoints, where it is told to save there", async () => {
    const cwd = folderWith({ "c.yaml": `${network}checkpoint: { directory: kept }\n`, "d.csv": saddle(40) });
    const { code, stderr } = await rivulet(["fit", "c.yaml", "--data", "d.csv", "--save", "kept"], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(readdirSync(join(cwd, "kept"))).toContain("checkpoint-00000001.msgpack");
  });

  test("refuses to hold out every row", async () => {
    const cwd = folderWith({ "c.yaml": network, "d.csv": saddle(2) });
    const words = ["fit", "c.yaml", "--data", "d.csv", "--held-out", "0.9"];
    const { code, stderr } = await rivulet(words, { cwd });
    expect([code, stderr]).toEqual([
      1,
      "rivulet: d.csv has 2 rows, 2 of them held out: no training rows remain; hold out a smaller part\n",
    ]);
  });
});

describe.concurrent("fit, told what can be true of a value,", () => {
  const fields = "fields: [{ name: x, range: [-1, 1] }, y, label]";
  const source = `source: { ${fields} }\n${config}`;
  const ranged = `${source}model: {}\n`;
  const [header, ...clean] = saddle(400).trimEnd().split("\n");
  const csv = (rows: string[]) => [header, ...rows].join("\n");
  const draw = createSplit(400, 80, 1);
  const isHeldOut = clean.map(draw);
  /** Rows of which every fifth that is held out, or that is not, has been damaged. */
  const damaged = (which: boolean, x: string) => {
    let seen = 0;
    return clean.map((row, index) =>
      isHeldOut[index] === which && seen++ % 5 === 0 ? row.replace(/^[^,]*/, x) : row,
    );
  };

  test.each([
    ["batch", 3],
    ["stochastic", 3 * 256],
    ["mini-batch", 3 * 8],
  ])("leaves out rows as the daemon would, and counts them, in the %s regime", async (regime, updates) => {
    const cwd = folderWith({ "c.yaml": ranged, "d.csv": csv(damaged(false, "9999")) });
    const result = await train(cwd, "--regime", regime, "--epochs", "3");
    expect(result).toMatchObject({
      ...{ rows: 400, trainingRows: 256, heldOutRows: 80, rejected: 64, updates },
      faults: [{ field: "x", notFinite: 0, outOfRange: 64, stuck: 0 }],
    });
    expect(result.training.samples).toBe(256);
    expect(result.heldOut.samples).toBe(80);
    const replayed = await rivulet(["replay", "c.yaml", "--data", "d.csv", "--json"], { cwd });
    expect(JSON.parse(replayed.stdout)).toMatchObject({ rejected: 64, faults: result.faults });
  });

  test("holds out the same rows whatever becomes of them", async () => {
    const [whole, some] = await Promise.all(
      [clean, damaged(true, "9999")].map((rows) =>
        train(folderWith({ "c.yaml": ranged, "d.csv": csv(rows) }), "--epochs", "3"),
      ),
    );
    expect(some).toMatchObject({ trainingRows: 320, heldOutRows: 64, rejected: 16, loss: whole.loss });
    expect(some.training).toEqual(whole.training);
    expect(some.heldOut.samples).toBe(64);
  });

  test("trains on what a value is taken for", async () => {
    const clamping = ranged.replace(fields, `${fields}, values: { outOfRange: clamp }`);
    const [given, clamped] = await Promise.all(
      ["1", "9999"].map((x) =>
        train(folderWith({ "c.yaml": clamping, "d.csv": csv(damaged(false, x)) }), "--epochs", "3"),
      ),
    );
    expect(clamped).toMatchObject({ rejected: 0, trainingRows: 320, loss: given.loss });
    expect(clamped.training).toEqual(given.training);
    expect(clamped.faults).toEqual([{ field: "x", notFinite: 0, outOfRange: 64, stuck: 0 }]);
  });

  test("lets a cosine fall over the updates that are left", async () => {
    const cosine = (updates: string) =>
      `${source}model: { schedule: { cosine: { ${updates}minimum: 0.1 } } }\n`;
    const [open, written] = await Promise.all(
      ["", "updates: 24, "].map((updates) =>
        train(
          folderWith({ "c.yaml": cosine(updates), "d.csv": csv(damaged(false, "9999")) }),
          "--epochs",
          "3",
        ),
      ),
    );
    expect(open.loss).toEqual(written.loss);
  });

  test("says in words what it left out, or that nothing is left", async () => {
    const cwd = folderWith({
      "c.yaml": ranged,
      "d.csv": csv(damaged(true, "9999")),
      "n.csv": "x,y,label\n7,1,0\n",
    });
    const { stdout } = await rivulet(["fit", "c.yaml", "--data", "d.csv", "--epochs", "1"], { cwd });
    expect(stdout).toContain("320 rows to train on, 64 held out (seed 1)");
    expect(stdout).toMatch(/^rejected +16 rows, for values that cannot be true\nfaults +x 16 out of range$/m);
    const none = await rivulet(["fit", "c.yaml", "--data", "n.csv"], { cwd });
    expect([none.code, none.stderr]).toEqual([
      1,
      "rivulet: n.csv has 1 row, 1 of them rejected for their values: no training rows remain; correct the values, or allow wider ranges\n",
    ]);
  });
});

describe.concurrent("fit, told so,", () => {
  test("holds out the last rows if asked to", async () => {
    // The last fifth breaks the rule: nothing that was learned before fits it.
    const rows = saddle(400).trimEnd().split("\n");
    const broken = rows.map((row, index) =>
      index > 320 ? row.replace(/\d$/, (label) => `${(Number(label) + 1) % 3}`) : row,
    );
    const cwd = folderWith({
      "c.yaml": `${config}model: { optimizer: { adam: { learningRate: 0.01 } } }\n`,
      "d.csv": `${broken.join("\n")}\n`,
    });
    const result = await train(cwd, "--epochs", "40", "--held-out-last");
    expect(result.heldOutRows).toBe(80);
    expect(result.training.accuracy).toBeGreaterThan(0.8);
    expect(result.heldOut.accuracy).toBeLessThan(0.2);
  });

  test("leaves out the columns that the config ignores, and names one that is not there", async () => {
    const rows = saddle(200)
      .trimEnd()
      .split("\n")
      .map((row, index) => (index === 0 ? `row,${row}` : `${index},${row}`));
    const cwd = folderWith({
      "c.yaml": `source: { ignore: [row] }\n${config}`,
      "wrong.yaml": `source: { ignore: [rows] }\n${config}`,
      "d.csv": `${rows.join("\n")}\n`,
    });
    const { arenaBytes } = await train(cwd, "--epochs", "1");
    const two = folderWith({ "c.yaml": network, "d.csv": saddle(200) });
    expect(arenaBytes).toBe((await train(two, "--epochs", "1")).arenaBytes);
    const { code, stderr } = await rivulet(["fit", "wrong.yaml", "--data", "d.csv"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'source.ignore names "rows", which is not a column of d.csv; did you mean "row"?',
    );
  });

  test("gives the same weights in the memory of a small batch", async () => {
    const data = saddle(200);
    const run = async (memory: string) => {
      const cwd = folderWith({ "c.yaml": `${config}training: { batchSize: 64 }\n${memory}`, "d.csv": data });
      return train(cwd, "--epochs", "3");
    };
    const whole = await run("");
    const small = await run("memory: { batch: 8 }\n");
    expect(small.updates).toBe(whole.updates);
    expect(small.arenaBytes).toBeLessThan(whole.arenaBytes);
    expect(small.loss[2]).toBeCloseTo(whole.loss[2], 4);
  });
});
