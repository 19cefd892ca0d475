import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { ColumnStatistic } from "../../src/features/column-statistic.ts";
import { gaussian } from "../learner/made-streams.ts";

function learnAll(statistic: ColumnStatistic, numbers: number[]): boolean[] {
  return numbers.map((number) => {
    statistic.learn(Float64Array.of(number), 0);
    return statistic.isUsed(0);
  });
}

const noise = (count: number, seed = 1) => {
  const { uniform } = createRandom(seed);
  return Array.from({ length: count }, () => 50 + 2 * gaussian(uniform));
};

describe("a column statistic", () => {
  test("has mean and population variance of all numbers where none is out of place", () => {
    for (const count of [1, 2, 31, 32, 33, 500]) {
      const numbers = noise(count);
      const statistic = new ColumnStatistic({ columns: 1 });
      expect(learnAll(statistic, numbers)).not.toContain(false);
      const mean = numbers.reduce((sum, number) => sum + number, 0) / count;
      const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / count;
      expect(statistic.means[0]).toBeCloseTo(mean, 10);
      expect(statistic.variances[0]).toBeCloseTo(variance, 9);
    }
  });

  test.each([3, 10, 31, 32, 33, 40, 200])("leaves out a glitch in place %i", (place) => {
    const numbers = noise(300);
    const spoiled = numbers.slice();
    spoiled[place] = place % 2 ? 1e30 : -65535;
    const clean = new ColumnStatistic({ columns: 1 });
    const statistic = new ColumnStatistic({ columns: 1 });
    learnAll(clean, numbers);
    const used = learnAll(statistic, spoiled);
    expect(used.filter((each) => !each).length).toBe(1);
    expect(used[place]).toBe(false);
    expect(statistic.glitches(0)).toBe(1);
    expect(Math.abs(statistic.means[0] - clean.means[0])).toBeLessThan(0.02);
    expect(statistic.variances[0] / clean.variances[0]).toBeGreaterThan(0.95);
    expect(statistic.variances[0] / clean.variances[0]).toBeLessThan(1.05);
  });

  test.each([0, 1])("forgets an impossible number in place %i once others show what it is", (place) => {
    const numbers = noise(40);
    numbers[place] = 1e30;
    const statistic = new ColumnStatistic({ columns: 1 });
    learnAll(statistic, numbers);
    expect(Math.abs(statistic.means[0] - 50)).toBeLessThan(2);
    expect(Math.sqrt(statistic.variances[0])).toBeLessThan(4);
  });

  test("starts again where sixteen glitches come one after the other", () => {
    const statistic = new ColumnStatistic({ columns: 1 });
    learnAll(statistic, noise(100));
    const used = learnAll(
      statistic,
      noise(40, 2).map((number) => number + 1e6),
    );
    expect(used.indexOf(true)).toBe(15);
    expect(statistic.means[0]).toBeCloseTo(1e6 + 50, -1);
  });

  test("follows a column that was constant and starts to vary", () => {
    const statistic = new ColumnStatistic({ columns: 1 });
    const used = learnAll(statistic, [...Array<number>(500).fill(3), 4, 3, 5, 4]);
    expect(used).not.toContain(false);
    const out = new Float32Array(1);
    statistic.standardize(Float64Array.of(4), 0, out, 0, 4);
    expect(out[0]).toBeGreaterThan(1);
  });

  test("winsorizes a rare flag instead of leaving it out", () => {
    const statistic = new ColumnStatistic({ columns: 1 });
    const used = learnAll(
      statistic,
      Array.from({ length: 2000 }, (_, row) => (row % 400 === 399 ? 1 : 0)),
    );
    expect(used).not.toContain(false);
    expect(statistic.variances[0]).toBeGreaterThan(0);
  });

  test("forgets as fast as its floor says", () => {
    const forgetting = new ColumnStatistic({ columns: 1, floor: 0.01 });
    learnAll(forgetting, [...noise(500), ...noise(500, 2).map((number) => number + 30)]);
    expect(forgetting.means[0]).toBeGreaterThan(78);
    const lasting = new ColumnStatistic({ columns: 1 });
    learnAll(lasting, [...noise(500), ...noise(500, 2).map((number) => number + 30)]);
    expect(lasting.means[0]).toBeLessThan(70);
  });

  test("writes 0 for a glitch and for a column that has not varied, and holds the others within the bound", () => {
    const statistic = new ColumnStatistic({ columns: 2 });
    const { uniform } = createRandom(4);
    for (let row = 0; row < 100; row++) statistic.learn(Float64Array.of(gaussian(uniform), 7), 0);
    const out = new Float32Array(2);
    statistic.learn(Float64Array.of(10, 7), 0);
    statistic.standardize(Float64Array.of(10, 7), 0, out, 0, 4);
    expect([...out]).toEqual([4, 0]);
    statistic.learn(Float64Array.of(1e9, 7), 0);
    statistic.standardize(Float64Array.of(1e9, 7), 0, out, 0, 4);
    expect([...out]).toEqual([0, 0]);
  });
});
