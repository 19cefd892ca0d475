import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createNetwork, dense, mse, saveNetwork, sgd } from "../../src/index.ts";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle } from "./data.ts";

/** A folder with checkpoints of 20, 40, 60 ... samples, as a daemon would have left them. */
async function checkpoints(count: number): Promise<string> {
  const cwd = folderWith({ "d.csv": "", "c.yaml": "target: { column: label, classes: 3 }\nmodel: {}\n" });
  for (let i = 1; i <= count; i++) {
    writeFileSync(join(cwd, "d.csv"), saddle(20 * i));
    const { code } = await rivulet(["replay", "c.yaml", "--data", "d.csv", "--save", nameOf(i)], { cwd });
    expect(code).toBe(0);
  }
  return cwd;
}

const nameOf = (sequence: number) => `checkpoint-0000000${sequence}.msgpack`;

async function inspect(cwd: string, path: string) {
  const { code, stdout } = await rivulet(["inspect", path, "--json"], { cwd });
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe.concurrent("inspect", () => {
  test("says what a checkpoint holds", async () => {
    const cwd = await checkpoints(1);
    const { code, stdout, stderr } = await rivulet(["inspect", nameOf(1)], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    for (const text of [
      `${nameOf(1)}, `,
      "from 20 samples in 20 updates",
      "x, y, label",
      "label, one of 3 classes",
      "standardize",
      "softmaxCrossEntropy",
      "accuracy",
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).toMatch(/^0\.weight +16 x 2 +128 /m);
    const document = await inspect(cwd, nameOf(1));
    expect(document).toMatchObject({
      file: nameOf(1),
      bytes: readFileSync(join(cwd, nameOf(1))).length,
      refused: [],
      samplesSeen: 20,
      step: 20,
      features: { fields: ["x", "y", "label"] },
      target: { column: "label", classes: 3 },
      training: { batchSize: 1, seed: 1 },
      metrics: { samples: 19 },
    });
    expect(document.parameters.map(({ name }: { name: string }) => name)).toEqual([
      "0.weight",
      "0.bias",
      "2.weight",
      "2.bias",
    ]);
  });

  test("takes the newest checkpoint of a folder", async () => {
    const cwd = await checkpoints(2);
    const { file, samplesSeen, refused } = await inspect(cwd, ".");
    expect([file, samplesSeen, refused]).toEqual([nameOf(2), 40, []]);
  });

  test("passes over a damaged newest one, and says so", async () => {
    const cwd = await checkpoints(2);
    truncateSync(join(cwd, nameOf(2)), 300);
    const { file, samplesSeen, refused } = await inspect(cwd, ".");
    expect([file, samplesSeen]).toEqual([nameOf(1), 20]);
    expect(refused).toEqual([expect.stringContaining(nameOf(2))]);
    const { stdout } = await rivulet(["inspect", "."], { cwd });
    expect(stdout).toMatch(new RegExp(`^passed over: ${nameOf(2)} .*\n`));
    expect(readFileSync(join(cwd, nameOf(2)))).toHaveLength(300);
  });

  test("says what the checkpoint of an ensemble holds", async () => {
    const cwd = folderWith({ "d.csv": saddle(80) });
    await rivulet(["replay", "--data", "d.csv", "--save", "e.msgpack"], { cwd });
    const { stdout } = await rivulet(["inspect", "e.msgpack"], { cwd });
    expect(stdout).toMatch(/^learner +the ensemble, effort high, intervals for 90 %$/m);
    expect(stdout).toMatch(/^experts +[a-z-]+: weight /m);
    expect(await inspect(cwd, "e.msgpack")).toMatchObject({
      samplesSeen: 80,
      model: { ensemble: { effort: "high", without: [], coverage: 0.9 } },
      parameters: [],
      metrics: { samples: 79, skill: expect.any(Number) },
    });
  });

  test("reads a network that the library saved, which has no scores", async () => {
    const cwd = folderWith();
    const network = createNetwork(
      { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd() },
      { batchSize: 1 },
    );
    saveNetwork(network, join(cwd, "network.msgpack"));
    expect(await inspect(cwd, "network.msgpack")).toMatchObject({
      target: null,
      features: null,
      metrics: null,
    });
    const { code, stdout } = await rivulet(["inspect", "network.msgpack"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^learned +in 0 updates$/m);
  });
});

describe.concurrent("inspect refuses in one sentence", () => {
  test.each([
    ["a file cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ["an empty file", () => Buffer.alloc(0)],
    ["a bit that fell over", (bytes: Buffer) => Buffer.from(bytes).fill(bytes[700] ^ 4, 700, 701)],
    ["bytes after the end", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from("!")])],
    ["a file of zeros", (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ["another kind of file", () => Buffer.from("target: { column: label }\n")],
  ])("%s", async (_, damage) => {
    const cwd = await checkpoints(1);
    const path = join(cwd, nameOf(1));
    const damaged = damage(readFileSync(path));
    writeFileSync(path, damaged);
    const { code, stdout, stderr } = await rivulet(["inspect", nameOf(1)], { cwd });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(new RegExp(`^rivulet: ${nameOf(1)} [^\n]+\n$`));
    expect(stderr).not.toContain("fault in Rivulet");
    expect(readFileSync(path).equals(damaged)).toBe(true);
  });

  test("a folder without a valid checkpoint, naming those that are not", async () => {
    const cwd = folderWith({ [nameOf(1)]: "nothing" });
    const { code, stderr } = await rivulet(["inspect", "."], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^rivulet: there is no valid checkpoint in \\. \\(${nameOf(1)} .*\\); name a file or another folder\n$`,
      ),
    );
  });

  test("a path where nothing is", async () => {
    expect(await rivulet(["inspect", "nowhere.msgpack"])).toMatchObject({
      code: 1,
      stderr: "rivulet: cannot read nowhere.msgpack: there is no such file\n",
    });
  });
});
