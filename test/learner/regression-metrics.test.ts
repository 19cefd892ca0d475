import { describe, expect, test } from "vitest";
import { RegressionMetrics } from "../../src/learner/regression-metrics.ts";

function scored(answers: [truth: number, predicted: number][]): RegressionMetrics {
  const metrics = new RegressionMetrics();
  for (const [truth, predicted] of answers)
    metrics.observe(Float64Array.of(truth), 0, Float64Array.of(predicted));
  return metrics;
}

describe("regression metrics", () => {
  test("are in the target's own units", () => {
    expect(
      scored([
        [10, 13],
        [20, 16],
      ]).report(),
    ).toMatchObject({ mae: 3.5, mse: 12.5, maxError: 4, r2: 1 - 25 / 50 });
  });

  test("hold the network against always answering the mean so far", () => {
    // Answers 0, 10, 15.
    expect(
      scored([
        [10, 0],
        [20, 0],
        [15, 0],
      ]).baselineMae,
    ).toBeCloseTo(20 / 3, 12);
  });

  test("give no R2 where the target has not varied", () => {
    expect(
      scored([
        [5, 1],
        [5, 2],
      ]).r2,
    ).toBe(0);
  });

  test("continue from their state", () => {
    const metrics = scored([
      [10, 13],
      [20, 16],
    ]);
    const copy = scored([]);
    copy.restore(structuredClone(metrics.state()));
    for (const each of [metrics, copy]) each.observe(Float64Array.of(1), 0, Float64Array.of(2));
    expect(copy.report()).toEqual(metrics.report());
  });

  test("refuse a state that does not fit, unchanged", () => {
    const metrics = scored([[10, 13]]);
    const before = structuredClone(metrics.state());
    const other = scored([[1, 1]]).state() as { [key: string]: Float64Array };
    expect(() => metrics.restore({ ...other, targets: new Float64Array(1) })).toThrow("5 float64 numbers");
    expect(() => metrics.restore({ ...other, totals: new Float64Array(1) })).toThrow("7 float64 numbers");
    expect(() => metrics.restore(null)).toThrow("7 float64 numbers");
    expect(metrics.state()).toEqual(before);
  });
});
