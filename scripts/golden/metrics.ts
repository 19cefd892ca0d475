import { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";
import { RegressionMetrics } from "../../src/learner/regression-metrics.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

const tolerance = 1e-9;
const averages = ["precision", "recall", "f1"] as const;

/** One golden-metrics/1: every score of a classifier, and its prequential accuracy on the way. */
export function runMetrics(trace: Trace): Outcome {
  const { slidingWindow, fadingFactor, at } = trace.prequential;
  const metrics = new ClassificationMetrics(trace.classes, { slidingWindow, fadingFactor });
  for (const [index, label] of trace.yTrue.entries()) {
    metrics.observe(label, trace.yPred[index], trace.proba?.[index] ?? null);
    const expected = at.find(({ n }: Trace) => n === index + 1);
    if (!expected) continue;
    const difference = compareNumbers(
      `cumulative, sliding and fading accuracy after ${index + 1} rows`,
      [metrics.accuracy, metrics.slidingAccuracy, metrics.fadingAccuracy],
      [expected.cumulative, expected.sliding, expected.fading],
      tolerance,
    );
    if (difference) return difference;
  }
  const report = metrics.report();
  const perClass = (key: (typeof averages)[number] | "support") =>
    report.perClass.map((scores) => scores[key]);
  const scalars = ["accuracy", "kappa", "mcc", "balancedAccuracy"] as const;
  const found = [
    ...scalars.map((key) => report[key]),
    ...report.confusion.flat(),
    ...perClass("support"),
    ...averages.flatMap(perClass),
    ...averages.flatMap((key) => [report.macro[key], report.micro[key], report.weighted[key]]),
    ...(trace.logLoss === undefined ? [] : [report.logLoss]),
  ];
  const expected = [
    ...scalars.map((key) => trace[key]),
    ...trace.confusion.flat(),
    ...trace.support,
    ...averages.flatMap((key) => trace[key]),
    ...averages.flatMap((key) => [trace.macro[key], trace.micro[key], trace.weighted[key]]),
    ...(trace.logLoss === undefined ? [] : [trace.logLoss]),
  ];
  return compareNumbers(
    `scores (${scalars}, confusion, support, per class, averages, log loss)`,
    found,
    expected,
    tolerance,
  );
}

/** One golden-regression-metrics/1. */
export function runRegressionMetrics(trace: Trace): Outcome {
  const metrics = new RegressionMetrics();
  for (const [index, truth] of trace.yTrue.entries()) {
    metrics.observe(Float64Array.of(truth), 0, Float64Array.of(trace.yPred[index]));
  }
  const keys = ["mae", "mse", "rmse", "r2", "maxError"] as const;
  const report = metrics.report();
  return compareNumbers(
    `${keys}`,
    keys.map((key) => report[key]),
    keys.map((key) => trace[key]),
    tolerance,
  );
}
