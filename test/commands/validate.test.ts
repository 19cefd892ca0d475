import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";

const config = `
source:
  serial: { path: /dev/no-such-port, baudRate: 9600 }
  framing: lines
  fields: [x, y, label]
target: { column: label, classes: 3 }
`;
const wrong: [string, string, string][] = [
  ["an unknown key", `${config}memry: { budget: 8MiB }\n`, 'unknown key "memry"'],
  ["a network that does not fit", `${config}model: { layers: [{ dense: 2 }] }\n`, "takes 3"],
  ["a budget that is too small", `${config}memory: { budget: 4KiB }\n`, "memory.budget is 4096"],
];

describe("validate", () => {
  test("says that a config is valid, and opens nothing", async () => {
    const cwd = folderWith({ "c.yaml": config });
    const { code, stdout } = await rivulet(["validate", "c.yaml"], { cwd });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^config +c\.yaml is valid$/m)]);
    expect(readdirSync(cwd)).toEqual(["c.yaml"]);
  });

  test.each(wrong)("refuses %s", async (_, text, sentence) => {
    const { code, stderr } = await rivulet(["validate", "c.yaml"], { cwd: folderWith({ "c.yaml": text }) });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe("a daemon that a service starts again after a failure", () => {
  test.each(wrong)("ends with 2, which says that it would not help, for %s", async (_, text, sentence) => {
    const { code, stderr } = await rivulet(["run", "c.yaml"], { cwd: folderWith({ "c.yaml": text }) });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  test("ends with 2 for a config that is not there, and for a checkpoint of another", async () => {
    const file = (model: string) =>
      `source: { file: d.csv, fields: [x, label] }\ntarget: { column: label, classes: 2 }\ncheckpoint: { directory: kept }\n${model}`;
    const cwd = folderWith({
      "c.yaml": file(""),
      "other.yaml": file("model: { layers: [{ dense: 3 }, tanh] }\n"),
      "d.csv": "x,label\n1,0\n2,1\n",
    });
    expect((await rivulet(["run", "none.yaml"], { cwd })).code).toBe(2);
    expect((await rivulet(["run", "c.yaml"], { cwd })).code).toBe(0);
    const { code, stderr } = await rivulet(["run", "other.yaml"], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining("different configuration")]);
  });

  test("ends with 1 where its port is not there: it may come", async () => {
    const { code } = await rivulet(["run", "c.yaml"], { cwd: folderWith({ "c.yaml": config }) });
    expect(code).toBe(1);
  });
});
