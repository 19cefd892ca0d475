import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ClassificationMetrics,
  type ClassificationReport,
} from "../../src/learner/classification-metrics.ts";

function scored(answers: [label: number, predicted: number][], classes = 3): ClassificationMetrics {
  const metrics = new ClassificationMetrics(classes, { slidingWindow: 3, fadingFactor: 0.5 });
  for (const [label, predicted] of answers) metrics.observe(label, predicted, null);
  return metrics;
}

interface Answer {
  label: number;
  predicted: number;
  /** Of the label. */
  probability: number;
}

const total = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
const mean = (numbers: number[]) => (numbers.length === 0 ? 0 : total(numbers) / numbers.length);
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Every score by its definition, from all answers, of classes 0 to `classes` - 1. */
function byDefinition(
  answers: Answer[],
  classes: number,
  window: number,
  fading: number,
): ClassificationReport {
  const all = Array.from({ length: classes }, (_, c) => c);
  const count = (condition: (answer: Answer) => boolean) => answers.filter(condition).length;
  const right = answers.map(({ label, predicted }) => Number(label === predicted));
  const weights = answers.map((_, i) => fading ** (answers.length - 1 - i));
  const mostFrequentOf = (past: Answer[]) => {
    const counts = all.map((c) => past.filter(({ label }) => label === c).length);
    return counts.indexOf(Math.max(...counts));
  };
  const perClass = all.map((c) => {
    const hits = count(({ label, predicted }) => label === c && predicted === c);
    const support = count(({ label }) => label === c);
    const named = count(({ predicted }) => predicted === c);
    return {
      precision: ratio(hits, named),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, support + named),
      support,
    };
  });
  const averageOf = (weight: (c: number) => number) => {
    const of = (key: "precision" | "recall" | "f1") => total(all.map((c) => weight(c) * perClass[c][key]));
    return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
  };
  const accuracy = mean(right);
  const byChance = total(
    all.map(
      (c) => ratio(perClass[c].support, answers.length) * mean(answers.map((a) => Number(a.predicted === c))),
    ),
  );
  // Gorodkin's correlation of two tables of one column for each class.
  const covariance = (one: "label" | "predicted", other: "label" | "predicted") =>
    total(
      all.map((c) => {
        const [x, y] = [one, other].map((key) => answers.map((answer) => Number(answer[key] === c)));
        return mean(x.map((value, i) => (value - mean(x)) * (y[i] - mean(y))));
      }),
    );
  const spread = covariance("label", "label") * covariance("predicted", "predicted");
  const macro = averageOf(() => 1 / classes);
  return {
    task: "classification",
    samples: answers.length,
    accuracy,
    slidingAccuracy: mean(right.slice(-window)),
    fadingAccuracy: ratio(total(right.map((hit, i) => hit * weights[i])), total(weights)),
    baselineAccuracy: mean(
      answers.map(({ label }, i) => Number(label === mostFrequentOf(answers.slice(0, i)))),
    ),
    logLoss: mean(answers.map(({ probability }) => -Math.log(probability))),
    macroF1: macro.f1,
    balancedAccuracy: mean(perClass.filter(({ support }) => support > 0).map(({ recall }) => recall)),
    kappa: byChance === 1 ? 0 : ratio(accuracy - byChance, 1 - byChance),
    mcc: spread < 1e-12 ? 0 : covariance("label", "predicted") / Math.sqrt(spread),
    confusion: all.map((row) => all.map((c) => count((a) => a.label === row && a.predicted === c))),
    perClass,
    macro,
    micro: { precision: accuracy, recall: accuracy, f1: accuracy },
    weighted: averageOf((c) => ratio(perClass[c].support, answers.length)),
  };
}

/** Equal but for rounding, in whatever is in them. */
function expectClose(found: unknown, expected: unknown, at = "report"): void {
  if (typeof expected === "number") {
    expect(found, at).toBeCloseTo(expected, 9);
    return;
  }
  if (typeof expected === "string") {
    expect(found, at).toBe(expected);
    return;
  }
  expect(Object.keys(found as object).sort(), at).toEqual(Object.keys(expected as object).sort());
  for (const [key, value] of Object.entries(expected as object)) {
    expectClose((found as { [key: string]: unknown })[key], value, `${at}.${key}`);
  }
}

describe("classification metrics", () => {
  test("are what their definitions say, also when they went through a state", () => {
    const classes = fc.integer({ min: 1, max: 4 });
    const cases = classes.chain((k) => {
      const named = fc.nat(k - 1);
      const probability = fc.double({ min: 0.001, max: 1, noNaN: true });
      return fc.record({
        k: fc.constant(k),
        window: fc.integer({ min: 1, max: 70 }),
        fading: fc.double({ min: 0.5, max: 0.99, noNaN: true }),
        before: fc.array(fc.record({ label: named, predicted: named, probability }), { maxLength: 80 }),
        after: fc.array(fc.record({ label: named, predicted: named, probability }), { maxLength: 80 }),
      });
    });
    fc.assert(
      fc.property(cases, ({ k, window, fading, before, after }) => {
        const create = () => new ClassificationMetrics(k, { slidingWindow: window, fadingFactor: fading });
        const show = (metrics: ClassificationMetrics, answers: Answer[]) => {
          for (const { label, predicted, probability } of answers) {
            const probabilities = new Array(k).fill(0);
            probabilities[label] = probability;
            metrics.observe(label, predicted, probabilities);
          }
        };
        const first = create();
        show(first, before);
        expectClose(first.report(), byDefinition(before, k, window, fading));
        const second = create();
        second.restore(structuredClone(first.state()));
        show(second, after);
        expectClose(second.report(), byDefinition([...before, ...after], k, window, fading));
        first.restore(create().state());
        expect(first.report()).toEqual(create().report());
      }),
    );
  });

  test("keep 500 answers in the sliding window and fade by 0.99, where nobody asks for another number", () => {
    const { slidingWindow, fadingFactor } = new ClassificationMetrics(2);
    expect([slidingWindow, fadingFactor]).toEqual([500, 0.99]);
  });

  test("know a label that is not scored for the most frequent class, and for nothing else", () => {
    const metrics = new ClassificationMetrics(3);
    metrics.learnTarget(2);
    expect([metrics.samples, metrics.mostFrequent]).toEqual([0, 2]);
    metrics.observe(2, 1, null);
    const report = metrics.report();
    expect(report).toMatchObject({ samples: 1, accuracy: 0, baselineAccuracy: 1 });
    expect(report.perClass.map(({ support }) => support)).toEqual([0, 0, 1]);
    const continued = new ClassificationMetrics(3);
    continued.restore(structuredClone(metrics.state()));
    continued.observe(0, 0, null);
    expect([continued.samples, continued.mostFrequent]).toEqual([2, 2]);
  });

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

  test("are after a correction as if the answer had been scored with the right label", () => {
    const probabilities = [0.5, 0.2, 0.3];
    const scoredWith = (label: number) => {
      const metrics = scored([
        [0, 0],
        [1, 1],
        [1, 0],
      ]);
      metrics.observe(label, 2, probabilities);
      return metrics;
    };
    const [corrected, right] = [scoredWith(0), scoredWith(2)];
    expect([corrected.mostFrequent, right.mostFrequent]).toEqual([0, 1]);
    corrected.correct(2, 0, 2, probabilities);
    expect(corrected.mostFrequent).toBe(1);
    const sums = ({
      slidingAccuracy,
      fadingAccuracy,
      baselineAccuracy,
      logLoss,
      ...rest
    }: ClassificationReport) => rest;
    expect(sums(corrected.report())).toEqual(sums(right.report()));
    expect(corrected.report().logLoss).toBeCloseTo(right.report().logLoss, 12);
  });
});
