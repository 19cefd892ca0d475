/** Finds out when a learner that has learned well no longer predicts well: what is measured has changed. */
import { Adwin } from "../learner/adwin.ts";
import type { Learner } from "../learner/learner.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import { formatShare } from "../wording/quantities.ts";
import type { Log } from "./log.ts";

/** A change is found in several steps; those so near are one. Also the learner's own recovery is no second change. */
const samplesOfOneChange = 1024;

export class DriftWatch {
  /** Times that predictions became worse. */
  drifts = 0;
  readonly #learner: Learner;
  readonly #targetAt: number;
  readonly #log: Log;
  readonly #errors = new Adwin();
  /** Samples since the latest step of a change. */
  #since = samplesOfOneChange;

  /** @param targetAt place of the target in a sample */
  constructor(learner: Learner, targetAt: number, log: Log) {
    this.#learner = learner;
    this.#targetAt = targetAt;
    this.#log = log;
  }

  /**
   * To be called once the learner has observed the sample at `offset` of `values`; true where predictions are worse now
   * than they were. Allocates nothing unless there is something to tell.
   */
  observe(values: Float64Array, offset: number): boolean {
    if (this.#since < samplesOfOneChange) this.#since++;
    if (!this.#errors.observe(this.#errorOf(values[offset + this.#targetAt]))) return false;
    const isNew = this.#since === samplesOfOneChange;
    this.#since = 0;
    const { meanBefore, meanAfter } = this.#errors;
    if (!isNew || meanAfter < meanBefore) return false;
    this.drifts++;
    this.#log({
      event: "drift",
      text: `predictions have become worse: ${this.#tell(meanBefore, meanAfter)}; what is measured may have changed`,
      problem: true,
      details: { drifts: this.drifts },
    });
    return true;
  }

  /** Between 0 and 1: whether the class was wrong, or how far a number was off beside what its mean is off by. */
  #errorOf(target: number): number {
    const { metrics, predictedClass, prediction } = this.#learner;
    if (!(metrics instanceof RegressionMetrics)) return predictedClass === target ? 0 : 1;
    const off = Math.abs(prediction[0] - target);
    return off === 0 ? 0 : off / (off + metrics.baselineMae);
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
