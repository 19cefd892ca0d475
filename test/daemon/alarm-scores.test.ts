import { describe, expect, test } from "vitest";
import { AlarmScores } from "../../src/daemon/alarm-scores.ts";
import { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";
import type { Learner } from "../../src/learner/learner.ts";
import { RegressionMetrics } from "../../src/learner/regression-metrics.ts";

/** Scores at a learner whose every prediction is given; the target is the second column of a sample. */
function bench() {
  const metrics = new RegressionMetrics();
  const prediction = new Float64Array(1);
  const learner = { metrics, prediction, isInformed: true };
  const scores = new AlarmScores(learner as unknown as Learner, 1);
  /** The anomaly score of a target that was predicted as `predicted`. */
  const anomalyOf = (target: number, predicted: number) => {
    prediction[0] = predicted;
    const values = Float64Array.of(777, 888, target);
    scores.observe(values, 1, false);
    if (Number.isFinite(target)) metrics.observe(values, 2, prediction);
    return scores.of({ of: "anomaly" });
  };
  /** Targets 0 and 2 in turn, all predicted rightly: the mean is off by 1 in the long run. */
  const predictRightly = (count: number) => {
    for (let i = 0; i < count; i++) anomalyOf(i % 2 === 0 ? 0 : 2, i % 2 === 0 ? 0 : 2);
  };
  return { metrics, learner, scores, anomalyOf, predictRightly };
}

describe("the anomaly that an alarm goes by", () => {
  test("is measured by a hundredth of what the mean is off by where predictions are perfect", () => {
    const { metrics, anomalyOf, predictRightly } = bench();
    predictRightly(400);
    const { baselineMae } = metrics;
    expect(baselineMae).toBeCloseTo(1, 1);
    expect(anomalyOf(2, 2.05)).toBeCloseTo(0.05 / (0.01 * baselineMae), 6);
  });

  test("is measured by the deviation of the errors where that is larger", () => {
    const { anomalyOf } = bench();
    for (let i = 0; i < 400; i++) anomalyOf(0, i % 2 === 0 ? 1 : 3);
    expect(anomalyOf(0, -5)).toBeCloseTo(3, 6);
  });

  test("stays as it was at a target that is not known", () => {
    const { anomalyOf, predictRightly } = bench();
    predictRightly(400);
    const score = anomalyOf(2, 2.05);
    expect(score).toBeGreaterThan(1);
    expect(anomalyOf(Number.NaN, 2)).toBe(score);
    expect(anomalyOf(2, 2)).toBeLessThan(1);
  });

  test("leaves out an answer that was given before any target was known", () => {
    const { learner, anomalyOf } = bench();
    learner.isInformed = false;
    for (let i = 0; i < 400; i++) anomalyOf(1013, 0);
    learner.isInformed = true;
    // Were the errors above known, this one would have a score below 0.
    expect(anomalyOf(1013, 1012)).toBe(0);
  });

  test("is nothing where classes are predicted; a probability is", () => {
    const metrics = new ClassificationMetrics(2);
    const prediction = Float64Array.of(0.25, 0.75);
    const scores = new AlarmScores({ metrics, prediction, isInformed: true } as unknown as Learner, 0);
    scores.observe(Float64Array.of(1), 0, false);
    expect(scores.of({ of: "anomaly" })).toBe(0);
    expect(scores.of({ of: "class", class: 1 })).toBe(0.75);
  });
});

test("a drift is one for the sample that it was found at alone", () => {
  const { scores } = bench();
  expect(scores.of({ of: "drift" })).toBe(0);
  const values = Float64Array.of(0, 0);
  const drifts = [false, true, false].map((hasDrifted) => {
    scores.observe(values, 0, hasDrifted);
    return scores.of({ of: "drift" });
  });
  expect(drifts).toEqual([0, 1, 0]);
});
