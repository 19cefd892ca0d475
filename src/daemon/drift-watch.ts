/** Finds out when a learner predicts worse than it did: what is measured may have changed. */
import { Adwin } from "../learner/adwin.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import { formatShare } from "../wording/quantities.ts";
import type { Log } from "./log.ts";

/** One change may be detected several times: within this many samples another detection is the same change. */
const samplesOfOneChange = 1024;
/**
 * A rise of the error by less than this part of it is not worth a word: the errors on an autoregressive stream are not
 * independent, and their mean was found to move from 27 to 30 % where nothing had changed.
 */
const smallestRise = 0.25;

export class DriftWatch {
  /** Times that predictions became worse. */
  drifts = 0;
  readonly #learner: PrequentialLearner;
  readonly #log: Log;
  readonly #errors = new Adwin();
  /** [1] An array, so that V8 boxes no number on the way to `observe`. */
  readonly #error = new Float64Array(1);
  /** Samples since predictions last worsened. An improvement counts for nothing: what follows it is another change. */
  #sinceWorse = samplesOfOneChange;
  /** Mean error before the first of the rises that were too small: several of them add up. */
  #beforeRises = Number.POSITIVE_INFINITY;

  constructor(learner: PrequentialLearner, log: Log) {
    this.#learner = learner;
    this.#log = log;
  }

  /**
   * To be called once the learner has learned that the target of its last answer is `targets[at]`; returns true where
   * predictions are worse now than they were. An answer that was given before any target was known is left out. Allocates nothing unless
   * there is something to log.
   */
  observe(targets: Float64Array, at: number): boolean {
    if (!this.#learner.isInformed) return false;
    if (this.#sinceWorse < samplesOfOneChange) this.#sinceWorse++;
    this.#measure(targets[at]);
    if (!this.#errors.observe(this.#error)) return false;
    const { meanAfter } = this.#errors;
    const meanBefore = Math.min(this.#errors.meanBefore, this.#beforeRises);
    this.#beforeRises = Number.POSITIVE_INFINITY;
    if (meanAfter < meanBefore) return false;
    if (meanAfter < (1 + smallestRise) * meanBefore) {
      this.#beforeRises = meanBefore;
      return false;
    }
    const isNew = this.#sinceWorse === samplesOfOneChange;
    this.#sinceWorse = 0;
    if (!isNew) return false;
    this.drifts++;
    this.#log({
      event: "drift",
      text: `predictions have become worse: ${this.#tell(meanBefore, meanAfter)}; what is measured may have changed`,
      problem: true,
      details: { drifts: this.drifts },
    });
    return true;
  }

  /** Writes an error between 0 and 1: whether the class was wrong, or how far off a number was beside its mean. */
  #measure(target: number): void {
    const { metrics, predictedClass, prediction } = this.#learner;
    if (!(metrics instanceof RegressionMetrics)) {
      this.#error[0] = predictedClass === target ? 0 : 1;
      return;
    }
    const off = Math.abs(prediction[0] - target);
    this.#error[0] = off === 0 ? 0 : off / (off + metrics.baselineMae);
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
