import { FadingStatistics } from "../../src/features/fading-statistics.ts";
import { RollingStatistics } from "../../src/features/rolling-statistics.ts";
import { RunningStatistics } from "../../src/features/running-statistics.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

/** One golden-stats/1: running, rolling and fading mean and variance of one stream. */
export function runStats(trace: Trace): Outcome {
  const offset = Math.max(...trace.stream.map(Math.abs));
  // At an offset of 1e9 the last digits of the stream itself are worth 1e-7.
  const tolerance = offset > 1e6 ? 1e-6 : 1e-9;
  const running = new RunningStatistics(1);
  const rolling = new RollingStatistics(trace.rollingWindow);
  const fading = trace.ewma.map(({ alpha }: Trace) => new FadingStatistics(alpha));
  for (const [index, value] of trace.stream.entries()) {
    const n = index + 1;
    running.learn(Float64Array.of(value));
    rolling.learn(value);
    for (const [which, statistics] of fading.entries()) {
      statistics.learn(value);
      const expected = trace.ewma[which].at[n];
      if (!expected) continue;
      const difference = compareNumbers(
        `fading mean and variance, alpha ${statistics.alpha}, after ${n} rows`,
        [statistics.mean, statistics.variance],
        [expected.mean, expected.varianceFinch],
        tolerance,
      );
      if (difference) return difference;
    }
    const expected = trace.checkpoints.find((checkpoint: Trace) => checkpoint.n === n);
    if (!expected) continue;
    if (running.sampleVariance() === null && expected.varianceSample !== null)
      return "sample variance is null";
    const difference = compareNumbers(
      `mean, variances, range, rolling mean and variance after ${n} rows`,
      [
        running.mean(),
        running.populationVariance(),
        running.sampleVariance() ?? 0,
        running.minimum(),
        running.maximum(),
        rolling.mean,
        rolling.populationVariance,
      ],
      [
        expected.mean,
        expected.variancePopulation,
        expected.varianceSample ?? 0,
        expected.min,
        expected.max,
        expected.rollingMean,
        expected.rollingVariancePopulation,
      ],
      tolerance,
    );
    if (difference) return difference;
  }
  return null;
}
