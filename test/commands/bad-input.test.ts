/** What a user gets wrong: exit code 1, of a config 2, one sentence that says where and what to do, and nothing is changed. */
import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";

const config = `source:
  fields: [x, y, label]
target: { column: label, classes: 2 }
model:
  layers:
    - dense: 8
    - tanh
  optimizer: { adam: { learningRate: 0.01 } }
checkpoint: { directory: saved, every: 30s }
`;
const rows = "x,y,label\n1,2,0\n3,4,1\n5,6,1\n";

/** What is said of the command, having made sure that nothing else has happened. */
async function complaint(cwd: string, words: string[], exitCode = 1): Promise<string> {
  const before = readdirSync(cwd).map((name) => [name, readFileSync(join(cwd, name), "latin1")]);
  const { code, stdout, stderr } = await rivulet(words, { cwd });
  expect([code, stdout]).toEqual([exitCode, ""]);
  expect(readdirSync(cwd).map((name) => [name, readFileSync(join(cwd, name), "latin1")])).toEqual(before);
  expect(stderr).toMatch(/^rivulet: [^\n]+\n$/);
  return stderr.slice("rivulet: ".length, -1);
}

describe.concurrent("a config with", () => {
  test.each([
    [
      "a misspelt key",
      "classes: 2",
      "clases: 2",
      'c.yaml:3: target: unknown key "clases"; did you mean "classes"?',
    ],
    [
      "an unknown key",
      "source:",
      "telemetry: { host: here }\nsource:",
      'c.yaml:1: unknown key "telemetry"; known are name, ',
    ],
    ["no target", /target: .*\n/, "", 'c.yaml:1: the key "target" is missing; add what to predict'],
    [
      "a target that is no column",
      "column: label",
      "column: lable",
      'c.yaml:3: target.column: "lable" is not a column',
    ],
    [
      "a text for a number",
      "classes: 2",
      "classes: two",
      "c.yaml:3: target.classes must be a whole number from 2",
    ],
    [
      "a number for a text",
      "column: label",
      "column: 7",
      "c.yaml:3: target.column must be a column's name, found the number 7",
    ],
    [
      "more classes than fit",
      "classes: 2",
      "classes: 5000",
      "c.yaml:3: target.classes must be a whole number from 2 to 2048, found the number 5000",
    ],
    [
      "a map for a list",
      "fields: [x, y, label]",
      "fields: { x: 1 }",
      "c.yaml:2: source.fields must be a list of columns, found a map",
    ],
    [
      "a duration without its unit",
      "every: 30s",
      "every: 30",
      "c.yaml:9: checkpoint.every must be a duration with its unit such as 30s or 10min, up to 24d, found the number 30",
    ],
    [
      "an unknown layer",
      "- tanh",
      "- tan",
      'c.yaml:7: model.layers[1] names an unknown layer "tan"; did you mean "tanh"?',
    ],
    [
      "an unknown option of a layer",
      "dense: 8",
      "dense: { output: 8 }",
      'c.yaml:6: model.layers[0].dense.output is unknown; did you mean "outputs"?',
    ],
    [
      "a layer of no width",
      "dense: 8",
      "dense: 0",
      "c.yaml:6: model.layers[0].dense.outputs must be a whole number of 1 or more, not 0",
    ],
    [
      "an unknown optimizer",
      "adam:",
      "adm:",
      'c.yaml:8: model.optimizer names an unknown optimizer "adm"; did you mean "adam"?',
    ],
    [
      "an unknown option of an optimizer",
      "learningRate:",
      "learningrate:",
      'c.yaml:8: model.optimizer.adam.learningrate is unknown; did you mean "learningRate"?',
    ],
    [
      "a loss for another task",
      "  layers:",
      "  loss: mse\n  layers:",
      "c.yaml:5: model.loss is mse but the target is classes; use softmaxCrossEntropy",
    ],
    [
      "a transform that is none",
      "checkpoint:",
      "features: [standardise]\ncheckpoint:",
      "c.yaml:9: features[0]",
    ],
    ["a text that is no YAML", "classes: 2 }", "classes: 2", "c.yaml:"],
    [
      "bytes of another encoding",
      "source:",
      "s\0o\0u\0r\0c\0e\0:\0",
      "c.yaml is not text in UTF-8; name a config in YAML, saved as UTF-8",
    ],
    [
      "a port without columns",
      "fields: [x, y, label]",
      "serial: { path: /dev/ttyACM0 }",
      'c.yaml:1: source: the key "fields" is missing',
    ],
  ] as const)("%s", async (_, search, replacement, sentence) => {
    const text = config.replace(search, replacement);
    expect(text).not.toBe(config);
    const cwd = folderWith({ "c.yaml": text, "d.csv": rows });
    expect(await complaint(cwd, ["fit", "c.yaml", "--data", "d.csv"], 2)).toContain(sentence);
  });

  test("several mistakes reports all of them, a line each", async () => {
    const cwd = folderWith({ "c.yaml": config.replace("classes: 2", "clases: 2").replace("30s", "soon") });
    const { code, stderr } = await rivulet(["plan", "c.yaml"], { cwd });
    expect(code).toBe(2);
    expect(stderr.split("\n").map((line) => line.slice(0, 19))).toEqual([
      "rivulet: c.yaml:3: ",
      "rivulet: c.yaml:9: ",
      "",
    ]);
  });

  test.each([
    ["nowhere.yaml", "cannot read the config nowhere.yaml: there is no such file"],
    ["/", "cannot read the config /: it is a folder, expected a regular file; name the file of a config"],
  ])("no file behind its name: %s", async (path, sentence) => {
    expect(await complaint(folderWith(), ["plan", path], 2)).toBe(sentence);
  });
});

describe.concurrent("rows with", () => {
  const mistakes = [
    [
      "a label out of range",
      "5,6,1",
      "5,6,2",
      "d.csv, line 4: the label is 2, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    ],
    [
      "a label out of range below an empty line",
      "5,6,1",
      "\n5,6,2",
      "d.csv, line 5: the label is 2, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    ],
    [
      "a label below 0",
      "5,6,1",
      "5,6,-1",
      "d.csv, line 4: the label is -1, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    ],
    [
      "a label between two",
      "5,6,1",
      "5,6,0.5",
      "d.csv, line 4: the label is 0.5, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    ],
    ["a column missing", "x,y,label", "x,z,label", 'd.csv has no column "y"; known are x, z, label'],
    [
      "nothing but words where numbers are wanted",
      /\n1.*/s,
      "\n1,warm,0\n2,cold,1\n",
      'd.csv, line 2: found a value that is not a number for y: "warm"; 2 of 2 lines cannot be read: correct them, or say with source.fields what a line holds',
    ],
    [
      "nothing below the header",
      /\n1.*/s,
      "\n",
      "d.csv has a header line but no rows; put at least one row of numbers below it",
    ],
    [
      "nothing at all",
      rows,
      "",
      "d.csv is empty, expected a header line with column names and rows of numbers",
    ],
  ] as const;

  for (const command of ["replay", "fit"]) {
    test.each(mistakes)(`%s are refused by ${command}`, async (_, search, replacement, sentence) => {
      const text = rows.replace(search, replacement);
      expect(text).not.toBe(rows);
      const cwd = folderWith({ "c.yaml": config, "d.csv": text });
      const words = [command, "c.yaml", "--data", "d.csv", "--save", "s.msgpack"];
      expect(await complaint(cwd, words)).toBe(sentence);
    });
  }

  test.each([
    [
      "x,y\n1,2\n",
      'd.csv ends in the column "y": say with --target which column to predict (one of x, y), name it label (a class) or target (a number), or give a CONFIG',
    ],
    [
      "label\n1\n",
      'found only the target "label" in a sample, expected features; name at least one other column',
    ],
    [
      "x,label\n1,0\n1,1.5\n",
      "d.csv: the label is 1.5, but classes are whole numbers; name the column target if it is a number to predict",
    ],
    ["x,label\n1,-1\n", "d.csv, line 2: the label is -1, but classes are whole numbers from 0 to 1"],
    [
      "id,label\n1,60000\n",
      "d.csv, line 2: the label is 60000, but classes are whole numbers from 0 to 2047",
    ],
  ])("no task to be found in them, without a config: %j", async (text, sentence) => {
    expect(await complaint(folderWith({ "d.csv": text }), ["replay", "--data", "d.csv"])).toContain(sentence);
  });
});

describe.concurrent("a line that cannot be used is left out, counted and described", () => {
  test.each([
    [
      "too many columns",
      "3,4,1,5",
      { damaged: 1, refused: ['line 3: another number of columns: "3,4,1,5"'] },
    ],
    [
      "a word in a cell",
      "3,warm,1",
      { damaged: 1, refused: ['line 3: a value that is not a number for y: "warm"'] },
    ],
    ["an empty cell", "3,,1", { damaged: 0, rejected: 1 }],
    ["a word for a missing value", "3,NA,1", { damaged: 0, rejected: 1 }],
  ])("of %s", async (_, line, counted) => {
    const cwd = folderWith({ "c.yaml": config, "d.csv": rows.replace("3,4,1", line) });
    const { code, stdout } = await rivulet(["replay", "c.yaml", "--data", "d.csv", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(counted);
  });
});

describe.concurrent("data that is", () => {
  const words = ["replay", "--data", "d.csv"];

  test("not there", async () => {
    expect(await complaint(folderWith(), words)).toBe("d.csv cannot be read: there is no such file");
  });

  test("a folder", async () => {
    expect(await complaint(folderWith(), ["replay", "--data", "."])).toBe(
      ". cannot be read: it is a folder; name a file in it",
    );
  });

  test("cut off in the middle of its gzip", async () => {
    const cwd = folderWith();
    writeFileSync(join(cwd, "d.csv"), gzipSync(rows).subarray(0, 30));
    expect(await complaint(cwd, words)).toMatch(/^d\.csv is a damaged gzip file/);
  });

  test.each([
    ["loop", "its symbolic links lead in a circle"],
    ["rows.csv/more", "a part of the path is not a folder"],
    ["x".repeat(300), "its name is too long"],
  ])("a path that leads nowhere: %s", async (path, reason) => {
    const cwd = folderWith({ "rows.csv": rows });
    symlinkSync("loop", join(cwd, "loop"));
    const words = path === "loop" ? ["--data", "rows.csv", "--save", path] : ["--data", path];
    const { code, stderr } = await rivulet(["replay", ...words], { cwd });
    expect([code, stderr]).toEqual([
      1,
      `rivulet: cannot use ${path.slice(0, 200)}${path.length > 200 ? "…" : ""}: ${reason}\n`,
    ]);
  });

  test("a pipe, where it has to be read twice", async () => {
    const cwd = folderWith();
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const { code, stderr } = await rivulet(["replay", "--data", "pipe"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "rivulet: pipe is a pipe, not a regular file, and its rows are read more than once; write them to a file and name that\n",
    );
  });

  test("not for this user to read", async () => {
    const cwd = folderWith({ "d.csv": rows });
    chmodSync(join(cwd, "d.csv"), 0);
    chmodSync(cwd, 0o755);
    // Root may do anything, so for root it is nobody who tries.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { code, stderr } = await rivulet(words, { cwd, ...user });
    expect([code, stderr]).toEqual([1, "rivulet: d.csv cannot be read: permission denied\n"]);
  });
});

test.concurrent("a network larger than memory can be is refused in a sentence", async () => {
  const layers = "layers: [{ dense: 2000000 }, relu, { dense: 200000 }, relu, dense]";
  const cwd = folderWith({ "c.yaml": config.replace(/layers:.*tanh/s, layers), "d.csv": rows });
  expect(await complaint(cwd, ["replay", "c.yaml", "--data", "d.csv"])).toMatch(
    /^cannot allocate \d+ contiguous bytes for the network .*; make the layers or the batch smaller, or /,
  );
});
