/** An interval around a predicted number that contains the target with the requested frequency. */

import { takeExponential } from "../engine/model/exponential.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { notNegative, parts, whole, within } from "../state-check.ts";

/** How fast the width adapts to misses. */
const learningRate = 0.1;
/** Smallest weight of a new error in their running mean. */
const floor = 0.02;
/** Errors before the width is adapted. */
const warmUp = 20;
/** Errors before coverage is counted. */
const uncounted = 100;
const largestFactor = 1e6;

const at = { factor: 0, meanError: 1, count: 2, covered: 3, counted: 4 } as const;

const sane = parts(whole, [
  [at.factor, within(0, largestFactor)],
  [at.meanError, notNegative],
]);

/**
 * Half width b s, with s the running mean of |error| and b adapted to misses: b *= exp(0.1 (miss - (1 -
 * coverage))). Adaptive conformal inference (Gibbs and Candes, 2021) with the scale tracked as by Angelopoulos, Candes
 * and Tibshirani (2023). The coverage is that of the long run, not of each region.
 */
export class Interval implements Stateful {
  /** Share of targets that the interval should contain. */
  readonly coverage: number;
  readonly #block = new Float64Array(5);
  readonly #step = new Float64Array(1);

  constructor({ coverage = 0.9 } = {}) {
    this.coverage = coverage;
    this.#block[at.factor] = 2;
  }

  /** Half the width around the next prediction, in the target's units; 0 before the first error. */
  get halfWidth(): number {
    return this.#block[at.factor] * this.#block[at.meanError];
  }

  /** Share of the targets inside the interval, from the hundredth target on; 0 before. */
  get realizedCoverage(): number {
    const counted = this.#block[at.counted];
    return counted === 0 ? 0 : this.#block[at.covered] / counted;
  }

  /** Learns from one prediction: `target[targetAt]` is the truth, `prediction[0]` the answer. */
  observe(target: Float64Array, targetAt: number, prediction: Float64Array): void {
    const block = this.#block;
    const error = Math.abs(prediction[0] - target[targetAt]);
    const missed = error > block[at.factor] * block[at.meanError] ? 1 : 0;
    block[at.count]++;
    if (block[at.count] > warmUp) {
      const step = this.#step;
      step[0] = learningRate * (missed - (1 - this.coverage));
      takeExponential(step, 0);
      block[at.factor] = Math.min(block[at.factor] * step[0], largestFactor);
    }
    if (block[at.count] > uncounted) {
      block[at.counted]++;
      block[at.covered] += 1 - missed;
    }
    block[at.meanError] += Math.max(1 / block[at.count], floor) * (error - block[at.meanError]);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "interval", sane);
  }
}
