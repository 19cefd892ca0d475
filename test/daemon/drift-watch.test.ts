import { expect, test } from "vitest";
import { DriftWatch } from "../../src/daemon/drift-watch.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";
import type { Learner } from "../../src/learner/learner.ts";
import { RegressionMetrics } from "../../src/learner/regression-metrics.ts";

/** A watch on a learner that answers as the test wants, on samples whose target stands in the second column. */
function bench(metrics: ClassificationMetrics | RegressionMetrics) {
  const learner = { metrics, isInformed: true, predictedClass: 0, prediction: new Float64Array(1) };
  const entries: LogEntry[] = [];
  const watch = new DriftWatch(learner as unknown as Learner, (entry) => entries.push(entry));
  const values = Float64Array.of(7, 7, 7, 0);
  let seen = 0;
  const found: number[] = [];
  /** Samples that are answered with `answer`, where the target is `target`. */
  const answers = (count: number, answer: number, target: number) => {
    for (let i = 0; i < count; i++) {
      learner.predictedClass = answer;
      learner.prediction[0] = answer;
      values[3] = target;
      if (watch.observe(values, 3)) found.push(seen);
      seen++;
    }
  };
  return { watch, learner, answers, found, entries };
}

const classifier = () => bench(new ClassificationMetrics(2));

test("says once that a classifier has become worse, and how much", () => {
  const { watch, answers, found, entries } = classifier();
  answers(2000, 1, 1);
  expect(found).toEqual([]);
  answers(2000, 0, 1);
  expect(found).toHaveLength(1);
  expect(found[0]).toBeGreaterThan(2000);
  expect(found[0]).toBeLessThan(2100);
  expect(entries).toEqual([
    {
      event: "drift",
      text: "predictions have become worse: 100.0 % are wrong, after 0.0 %; what is measured may have changed",
      problem: true,
      details: { drifts: 1 },
    },
  ]);
  expect(watch.drifts).toBe(1);
});

test("is silent when predictions become better", () => {
  const { watch, answers, found, entries } = classifier();
  answers(2000, 0, 1);
  answers(2000, 1, 1);
  expect([found, entries, watch.drifts]).toEqual([[], [], 0]);
});

test("takes steps that follow one another for one change, a recovery among them", () => {
  const { watch, answers, found } = classifier();
  answers(2000, 1, 1);
  for (let i = 0; i < 4; i++) {
    answers(500, 0, 1);
    answers(500, 1, 1);
  }
  expect(found).toHaveLength(1);
  answers(2000, 1, 1);
  answers(500, 0, 1);
  expect(found).toHaveLength(2);
  expect(watch.drifts).toBe(2);
});

test("says that predictions have become worse soon after they became better", () => {
  const { watch, answers, found } = classifier();
  for (let i = 0; i < 1500; i++) answers(1, Number(i % 3 === 0), 1);
  answers(600, 1, 1);
  expect(found).toEqual([]);
  answers(300, 0, 1);
  expect(found).toHaveLength(1);
  expect(found[0]).toBeLessThan(2100 + 100);
  expect(watch.drifts).toBe(1);
});

test("leaves out answers that were given before any target was known", () => {
  const { learner, answers, found } = classifier();
  learner.isInformed = false;
  answers(2000, 1, 1);
  learner.isInformed = true;
  answers(2000, 0, 1);
  expect(found).toEqual([]);
});

test("holds what a number is off by against what its mean is off by", () => {
  class WithMeanOff extends RegressionMetrics {
    override get baselineMae() {
      return 4;
    }
  }
  const { answers, found, entries } = bench(new WithMeanOff());
  answers(1000, 21, 20);
  answers(1000, 19, 20);
  expect(found).toEqual([]);
  answers(1000, 32, 20);
  expect(found).toHaveLength(1);
  // What came after the cut is a mixture as long as it is this short.
  expect(entries.map(({ text }) => text)).toEqual([
    expect.stringMatching(/: off by some (4\d|[5-9]\d) % of what the mean is off by, after 25 %; /),
  ]);
});

test("takes an answer without any error for one, also before the mean is known to be off", () => {
  const { answers, found, entries } = bench(new RegressionMetrics());
  answers(2000, 5, 5);
  answers(1000, 6, 5);
  expect(found).toHaveLength(1);
  expect(entries).toHaveLength(1);
});

test("is silent about a rise by less than a quarter, until several add up to one", () => {
  const { answers, found } = classifier();
  const wrongAt = (share: number) => {
    for (let i = 0; i < 60_000; i++)
      answers(1, Math.floor((i + 1) * share) > Math.floor(i * share) ? 0 : 1, 1);
  };
  wrongAt(0.2);
  wrongAt(0.23);
  expect(found).toEqual([]);
  wrongAt(0.26);
  expect(found).toHaveLength(1);
});
