import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

const optimizer = (name: string, rate: number) => `optimizer: { ${name}: { learningRate: ${rate} } }`;
const classes = (model: string) => `target: { column: label, classes: 3 }\nmodel: { ${model} }\n`;
const search = ["fit", "c.yaml", "--data", "d.csv", "--find-learning-rate"];

async function succeed(cwd: string, words: string[]) {
  const { code, stdout, stderr } = await rivulet([...words, "--json"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

describe.concurrent("fit --find-learning-rate", () => {
  test.each([
    ["sgd", "mini-batch", 5],
    ["adam", "mini-batch", 5],
    ["sgd", "stochastic", 5],
    ["momentum", "batch", 60],
  ])("suggests a rate that learns, and sees where none does: %s, %s", async (name, regime, epochs) => {
    const cwd = folderWith({ "c.yaml": classes(optimizer(name, 0.001)), "d.csv": saddle(1000) });
    const found = await succeed(cwd, [...search, "--regime", regime]);
    expect(found.suggested).toBeLessThanOrEqual(found.diverging / 3);
    expect(found.suggested).toBeLessThanOrEqual(found.steepest);

    const trained = async (rate: number) => {
      const folder = folderWith({ "c.yaml": classes(optimizer(name, rate)), "d.csv": saddle(1000) });
      const words = ["fit", "c.yaml", "--data", "d.csv", "--regime", regime, "--epochs", String(epochs)];
      return succeed(folder, words);
    };
    const [suggested, beyond] = await Promise.all([trained(found.suggested), trained(10 * found.diverging)]);
    expect(suggested.loss.at(-1)).toBeLessThan(suggested.loss[0] / 1.5);
    expect(suggested.loss.at(-1)).toBeLessThan(0.4);
    // What guessing at random costs.
    expect(beyond.loss.at(-1)).toBeGreaterThan(Math.log(3));
  });

  test("gives the curve up to where the loss left, the same for the same seed", async () => {
    const config = "target: { column: target }\nmodel: { optimizer: sgd }\n";
    const cwd = folderWith({ "c.yaml": config, "d.csv": wave(500) });
    const [found, again] = await Promise.all([succeed(cwd, search), succeed(cwd, search)]);
    const { rates, losses, diverging, updates } = found;
    expect(again).toEqual(found);
    expect(losses).toHaveLength(rates.length);
    expect(rates[0]).toBe(1e-7);
    expect(rates[50] / rates[0]).toBeCloseTo(10, 0);
    // The last update may be one that was not finite, and left out.
    expect(updates - rates.length).toBeLessThanOrEqual(1);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(rates.at(-1)).toBeGreaterThanOrEqual(diverging);
    expect(rates.at(-1)).toBeLessThan(10);
  });

  test("does not look at the schedule or the rate of the config", async () => {
    const plain = folderWith({ "c.yaml": classes("optimizer: adam"), "d.csv": saddle(300) });
    const model = `${optimizer("adam", 5)}, schedule: { cosine: { warmUp: 9 } }`;
    const scheduled = folderWith({ "c.yaml": classes(model), "d.csv": saddle(300) });
    const [one, other] = await Promise.all([succeed(plain, search), succeed(scheduled, search)]);
    expect(other).toEqual(one);
  });

  test("goes over few rows as often as it needs", async () => {
    const cwd = folderWith({ "c.yaml": classes("optimizer: adam"), "d.csv": saddle(20) });
    const { updates } = await succeed(cwd, [...search, "--batch-size", "64"]);
    expect(updates).toBeGreaterThan(200);
  });

  test("draws the curve and says what it suggests in words", async () => {
    const cwd = folderWith({ "c.yaml": classes("optimizer: adam"), "d.csv": saddle(500) });
    const { code, stdout, stderr } = await rivulet(search, { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/[⠁-⣿]{10}/);
    expect(stdout).toMatch(/steepest 0\.\d+/);
    expect(stdout).toMatch(/diverging \d/);
    expect(stdout).toMatch(/^suggested +0\.\d+: /m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThan(100);
  });

  test("draws the curve as SVG with --svg", async () => {
    const cwd = folderWith({ "c.yaml": classes("optimizer: adam"), "d.csv": saddle(300) });
    await succeed(cwd, [...search, "--svg", "rates.svg"]);
    const svg = readFileSync(join(cwd, "rates.svg"), "utf8");
    expect(svg).toMatch(/^<svg /);
    for (const text of ["smoothed loss", "learning rate", "steepest ", "diverging "]) {
      expect(svg).toContain(text);
    }
    const { code, stderr } = await rivulet([...search, "--svg", "no/where.svg"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain("cannot write the drawing no/where.svg: the folder does not exist");
  });

  test.each([
    [["--find-learning-rate", "--save", "f.msgpack"], "discards its weights"],
    [["--find-learning-rate", "--epochs", "3"], "leave --epochs out"],
    [["--svg", "f.svg"], "--svg draws the curve of --find-learning-rate"],
  ])("refuses %j", async (words, sentence) => {
    const cwd = folderWith({ "c.yaml": classes("optimizer: adam"), "d.csv": saddle(50) });
    const { code, stderr } = await rivulet(["fit", "c.yaml", "--data", "d.csv", ...words], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
    expect(existsSync(join(cwd, "f.msgpack"))).toBe(false);
  });
});
