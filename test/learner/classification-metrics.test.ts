import { describe, expect, test } from "vitest";
import { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";

function scored(answers: [label: number, predicted: number][], classes = 3): ClassificationMetrics {
  const metrics = new ClassificationMetrics(classes, { slidingWindow: 3, fadingFactor: 0.5 });
  for (const [label, predicted] of answers) metrics.observe(label, predicted, null);
  return metrics;
}

describe("classification metrics", () => {
  test("count every answer in the confusion matrix, by true and by predicted class", () => {
    const { confusion, perClass } = scored([
      [0, 1],
      [0, 0],
      [2, 1],
      [2, 1],
    ]).report();
    expect(confusion).toEqual([
      [1, 1, 0],
      [0, 0, 0],
      [0, 2, 0],
    ]);
    expect(perClass.map(({ support }) => support)).toEqual([2, 0, 2]);
    expect(perClass[0]).toMatchObject({ precision: 1, recall: 0.5 });
  });

  test("give 0 where a denominator is 0", () => {
    const report = scored([
      [1, 1],
      [1, 1],
    ]).report();
    expect([report.kappa, report.mcc, report.perClass[0].f1]).toEqual([0, 0, 0]);
    expect(scored([]).report()).toMatchObject({
      accuracy: 0,
      slidingAccuracy: 0,
      fadingAccuracy: 0,
      logLoss: 0,
    });
  });

  test("forget in the sliding window what lies further back, and fade the rest", () => {
    const metrics = scored([
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(metrics.accuracy).toBe(0.4);
    expect(metrics.slidingAccuracy).toBe(0);
    expect(metrics.fadingAccuracy).toBeCloseTo((0.125 + 0.0625) / (1 + 0.5 + 0.25 + 0.125 + 0.0625), 12);
  });

  test("hold the network against always naming the class most frequent so far", () => {
    // Named: 0 (nothing seen), 1, 1, 1 (a tie goes to the first: 1 has two, 2 has one).
    expect(
      scored([
        [1, 0],
        [1, 0],
        [2, 0],
        [1, 0],
      ]).baselineAccuracy,
    ).toBe(0.5);
  });

  test("name the first of several most frequent classes", () => {
    const named: number[] = [];
    const metrics = scored([]);
    for (const label of [2, 1, 1, 2, 2, 0]) {
      metrics.observe(label, 0, null);
      named.push(metrics.mostFrequent);
    }
    expect(named).toEqual([2, 1, 1, 1, 2, 2]);
  });

  test("hold a probability of 0 at 1e-15 in the log loss", () => {
    const metrics = new ClassificationMetrics(2);
    metrics.observe(0, 1, [0, 1]);
    expect(metrics.report().logLoss).toBeCloseTo(-Math.log(1e-15), 9);
  });

  test("continue from their state", () => {
    const metrics = scored([
      [0, 1],
      [2, 2],
    ]);
    const copy = scored([]);
    copy.restore(structuredClone(metrics.state()));
    for (const each of [metrics, copy]) each.observe(1, 1, [0.2, 0.5, 0.3]);
    expect(copy.report()).toEqual(metrics.report());
  });
});
