import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

const config = `
source:
  file: d.csv
  fields: [x, y, label]
target: { column: label, classes: 3 }
`;

async function succeed(cwd: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rivulet(words, { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

const rowsOf = (csv: string) =>
  csv
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));

describe("a learner that was saved", () => {
  let cwd = "";
  beforeAll(async () => {
    const later = saddle(200, 2);
    const withoutLabel = rowsOf(later).map(([x, y]) => `${x},${y}`);
    cwd = folderWith({
      "c.yaml": config,
      "d.csv": saddle(1500),
      "later.csv": later,
      "features.csv": `${withoutLabel.join("\n")}\n`,
      "w.csv": wave(300),
    });
    await succeed(cwd, "replay", "c.yaml", "--data", "d.csv", "--save", "l.msgpack");
  });

  test("predicts rows without their target, and is scored the same by evaluate", async () => {
    const before = readFileSync(join(cwd, "l.msgpack"));
    const [header, ...answers] = rowsOf(await succeed(cwd, "predict", "l.msgpack", "--data", "features.csv"));
    expect(header).toEqual(["row", "prediction", "probability0", "probability1", "probability2"]);
    const [, ...rows] = rowsOf(readFileSync(join(cwd, "later.csv"), "utf8"));
    const right = rows.filter((row, index) => row[2] === answers[index][1]).length;
    const scored = JSON.parse(await succeed(cwd, "evaluate", "l.msgpack", "--data", "later.csv", "--json"));
    expect(scored).toMatchObject({ rows: 200, rejected: 0, task: "classification" });
    expect(scored.metrics.accuracy).toBeCloseTo(right / 200, 10);
    expect(scored.metrics.accuracy).toBeGreaterThan(0.85);
    expect(answers.map(([row]) => Number(row))).toEqual(rows.map((_, index) => index + 1));
    expect(readFileSync(join(cwd, "l.msgpack"))).toEqual(before);
  });

  test("writes an interval with each number, to the file that is named", async () => {
    await succeed(cwd, "replay", "--data", "w.csv", "--save", "w.msgpack");
    const said = await succeed(cwd, "predict", "w.msgpack", "--data", "w.csv", "--out", "p.csv");
    expect(said).toContain("300 rows answered by w.msgpack, written to p.csv");
    const [header, ...answers] = rowsOf(readFileSync(join(cwd, "p.csv"), "utf8"));
    expect(header).toEqual(["row", "prediction", "lower", "upper"]);
    for (const [, answer, lower, upper] of answers.map((row) => row.map(Number))) {
      expect(lower).toBeLessThan(answer);
      expect(upper).toBeGreaterThan(answer);
    }
  });

  test("refuses rows that lack a column it knows", async () => {
    writeFileSync(join(cwd, "x.csv"), "x,label\n1,0\n");
    const { code, stderr } = await rivulet(["predict", "l.msgpack", "--data", "x.csv"], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("x.csv has no column y, which the learner knows"),
    ]);
  });
});

describe("a recording", () => {
  test("is trained on like the CSV that convert makes of it, and compared", async () => {
    const cwd = folderWith({ "c.yaml": config, "d.csv": saddle(300) });
    await succeed(cwd, "record", "c.yaml", "--out", "x.rec");
    expect(await succeed(cwd, "convert", "x.rec", "--to", "csv", "--out", "x.csv")).toContain("300 rows");
    expect(await succeed(cwd, "convert", "x.rec")).toBe(readFileSync(join(cwd, "x.csv"), "utf8"));
    const fitted = await Promise.all(
      ["x.rec", "x.csv"].map(async (data) => {
        const words = ["fit", "c.yaml", "--data", data, "--epochs", "2", "--json"];
        const { loss, heldOut } = JSON.parse(await succeed(cwd, ...words));
        return { loss, heldOut };
      }),
    );
    expect(fitted[0]).toEqual(fitted[1]);
    expect(await succeed(cwd, "compare", "c.yaml", "--data", "x.rec", "--epochs", "1")).toContain("300 rows");
  });
});

test.each([
  ["the ensemble", ""],
  ["a single network", "model: { layers: [{ dense: 8 }, relu, dense] }\ntraining: { batchSize: 8 }\n"],
])(
  "%s tells a class by a value that is missing, through fit, predict, evaluate and replay",
  async (_, model) => {
    // The mean, which stands for the missing value, is a value of the other class too.
    const rows = Array.from(
      { length: 600 },
      (_, i) => `${i % 3 === 1 ? "NA" : (i % 7) - 3},${i % 5},${i % 3 === 1 ? "off" : "on"}`,
    );
    const cwd = folderWith({
      "c.yaml": `source:
  fields: [x, y, state]
  values: { missing: absent, indicator: true }
target: { column: state, classes: [on, off] }
checkpoint: { directory: ./kept }
${model}`,
      "d.csv": `x,y,state\n${rows.join("\n")}\n`,
    });
    const planned = JSON.parse(await succeed(cwd, "plan", "c.yaml", "--json"));
    expect(JSON.stringify(planned)).toContain("x_missing");
    const words = model === "" ? [] : ["--regime", "mini-batch", "--epochs", "20"];
    const fitted = await succeed(
      cwd,
      "fit",
      "c.yaml",
      "--data",
      "d.csv",
      ...words,
      "--save",
      "l.msgpack",
      "--json",
    );
    expect(JSON.parse(fitted).rejected).toBe(0);
    const scored = JSON.parse(await succeed(cwd, "evaluate", "l.msgpack", "--data", "d.csv", "--json"));
    expect(scored).toMatchObject({ rows: 600, rejected: 0 });
    expect(scored.metrics.accuracy).toBe(1);
    const [, ...answers] = rowsOf(await succeed(cwd, "predict", "l.msgpack", "--data", "d.csv"));
    expect(answers.filter((row, i) => row[1] !== (i % 3 === 1 ? "off" : "on"))).toEqual([]);
    const replayed = JSON.parse(await succeed(cwd, "replay", "c.yaml", "--data", "d.csv", "--json"));
    expect(replayed.rejected).toBe(0);
    expect(replayed.metrics.slidingAccuracy).toBeGreaterThan(0.97);
  },
);

test("classes keep their names from the stream to the recording, and through all that reads it", async () => {
  const lines = saddle(600).split("\n").slice(1, -1);
  const words = lines.map((line) => line.replace(/\d$/, (label) => ["run", "idle", "fault"][Number(label)]));
  const cwd = folderWith({
    "c.yaml": `source: { stdin: true, framing: lines, fields: [x, y, state] }
target: { column: state, classes: { max: 4 } }
`,
    "other.yaml": "target: { column: state, classes: [fault, idle, run] }\n",
  });
  const run = startRivulet(["record", "c.yaml", "--out", "d.rec"], { cwd, stdin: "pipe" });
  run.process.stdin?.end(`${words.join("\n")}\n`);
  expect((await run.ended).code).toBe(0);
  const converted = await succeed(cwd, "convert", "d.rec");
  expect(
    rowsOf(converted)
      .slice(1)
      .map((row) => row[2]),
  ).toEqual(words.map((line) => line.split(",")[2]));
  // Without a config, and with one that has the classes in another order.
  const shown = await succeed(cwd, "replay", "--data", "d.rec", "--target", "state");
  expect(shown).toMatch(/true class, answers +(run|idle|fault): \d+ \d+ \d+\n/);
  await succeed(cwd, "replay", "other.yaml", "--data", "d.rec", "--save", "l.msgpack");
  const scored = JSON.parse(await succeed(cwd, "evaluate", "l.msgpack", "--data", "d.rec", "--json"));
  expect(scored.metrics.accuracy).toBeGreaterThan(0.8);
  expect(await succeed(cwd, "evaluate", "l.msgpack", "--data", "d.rec")).toMatch(
    /true class, answers +fault: /,
  );
  writeFileSync(join(cwd, "d.csv"), converted);
  const [header, ...answers] = rowsOf(await succeed(cwd, "predict", "l.msgpack", "--data", "d.csv"));
  expect(header.slice(1)).toEqual(["prediction", "probability_fault", "probability_idle", "probability_run"]);
  const right = answers.filter((row, index) => row[1] === words[index].split(",")[2]).length;
  expect(right / 600).toBeCloseTo(scored.metrics.accuracy, 10);
});
