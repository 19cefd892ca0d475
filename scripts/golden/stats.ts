import { FadingStatistics } from "../../src/features/fading-statistics.ts";
import { RollingStatistics } from "../../src/features/rolling-statistics.ts";
import { RunningStatistics } from "../../src/features/running-statistics.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

const tolerance = 1e-9;

/** One golden-stats/1: running, rolling and fading mean and variance of one stream. */
export function runStats(trace: Trace): Outcome {
  const largest = Math.max(...trace.stream.map(Math.abs));
  // A float64 near 1e9 is a multiple of 1e-7: the stream itself, as it is read, has other variances by about as much.
  const varianceTolerance = largest > 1e6 ? 1e-6 : tolerance;
  const running = new RunningStatistics(1);
  const rolling = new RollingStatistics(trace.rollingWindow);
  const fading: FadingStatistics[] = trace.ewma.map(({ alpha }: Trace) => new FadingStatistics(alpha));
  for (const [index, value] of trace.stream.entries()) {
    const n = index + 1;
    running.learn(Float64Array.of(value));
    rolling.learn(value);
    for (const statistics of fading) statistics.learn(value);
    for (const [which, { mean, variance, momentVariance, alpha }] of fading.entries()) {
      const expected = trace.ewma[which].at[n];
      if (!expected) continue;
      const after = `with alpha ${alpha} after ${n} rows`;
      const difference =
        compareNumbers(`fading mean ${after}`, [mean], [expected.mean], tolerance) ??
        compareNumbers(`fading variance ${after}`, [variance], [expected.varianceFinch], varianceTolerance) ??
        // Its digits are gone where the offset is large: nothing to compare.
        (largest > 1e6
          ? null
          : compareNumbers(`moments ${after}`, [momentVariance], [expected.varianceMoment], tolerance));
      if (difference) return difference;
    }
    const expected = trace.checkpoints.find((checkpoint: Trace) => checkpoint.n === n);
    if (!expected) continue;
    const sample = running.sampleVariance();
    if ((sample === null) !== (expected.varianceSample === null)) {
      return `sample variance after ${n} rows is ${sample}, expected ${expected.varianceSample}`;
    }
    const difference =
      compareNumbers(
        `mean, minimum, maximum and rolling mean after ${n} rows`,
        [running.mean(), running.minimum(), running.maximum(), rolling.mean],
        [expected.mean, expected.min, expected.max, expected.rollingMean],
        tolerance,
      ) ??
      compareNumbers(
        `population, sample and rolling variance after ${n} rows`,
        [running.populationVariance(), sample ?? 0, rolling.populationVariance],
        [expected.variancePopulation, expected.varianceSample ?? 0, expected.rollingVariancePopulation],
        varianceTolerance,
      );
    if (difference) return difference;
  }
  return null;
}
