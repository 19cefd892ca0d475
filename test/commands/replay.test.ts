import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

async function replay(words: string[], cwd: string) {
  const { code, stdout, stderr } = await rivulet(["replay", ...words, "--json"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

test("replay and run say that rows are further apart by their times than source.rate has them", async () => {
  const config = `source: { file: d.csv, rate: 1/hour, time: { column: time }, fields: [temperature] }
target: { forecast: temperature, horizon: 3h }
`;
  const time = (row: number) => new Date(Date.UTC(2026, 2, 1) + 60_000 * row).toISOString();
  const rows = Array.from({ length: 60 }, (_, row) => `${time(row)},${20 + (row % 7)}\n`).join("");
  const cwd = folderWith({ "c.yaml": config, "d.csv": `time,temperature\n${rows}` });
  const doubt =
    /samples come at one in 1 min by their own times, but source\.rate declares one in 1 h: .*correct source\.rate/;
  const [replayed, ran] = await Promise.all([
    rivulet(["replay", "c.yaml", "--data", "d.csv"], { cwd }),
    rivulet(["run", "c.yaml"], { cwd }),
  ]);
  expect(replayed.stdout.replaceAll(/\n {2,}/g, " ")).toMatch(doubt);
  expect(`${ran.stdout}${ran.stderr}`.match(new RegExp(doubt, "g"))).toHaveLength(1);
  const right = await rivulet(["replay", "c.yaml", "--data", "d.csv"], {
    cwd: folderWith({ "c.yaml": config.replace("1/hour", "1/min"), "d.csv": `time,temperature\n${rows}` }),
  });
  expect([right.code, /apart by/.test(right.stdout)]).toEqual([0, false]);
});

describe.concurrent("replay without a config", () => {
  test("learns classes from 0 to the largest label, where the last column is label", async () => {
    const cwd = folderWith({ "d.csv": saddle(3000) });
    const result = await replay(["--data", "d.csv"], cwd);
    expect(result).toMatchObject({
      rows: 3000,
      task: "classification",
      target: { column: "label", classes: 3 },
      updates: 3000,
      skippedSteps: 0,
      saved: null,
      metrics: {
        samples: 2999,
        accuracy: expect.any(Number),
        macroF1: expect.any(Number),
        logLoss: expect.any(Number),
      },
    });
    expect(result.microsecondsPerSample).toBeGreaterThan(0);
    expect(result.residentBytes).toBeGreaterThan(2 ** 20);
    const { accuracy, slidingAccuracy, baselineAccuracy, confusion } = result.metrics;
    expect(accuracy).toBeGreaterThan(0.7);
    expect(slidingAccuracy).toBeGreaterThan(0.85);
    expect(baselineAccuracy).toBeLessThan(0.5);
    expect(confusion.flat().reduce((sum: number, count: number) => sum + count)).toBe(2999);
  });

  test("predicts rows without their label, which tell nothing but how the inputs are spread", async () => {
    const labelled = saddle(600).trimEnd().split("\n");
    const sparse = labelled.map((line, row) => {
      const cells = line.split(",");
      return row === 0 || row % 4 === 0 ? line : [...cells.slice(0, -1), row % 2 ? "" : "nan"].join(",");
    });
    const alone = labelled.filter((_, row) => row === 0 || row % 4 === 0);
    const cwd = folderWith({ "d.csv": `${sparse.join("\n")}\n`, "alone.csv": `${alone.join("\n")}\n` });
    const result = await replay(["--data", "d.csv"], cwd);
    expect(result).toMatchObject({
      rows: 600,
      unlabelled: 450,
      rejected: 0,
      updates: 150,
      faults: [],
    });
    const { metrics, updates } = await replay(["--data", "alone.csv"], cwd);
    expect([result.metrics.samples, result.updates]).toEqual([metrics.samples, updates]);
    expect(result.metrics.confusion.flat().reduce((sum: number, count: number) => sum + count)).toBe(149);
    expect(result.metrics.logLoss).toBeLessThan(1.1 * metrics.logLoss);
    const { stdout } = await rivulet(["replay", "--data", "d.csv"], { cwd });
    expect(stdout).toContain("450 samples without a target, predicted only");
  });

  test("learns a number, where the last column is target", async () => {
    const cwd = folderWith({ "d.csv": wave(4000) });
    const result = await replay(["--data", "d.csv"], cwd);
    expect(result).toMatchObject({
      rows: 4000,
      task: "regression",
      target: { column: "target", standardize: true },
    });
    const { mae, rmse, r2, baselineMae } = result.metrics;
    // From the first answer on, when nothing was learned yet.
    expect(r2).toBeGreaterThan(0.8);
    expect(mae).toBeLessThan(baselineMae / 2.5);
    expect(rmse).toBeGreaterThan(mae);
  });

  test("does not take a linear rule for one that bends", async () => {
    const cwd = folderWith({
      "d.csv": saddle(3000),
      "c.yaml": "target: { column: label, classes: 3 }\nmodel: { layers: [dense] }\n",
    });
    const { metrics } = await replay(["c.yaml", "--data", "d.csv"], cwd);
    expect(metrics.slidingAccuracy).toBeLessThan(0.5);
  });

  test("reads gzipped rows as it reads plain ones", async () => {
    const cwd = folderWith({ "d.csv": saddle(500) });
    writeFileSync(join(cwd, "d.csv.gz"), gzipSync(saddle(500)));
    const plain = await replay(["--data", "d.csv"], cwd);
    expect((await replay(["--data", "d.csv.gz"], cwd)).metrics).toEqual(plain.metrics);
  });

  test("gives the same result for the same seed, and another for another", async () => {
    const cwd = folderWith({ "d.csv": saddle(500) });
    const [first, again, other] = await Promise.all(
      ["1", "1", "2"].map((seed) => replay(["--data", "d.csv", "--seed", seed], cwd)),
    );
    expect(again.metrics).toEqual(first.metrics);
    expect(other.metrics.logLoss).not.toBe(first.metrics.logLoss);
  });

  test("shows the ensemble beside its baselines, and says so where one is better", async () => {
    const rows = (labels: (row: number) => number) =>
      Array.from({ length: 400 }, (_, row) => `${((row * 7919) % 101) / 101},${labels(row)}`);
    const cwd = folderWith({
      "d.csv": saddle(600),
      "last.csv": `x,label\n${rows((row) => ((row * row * 31) % 97) & 1).join("\n")}\n`,
    });
    const { metrics } = await replay(["--data", "d.csv"], cwd);
    expect(metrics.baselines.map(({ name }: { name: string }) => name)).toEqual([
      "label frequencies",
      "last label",
      "linear",
    ]);
    const best = Math.min(...metrics.baselines.map(({ loss }: { loss: number }) => loss));
    expect(metrics.skill).toBeCloseTo(1 - metrics.logLoss / best, 9);
    expect(metrics.experts).toHaveLength(7);
    const { stdout } = await rivulet(["replay", "--data", "d.csv"], { cwd });
    expect(stdout).toMatch(/^learner +the ensemble, nothing tuned$/m);
    expect(stdout).toMatch(/^skill +0\.\d+: [\d.]+ % less log loss than the best baseline, /m);
    expect(stdout).toMatch(/^experts +[a-z-]+: weight 0\.\d\d, loss [\d.]+$/m);
    const worse = await rivulet(["replay", "--data", "last.csv"], { cwd });
    expect(worse.stdout).toMatch(/^skill +-0\.\d+: the baseline .* is better, by /m);
  });

  test("leaves experts out that --without names, and refuses names that nothing has", async () => {
    const cwd = folderWith({
      "d.csv": saddle(300),
      "c.yaml": "target: { column: label, classes: 3 }\nmodel: {}\n",
    });
    const { metrics } = await replay(["--data", "d.csv", "--without", "naive,neighbours"], cwd);
    expect(metrics.experts.map(({ name }: { name: string }) => name)).toEqual([
      "network",
      "replayed-network",
      "label-transitions",
      "linear",
      "label-frequencies",
    ]);
    const unknown = await rivulet(["replay", "--data", "d.csv", "--without", "forest"], { cwd });
    expect(unknown.stderr).toContain(
      '--without names "forest", which is not an expert; the experts are network, ',
    );
    const alone = await rivulet(["replay", "c.yaml", "--data", "d.csv", "--without", "linear"], { cwd });
    expect(alone.stderr).toContain("the config names a model");
  });

  test("prints for people what --json gives to programs", async () => {
    const cwd = folderWith({ "d.csv": saddle(500) });
    const { stdout } = await rivulet(["replay", "--data", "d.csv"], { cwd });
    const { metrics } = await replay(["--data", "d.csv"], cwd);
    expect(stdout).toContain("500 rows");
    expect(stdout).toMatch(new RegExp(`accuracy +${(100 * metrics.accuracy).toFixed(2)} %`));
    expect(stdout).toContain("of it the arena");
  });
});

describe.concurrent("replay with a config", () => {
  test("predicts its target from the columns it names, in whatever order the file has them", async () => {
    const rows = saddle(500).trim().split("\n");
    const shuffled = rows.map((row, index) => {
      const [x, y, label] = row.split(",");
      return `${index === 0 ? "note" : "by hand"},${label},${y},${x}`;
    });
    const cwd = folderWith({
      "c.yaml": "source: { fields: [x, y, label] }\ntarget: { column: label, classes: 3 }\n",
      "d.csv": rows.join("\n"),
      "shuffled.csv": shuffled.join("\n"),
    });
    const inOrder = await replay(["c.yaml", "--data", "d.csv"], cwd);
    const byName = await replay(["c.yaml", "--data", "shuffled.csv"], cwd);
    expect(byName.metrics).toEqual(inOrder.metrics);
  });

  test("takes all other columns for features where it names none", async () => {
    const cwd = folderWith({ "c.yaml": "target: { column: x }\nmodel: {}\n", "d.csv": saddle(100) });
    const result = await replay(["c.yaml", "--data", "d.csv", "--save", "x.msgpack"], cwd);
    expect(result).toMatchObject({ task: "regression", saved: "x.msgpack" });
    const { stdout } = await rivulet(["inspect", "x.msgpack", "--json"], { cwd });
    expect(JSON.parse(stdout).features.fields).toEqual(["x", "y", "label"]);
    expect(JSON.parse(stdout).parameters[0].shape).toEqual([16, 2]);
  });

  test("reads the file of the config where no --data names another, as fit and compare do", async () => {
    const folder = folderWith({
      "a.csv": wave(200),
      "a.yaml": "source: { file: a.csv, fields: [x, y, target] }\ntarget: { column: target }\n",
      "b.yaml": "target: { column: target }\n",
    });
    const [replayed, fitted, lacking] = await Promise.all([
      rivulet(["replay", join(folder, "a.yaml"), "--json"]),
      rivulet(["fit", join(folder, "a.yaml"), "--epochs", "1", "--regime", "mini-batch", "--json"]),
      rivulet(["replay", join(folder, "b.yaml")]),
    ]);
    expect([replayed.stderr, fitted.stderr]).toEqual(["", ""]);
    expect(JSON.parse(replayed.stdout).rows).toBe(200);
    expect(lacking.stderr).toBe("rivulet: rivulet replay needs --data FILE; see rivulet replay --help\n");
  });

  test("learns in groups of training.batchSize", async () => {
    const cwd = folderWith({
      "c.yaml": "target: { column: label, classes: 3 }\nmodel: {}\ntraining: { batchSize: 8 }\n",
      "d.csv": saddle(83),
    });
    expect((await replay(["c.yaml", "--data", "d.csv"], cwd)).updates).toBe(10);
  });

  test("reads a pipe, when one pass is enough", async () => {
    const cwd = folderWith({
      "c.yaml": "source: { fields: [x, y, label] }\ntarget: { column: label, classes: 3 }\n",
    });
    writeFileSync(join(cwd, "d.csv"), saddle(200));
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const writer = spawn("sh", ["-c", "cat d.csv > pipe"], { cwd });
    const { stdout, stderr } = await rivulet(["replay", "c.yaml", "--data", "pipe", "--json"], { cwd });
    writer.kill();
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).rows).toBe(200);
  });
});

describe.concurrent("--save of replay", () => {
  test("writes a checkpoint that inspect reads, with the same scores", async () => {
    const cwd = folderWith({ "d.csv": saddle(700) });
    const result = await replay(["--data", "d.csv", "--save", "learned.msgpack"], cwd);
    const { code, stdout } = await rivulet(["inspect", "learned.msgpack", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: "learned.msgpack",
      bytes: readFileSync(join(cwd, "learned.msgpack")).length,
      samplesSeen: 700,
      step: 700,
      target: { column: "label", classes: 3 },
      metrics: result.metrics,
    });
  });

  test("is refused before anything is learned, where there is no such folder", async () => {
    const cwd = folderWith({ "d.csv": "x,label\n1,0\nnot read,1\n" });
    const { code, stderr } = await rivulet(["replay", "--data", "d.csv", "--save", "no/x.msgpack"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "rivulet: cannot save the checkpoint no/x.msgpack: the folder does not exist; create it, or mount its disk\n",
    );
  });

  test("takes the place of what a kill in mid-save has left", async () => {
    const cwd = folderWith({
      "d.csv": saddle(20),
      "x.msgpack": "old",
      ".x.msgpack.rivulet-partial": "half of a checkpoint",
    });
    await replay(["--data", "d.csv", "--save", "x.msgpack"], cwd);
    expect(readdirSync(cwd).sort()).toEqual(["d.csv", "x.msgpack"]);
    expect((await rivulet(["inspect", "x.msgpack"], { cwd })).code).toBe(0);
  });

  test("leaves alone a file of the user's with a temporary name", async () => {
    const cwd = folderWith({ "d.csv": saddle(20), "x.msgpack.tmp": "mine" });
    await replay(["--data", "d.csv", "--save", "x.msgpack"], cwd);
    expect(readFileSync(join(cwd, "x.msgpack.tmp"), "utf8")).toBe("mine");
  });

  test("leaves the file that was there when the rows turn out to be bad", async () => {
    const cwd = folderWith({ "d.csv": "x,label\n1,0\n2,1.5\n", "x.msgpack": "precious" });
    const { code } = await rivulet(["replay", "--data", "d.csv", "--save", "x.msgpack"], { cwd });
    expect(code).toBe(1);
    expect(readFileSync(join(cwd, "x.msgpack"), "utf8")).toBe("precious");
    expect(readdirSync(cwd).sort()).toEqual(["d.csv", "x.msgpack"]);
  });
});
