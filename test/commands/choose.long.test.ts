import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

async function choose(cwd: string, ...words: string[]) {
  const { code, stdout, stderr } = await rivulet(["fit", ...words, "--json"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** The file with the label of its last rows replaced. */
const withLastLabels = (csv: string, rows: number, label: number) => {
  const lines = csv.trimEnd().split("\n");
  return `${lines.map((line, at) => (at < lines.length - rows ? line : line.replace(/\d+$/, `${label}`))).join("\n")}\n`;
};

const config = `
source:
  file: later.csv
  fields: [x, y, label]
target: { column: label, classes: 3 }
checkpoint: { directory: kept }
`;

describe("fit without a model", () => {
  test("chooses a network that bends, by rows that are not held out", async () => {
    const csv = saddle(400);
    const cwd = folderWith({ "d.csv": csv, "e.csv": withLastLabels(csv, 80, 0) });
    const report = await choose(cwd, "--data", "d.csv", "--held-out-last", "--minutes", "30");
    expect(report).toMatchObject({ rows: 400, trainingRows: 272, validationRows: 48, heldOutRows: 80 });
    expect(report.heldOut.accuracy).toBeGreaterThan(0.85);
    expect(report.chosen.name).not.toBe("linear");
    expect(report.tried.length).toBe(16);
    const other = await choose(cwd, "--data", "e.csv", "--held-out-last", "--minutes", "30");
    expect([other.chosen, other.tried, other.rounds]).toEqual([report.chosen, report.tried, report.rounds]);
    expect(other.heldOut.accuracy).toBeLessThan(0.7);
  });

  test("chooses for a number, and says what was chosen on what", async () => {
    const cwd = folderWith({ "d.csv": wave(500) });
    const { code, stdout } = await rivulet(["fit", "--data", "d.csv", "--minutes", "0.2"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^data +d\.csv, 340 rows to train on, 60 to choose by, 100 held out \(seed 1\)$/m);
    expect(stdout).toMatch(
      /^chosen .*: the best of 16 by mean absolute error in deviations of the 60 rows$/m,
    );
    expect(Number(/^held out: R2 +(\S+)$/m.exec(stdout)?.[1])).toBeGreaterThan(0.95);
    expect(stdout).toMatch(/^judged +once/m);
    expect(stdout).not.toContain("beware");
  });

  test("says how many networks the time did not reach, and does not count them among those it compared", async () => {
    const cwd = folderWith({ "d.csv": wave(500) });
    const { code, stdout } = await rivulet(["fit", "--data", "d.csv", "--minutes", "0.00001"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^chosen +linear,.*: the best of 1 by/m);
    expect(stdout).toMatch(/^not tried +15 networks: the time was over/m);
    expect(stdout).not.toContain("Infinity");
  });

  test("warns where rows that resemble their neighbours flatter those held out, in the report too", async () => {
    const slow = Array.from(
      { length: 300 },
      (_, i) => `${Math.sin(i / 40)},${i % 7},${20 + 3 * Math.sin(i / 30)}`,
    );
    const cwd = folderWith({ "d.csv": `a,b,target\n${slow.join("\n")}\n` });
    const words = ["fit", "--data", "d.csv", "--minutes", "0.05", "--report", "r.html"];
    const { code, stdout } = await rivulet(words, { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^beware +the target changes little from row to row/m);
    expect(readFileSync(join(cwd, "r.html"), "utf8")).toContain("the target changes little from row to row");
  });

  test("saves into the daemon's folder a learner that run and replay continue", async () => {
    const later = saddle(300, 2);
    const cwd = folderWith({ "c.yaml": config, "d.csv": saddle(600), "later.csv": later });
    const report = await choose(cwd, "c.yaml", "--data", "d.csv", "--minutes", "0.2", "--save", "kept/");
    const replayed = await rivulet(
      ["replay", "c.yaml", "--data", "later.csv", "--from", "kept", "--save", "replayed.msgpack", "--json"],
      { cwd },
    );
    expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
    const { metrics } = JSON.parse(replayed.stdout);
    const run = await rivulet(["run", "c.yaml"], { cwd });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain("with the network that rivulet fit chose");
    const inspected = await rivulet(["inspect", "kept", "--json"], { cwd });
    const found = JSON.parse(inspected.stdout);
    // 480 rows of the fit, then 300 of the stream.
    expect(found.samplesSeen).toBe(780);
    expect(found.model.ensemble.layers).toEqual(report.chosen.layers);
    expect(found.metrics).toEqual(metrics);
  });

  test.each([
    [["fit", "m.yaml", "--data", "d.csv", "--minutes", "1"], "m.yaml names a model"],
    [
      ["fit", "c.yaml", "--data", "d.csv", "--minutes", "1", "--epochs", "3"],
      "but --epochs describes one; leave one out",
    ],
    [["fit", "--data", "d.csv", "--minutes", "0"], "--minutes must be a number above 0"],
    [["fit", "--minutes", "1"], "rivulet fit needs --data FILE"],
  ])("%j is wrong use: %s", async (words, sentence) => {
    const cwd = folderWith({ "c.yaml": config, "m.yaml": `${config}model: {}\n`, "d.csv": saddle(60) });
    const { code, stderr } = await rivulet(words, { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  test("refuses so few rows that nothing can be chosen by", async () => {
    const { code, stderr } = await rivulet(["fit", "--data", "d.csv"], {
      cwd: folderWith({ "d.csv": saddle(5) }),
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("too few to choose a network by")]);
  });
});

describe("fit of one network", () => {
  test("saves into the daemon's folder what run continues with the same config", async () => {
    const cwd = folderWith({
      "c.yaml": `${config}model: { layers: [{ dense: 8 }, tanh] }\n`,
      "d.csv": saddle(200),
      "later.csv": saddle(50, 2),
    });
    await choose(cwd, "c.yaml", "--data", "d.csv", "--epochs", "2", "--save", "kept/");
    const run = await rivulet(["run", "c.yaml"], { cwd });
    expect(run.code, run.stderr).toBe(0);
    const { samplesSeen, step } = JSON.parse((await rivulet(["inspect", "kept", "--json"], { cwd })).stdout);
    // Two epochs of five updates of 32 rows, then one with each sample.
    expect([samplesSeen, step]).toEqual([50, 60]);
  });
});
