import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { AnomalyScore } from "../../src/learner/anomaly-score.ts";

/** Errors as a normally distributed remainder gives them. */
function errors(count: number, size = 1, seed = 1): number[] {
  const random = createRandom(seed);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  return Array.from({ length: count }, () => size * Math.abs(normal()));
}

function scoreAfter(before: readonly number[], error: number, least = 0): number {
  const score = new AnomalyScore();
  for (const each of before) score.observe(each, least);
  return score.observe(error, least);
}

describe("the score of an anomaly", () => {
  test("is the distance from the mean of the errors before, in their standard deviations", () => {
    const before = Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 1 : 3));
    expect(scoreAfter(before, 7)).toBeCloseTo(5, 10);
    expect(scoreAfter(before, 2)).toBeCloseTo(0, 10);
  });

  test("is 0 until 200 errors are known", () => {
    expect(scoreAfter(errors(199), 1000)).toBe(0);
    expect(scoreAfter(errors(200), 1000)).toBeGreaterThan(100);
  });

  test("does not depend on the unit", () => {
    expect(scoreAfter(errors(500, 1e-6), 5e-6)).toBeCloseTo(scoreAfter(errors(500), 5), 6);
  });

  test("reaches 8 at most three times in a hundred thousand normally distributed errors", () => {
    const score = new AnomalyScore();
    const high = errors(100_000).filter((error) => score.observe(error, 0) >= 8);
    expect(high.length).toBeLessThanOrEqual(3);
  });

  test("takes a deviation for at least so large, also where there is none", () => {
    expect(scoreAfter(Array(300).fill(0), 0.5)).toBe(0);
    expect(scoreAfter(Array(300).fill(0), 0.5, 0.1)).toBe(5);
  });

  test("stays high when anomalies repeat, and gets used to errors that stay", () => {
    const score = new AnomalyScore();
    for (const error of errors(2000)) score.observe(error, 0);
    const repeated = Array.from({ length: 5 }, () => score.observe(50, 0));
    expect(Math.min(...repeated)).toBeGreaterThan(20);
    for (const error of errors(5000, 50, 2)) score.observe(error, 0);
    expect(Math.abs(score.observe(50, 0))).toBeLessThan(2);
  });

  test("gets used to errors that stay however many others came before", () => {
    const score = new AnomalyScore();
    for (const error of errors(50_000)) score.observe(error, 0);
    for (const error of errors(5000, 50, 2)) score.observe(error, 0);
    expect(Math.abs(score.observe(50, 0))).toBeLessThan(2);
  });
});
