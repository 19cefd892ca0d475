/** Finds out when a learner predicts worse than it did: what is measured may have changed. */
import { restoreTogether, statefulBlock } from "../features/restore.ts";
import { Adwin } from "../learner/adwin.ts";
import { Ensemble } from "../learner/ensemble.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import type { State, Stateful } from "../state.ts";
import { parts, whole } from "../state-check.ts";
import { formatShare } from "../wording/quantities.ts";
import type { Log } from "./log.ts";
import { shiftText } from "./quality.ts";

/** One change may be detected several times: within this many samples another detection is the same change. */
const samplesOfOneChange = 1024;
/**
 * A rise of the error by less than this part of it is not worth a word: the errors on an autoregressive stream are not
 * independent, and their mean was found to move from 27 to 30 % where nothing had changed.
 */
const smallestRise = 0.25;

const at = { drifts: 0, sinceWorse: 1, beforeRises: 2 } as const;

const sane = parts(whole, [
  // Infinite while there was no rise.
  [at.beforeRises, (mean) => (mean[0] >= 0 ? null : `the mean error before a rise is ${mean[0]}`)],
]);

export class DriftWatch implements Stateful {
  readonly #learner: PrequentialLearner;
  readonly #log: Log;
  readonly #errors = new Adwin();
  /** [1] An array, so that V8 boxes no number on the way to `observe`. */
  readonly #error = new Float64Array(1);
  /**
   * Times that predictions became worse; samples since they last did, as an improvement counts for nothing: what follows
   * it is another change; mean error before the first of the rises that were too small, as several of them add up.
   */
  readonly #block = Float64Array.of(0, samplesOfOneChange, Number.POSITIVE_INFINITY);

  constructor(learner: PrequentialLearner, log: Log) {
    this.#learner = learner;
    this.#log = log;
  }

  /** Times that predictions became worse, in earlier processes too. */
  get drifts(): number {
    return this.#block[at.drifts];
  }

  /**
   * To be called once the learner has learned that the target of its last answer is `targets[index]`; returns true where
   * predictions are worse now than they were. An answer that was given before any target was known is left out, and a row that
   * no forecast was about. Allocates nothing unless there is something to log.
   */
  observe(targets: Float64Array, index: number): boolean {
    if (!this.#learner.isInformed) return false;
    this.#measure(targets[index]);
    if (Number.isNaN(this.#error[0])) return false;
    const block = this.#block;
    if (block[at.sinceWorse] < samplesOfOneChange) block[at.sinceWorse]++;
    if (!this.#errors.observe(this.#error)) return false;
    const { meanAfter } = this.#errors;
    const meanBefore = Math.min(this.#errors.meanBefore, block[at.beforeRises]);
    block[at.beforeRises] = Number.POSITIVE_INFINITY;
    if (meanAfter < meanBefore) return false;
    if (meanAfter < (1 + smallestRise) * meanBefore) {
      block[at.beforeRises] = meanBefore;
      return false;
    }
    const isNew = block[at.sinceWorse] === samplesOfOneChange;
    block[at.sinceWorse] = 0;
    if (!isNew) return false;
    block[at.drifts]++;
    this.#log({
      event: "drift",
      text: `predictions have become worse: ${this.#tell(meanBefore, meanAfter)}; what is measured may have changed${this.#tellShift()}`,
      problem: true,
      details: { drifts: this.drifts },
    });
    return true;
  }

  /** Which experts gained or lost weight since. */
  #tellShift(): string {
    const shifts = this.#learner instanceof Ensemble ? shiftText(this.#learner.weightShift()) : "";
    return shifts === "" ? "" : `; ${shifts}`;
  }

  /** Writes an error between 0 and 1: whether the class was wrong, or how far off a number was beside its mean. */
  #measure(target: number): void {
    const { metrics, predictedClass, scoredPrediction, prediction } = this.#learner;
    if (!(metrics instanceof RegressionMetrics)) {
      this.#error[0] = predictedClass === target ? 0 : 1;
      return;
    }
    const off = Math.abs((scoredPrediction ?? prediction)[0] - target);
    this.#error[0] = off === 0 ? 0 : off / (off + metrics.baselineMae);
  }

  state(): State {
    return [this.#errors.state(), this.#block];
  }

  restore(state: State): void {
    restoreTogether([this.#errors, statefulBlock(this.#block, "counts of drifts", sane)], state);
  }

  #tell(before: number, after: number): string {
    if (this.#learner.metrics instanceof RegressionMetrics) {
      // Back from e / (e + b) to e / b, which a reader can picture.
      const ofMean = (error: number) => formatShare(error / (1 - error), 0);
      return `off by some ${ofMean(after)} of what the mean is off by, after ${ofMean(before)}`;
    }
    return `${formatShare(after)} are wrong, after ${formatShare(before)}`;
  }
}
