import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegressionMetrics, type RegressionReport } from "../../src/learner/regression-metrics.ts";

type Answer = [truth: number, predicted: number];

function scored(answers: Answer[], metrics = new RegressionMetrics()): RegressionMetrics {
  for (const [truth, predicted] of answers)
    metrics.observe(Float64Array.of(truth), 0, Float64Array.of(predicted));
  return metrics;
}

const total = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
const mean = (numbers: number[]) => (numbers.length === 0 ? 0 : total(numbers) / numbers.length);
const square = (number: number) => number * number;

/** Every score by its definition, from all answers; R2 apart, which has a test of its own. */
function byDefinition(answers: Answer[], fading: number): Omit<RegressionReport, "r2" | "task"> {
  const truths = answers.map(([truth]) => truth);
  const errors = answers.map(([truth, predicted]) => Math.abs(truth - predicted));
  const ofMean = truths.map((truth, i) => Math.abs(truth - mean(truths.slice(0, i))));
  const weights = answers.map((_, i) => fading ** (answers.length - 1 - i));
  return {
    samples: answers.length,
    mae: mean(errors),
    mse: mean(errors.map(square)),
    rmse: Math.sqrt(mean(errors.map(square))),
    maxError: Math.max(0, ...errors),
    fadingMae:
      answers.length === 0 ? 0 : total(errors.map((error, i) => error * weights[i])) / total(weights),
    baselineMae: mean(ofMean),
    baselineRmse: Math.sqrt(mean(ofMean.map(square))),
  };
}

describe("regression metrics", () => {
  test("are what their definitions say, also when they went through a state", () => {
    const number = fc.double({ min: -1000, max: 1000, noNaN: true });
    const answers = fc.array(fc.tuple(number, number), { maxLength: 40 });
    const factor = fc.double({ min: 0.5, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(answers, answers, factor, (before, after, fadingFactor) => {
        const first = scored(before, new RegressionMetrics({ fadingFactor }));
        const second = new RegressionMetrics({ fadingFactor });
        second.restore(structuredClone(first.state()));
        for (const [metrics, seen] of [
          [first, before],
          [scored(after, second), [...before, ...after]],
        ] as [RegressionMetrics, Answer[]][]) {
          const report = metrics.report();
          for (const [key, expected] of Object.entries(byDefinition(seen, fadingFactor))) {
            expect(report[key as keyof RegressionReport], key).toBeCloseTo(expected, 6);
          }
          expect(metrics.targetMean).toBeCloseTo(mean(seen.map(([truth]) => truth)), 6);
        }
      }),
    );
  });

  test("fade by 0.99, where nobody asks for another factor", () => {
    expect(new RegressionMetrics().fadingFactor).toBe(0.99);
  });

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

  test("report an R2 of 0 for a constant target", () => {
    expect(
      scored([
        [5, 1],
        [5, 2],
      ]).r2,
    ).toBe(0);
  });

  test("know a target that is not scored for the mean, and for nothing else", () => {
    const metrics = new RegressionMetrics();
    metrics.learnTarget(Float64Array.of(7, 1000), 1);
    scored([[1010, 1004]], metrics);
    expect(metrics.report()).toMatchObject({ samples: 1, mae: 6, maxError: 6, baselineMae: 10 });
    expect(metrics.targetMean).toBe(1005);
    const continued = new RegressionMetrics();
    continued.restore(structuredClone(metrics.state()));
    scored([[990, 1000]], metrics);
    scored([[990, 1000]], continued);
    expect(continued.report()).toEqual(metrics.report());
    expect(continued.targetMean).toBe(1000);
    // Of 1010 and 990 alone: their mean is 1000, whatever came before them.
    expect(metrics.r2).toBeCloseTo(1 - (36 + 100) / 200, 12);
  });

  test("are after a correction as if the answer had been scored with the right target, but for those of the mean", () => {
    const corrected = scored([
      [10, 13],
      [20, 16],
    ]);
    corrected.correct(Float64Array.of(0, 18), 1, Float64Array.of(20), 0, Float64Array.of(16));
    const { mae, mse, samples } = scored([
      [10, 13],
      [18, 16],
    ]).report();
    expect(corrected.report()).toMatchObject({ mae, mse, samples });
  });

  test("take back what version 0.1.0 stored, which scored every target", () => {
    const metrics = scored([
      [10, 13],
      [20, 16],
    ]);
    const { totals, targets } = structuredClone(metrics.state()) as { [key: string]: Float64Array };
    const continued = new RegressionMetrics();
    continued.learnTarget(Float64Array.of(5), 0);
    continued.restore({ totals: totals.slice(0, 7), targets });
    expect(continued.state()).toEqual(metrics.state());
  });

  test("refuse a state that does not fit, unchanged", () => {
    const metrics = scored([[10, 13]]);
    const before = structuredClone(metrics.state());
    const other = scored([[1, 1]]).state() as { [key: string]: Float64Array };
    expect(() => metrics.restore({ ...other, targets: new Float64Array(1) })).toThrow("5 float64 numbers");
    expect(() => metrics.restore({ ...other, totals: new Float64Array(1) })).toThrow("9 float64 numbers");
    expect(() => metrics.restore(null)).toThrow("9 float64 numbers");
    expect(metrics.state()).toEqual(before);
  });
});
