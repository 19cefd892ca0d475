import { restoreBlock } from "../features/restore.ts";
import { RunningStatistics } from "../features/running-statistics.ts";
import type { State, Stateful } from "../state.ts";
import { finite, notNegative, parts, whole } from "../state-check.ts";

/** Everything known about the errors of a regression so far, in the target's own units. */
export interface RegressionReport {
  /** Tells it from the report of a classification. */
  task: "regression";
  samples: number;
  mae: number;
  mse: number;
  rmse: number;
  /** 1 - squared errors / squared deviations of the targets from their mean; 0 where the targets did not vary. */
  r2: number;
  maxError: number;
  /** Mean absolute error over the last samples, older ones fading away. */
  fadingMae: number;
  /** Errors of always answering the mean so far. */
  baselineMae: number;
  baselineRmse: number;
}

/** Places in the block of running totals. */
const at = {
  absolute: 0,
  squared: 1,
  largest: 2,
  fadingAbsolute: 3,
  fadingSamples: 4,
  baselineAbsolute: 5,
  baselineSquared: 6,
  unscored: 7,
  unscoredSum: 8,
} as const;
const totalsLength = 9;
/** Corrections of sums leave rounding errors, which may be negative. */
const sane = parts(finite, [
  [at.largest, notNegative],
  [[at.fadingAbsolute, at.unscored], notNegative],
  [at.unscored, whole],
]);
/** As version 0.1.0 stored them: it scored every target. */
const scoredTotalsLength = 7;

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Running scores of a regression; a sample costs no allocation. */
export class RegressionMetrics implements Stateful {
  readonly fadingFactor: number;
  readonly #totals = new Float64Array(totalsLength);
  /** Of the targets whose prediction was scored. */
  readonly #targets = new RunningStatistics(1);
  /** [1]: the mean of all targets so far. An array, so that V8 boxes no number. */
  readonly #mean = new Float64Array(1);

  constructor({ fadingFactor = 0.99 } = {}) {
    this.fadingFactor = fadingFactor;
  }

  /** Scores one answer: `target[targetAt]` is the truth, `prediction[0]` the answer. Arrays, so that V8 boxes neither. */
  observe(target: Float64Array, targetAt: number, prediction: Float64Array): void {
    const totals = this.#totals;
    const truth = target[targetAt];
    const error = Math.abs(prediction[0] - truth);
    const baseline = Math.abs(this.#mean[0] - truth);
    totals[at.absolute] += error;
    totals[at.squared] += error * error;
    if (error > totals[at.largest]) totals[at.largest] = error;
    totals[at.fadingAbsolute] = error + this.fadingFactor * totals[at.fadingAbsolute];
    totals[at.fadingSamples] = 1 + this.fadingFactor * totals[at.fadingSamples];
    totals[at.baselineAbsolute] += baseline;
    totals[at.baselineSquared] += baseline * baseline;
    this.#targets.learn(target, targetAt);
    this.#updateMean();
  }

  /**
   * Corrects the score of an answer that was scored with the wrong target `before[beforeAt]`. The sums of its errors are
   * as if it had been right; the largest, the fading ones and those of the mean stay as they are.
   */
  correct(
    target: Float64Array,
    targetAt: number,
    before: Float64Array,
    beforeAt: number,
    prediction: Float64Array,
  ): void {
    const totals = this.#totals;
    const error = Math.abs(prediction[0] - target[targetAt]);
    const wrong = Math.abs(prediction[0] - before[beforeAt]);
    totals[at.absolute] += error - wrong;
    totals[at.squared] += error * error - wrong * wrong;
  }

  /** Takes the target `target[targetAt]` as known, where its prediction is not to be scored. Allocates nothing. */
  learnTarget(target: Float64Array, targetAt: number): void {
    this.#totals[at.unscored]++;
    this.#totals[at.unscoredSum] += target[targetAt];
    this.#updateMean();
  }

  #updateMean(): void {
    const unscored = this.#totals[at.unscored];
    const mean = this.#targets.mean();
    const { count } = this.#targets;
    this.#mean[0] =
      unscored === 0 ? mean : (count * mean + this.#totals[at.unscoredSum]) / (count + unscored);
  }

  /** Predictions that were scored. */
  get samples(): number {
    return this.#targets.count;
  }

  /** Mean of the targets so far, scored or not; 0 before the first. */
  get targetMean(): number {
    return this.#mean[0];
  }

  get mae(): number {
    return ratio(this.#totals[at.absolute], this.samples);
  }

  get fadingMae(): number {
    return ratio(this.#totals[at.fadingAbsolute], this.#totals[at.fadingSamples]);
  }

  get baselineMae(): number {
    return ratio(this.#totals[at.baselineAbsolute], this.samples);
  }

  get r2(): number {
    const deviations = this.#targets.populationVariance() * this.samples;
    return deviations === 0 ? 0 : 1 - this.#totals[at.squared] / deviations;
  }

  report(): RegressionReport {
    const mse = ratio(this.#totals[at.squared], this.samples);
    return {
      task: "regression",
      samples: this.samples,
      mae: this.mae,
      mse,
      rmse: Math.sqrt(mse),
      r2: this.r2,
      maxError: this.#totals[at.largest],
      fadingMae: this.fadingMae,
      baselineMae: this.baselineMae,
      baselineRmse: Math.sqrt(ratio(this.#totals[at.baselineSquared], this.samples)),
    };
  }

  state(): State {
    return { totals: this.#totals, targets: this.#targets.state() };
  }

  restore(state: State): void {
    const { totals, targets } = (state ?? {}) as { totals: State; targets: State };
    const isOfVersion1 = totals instanceof Float64Array && totals.length === scoredTotalsLength;
    const fitting = new Float64Array(isOfVersion1 ? scoredTotalsLength : totalsLength);
    restoreBlock(fitting, totals, "metrics", isOfVersion1 ? finite : sane);
    this.#targets.restore(targets);
    this.#totals.fill(0);
    this.#totals.set(fitting);
    this.#updateMean();
  }
}
