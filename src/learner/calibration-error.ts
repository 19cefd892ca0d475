/** Calibration error: how far probabilities are from observed frequencies. */

import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { finite, notNegative, parts, whole } from "../state-check.ts";

const bins = 10;

const sane = parts(finite, [
  [[0, bins], whole],
  [[bins, 2 * bins], notNegative],
]);

/** Answers that were about as sure: how many, how sure on average, and how often right. */
export interface CalibrationBin {
  answers: number;
  probability: number;
  right: number;
}

/**
 * Expected calibration error over ten bins (Naeini, Cooper and Hauskrecht, 2015): the mean over all answers of |mean
 * probability of the named class in a bin - share of right answers in it|.
 */
export class CalibrationError implements Stateful {
  /** [3, bins]: answers, sum of the probabilities of the named class, right answers. */
  readonly #sums = new Float64Array(3 * bins);

  /** Counts an answer: `probabilities` [classes] and the class named; `labels[at]` is the truth. */
  observe(labels: Float64Array, at: number, probabilities: Float64Array, named: number): void {
    const sums = this.#sums;
    const bin = Math.min(bins - 1, Math.floor(probabilities[named] * bins));
    sums[bin]++;
    sums[bins + bin] += probabilities[named];
    sums[2 * bins + bin] += labels[at] === named ? 1 : 0;
  }

  /** Corrects an answer that was counted with the wrong label `before[beforeAt]`. */
  correct(
    labels: Float64Array,
    at: number,
    before: Float64Array,
    beforeAt: number,
    probabilities: Float64Array,
    named: number,
  ): void {
    const bin = Math.min(bins - 1, Math.floor(probabilities[named] * bins));
    this.#sums[2 * bins + bin] += Number(labels[at] === named) - Number(before[beforeAt] === named);
  }

  /** The error so far, from 0 to 1; 0 before the first answer. */
  get error(): number {
    const sums = this.#sums;
    let answers = 0;
    let error = 0;
    for (let bin = 0; bin < bins; bin++) {
      answers += sums[bin];
      error += Math.abs(sums[bins + bin] - sums[2 * bins + bin]);
    }
    return answers === 0 ? 0 : error / answers;
  }

  /** Answers of each bin that has any: how many, their mean probability, and the share that was right. */
  get bins(): CalibrationBin[] {
    const sums = this.#sums;
    return Array.from({ length: bins }, (_, bin) => ({
      answers: sums[bin],
      probability: sums[bins + bin] / sums[bin],
      right: sums[2 * bins + bin] / sums[bin],
    })).filter(({ answers }) => answers > 0);
  }

  state(): State {
    return this.#sums;
  }

  restore(state: State): void {
    restoreBlock(this.#sums, state, "calibration error", sane);
  }
}
