import type { State, Stateful } from "../state.ts";
import { finite, notNegative, parts, wholeWithin } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";

const at = { started: 0, mean: 1, variance: 2, meanSquare: 3 } as const;

const sane = parts(notNegative, [
  [at.started, wholeWithin(0, 1)],
  [at.mean, finite],
]);

/**
 * Exponentially weighted mean and variance: the value `n` steps back has the weight (1 - alpha)^n.
 * The variance follows Finch, "Incremental calculation of weighted mean and variance", 2009.
 */
export class FadingStatistics implements Stateful {
  readonly alpha: number;
  readonly #block = new Float64Array(4);

  /** `alpha`: weight of the newest value, above 0 and at most 1. */
  constructor(alpha: number) {
    this.alpha = alpha;
  }

  /**
   * Adds a value, with `weight` in place of `alpha` if it is given; the first value is the first mean. Allocates
   * nothing.
   */
  learn(value: number, weight = this.alpha): void {
    const block = this.#block;
    if (block[at.started] === 0) {
      block[at.started] = 1;
      block[at.mean] = value;
      block[at.meanSquare] = value * value;
      return;
    }
    const difference = value - block[at.mean];
    const step = weight * difference;
    block[at.mean] += step;
    block[at.variance] = (1 - weight) * (block[at.variance] + difference * step);
    block[at.meanSquare] += weight * (value * value - block[at.meanSquare]);
  }

  /** Mean of the values; 0 before the first. */
  get mean(): number {
    return this.#block[at.mean];
  }

  /** Variance of the values; accurate at any offset of the values. */
  get variance(): number {
    return this.#block[at.variance];
  }

  /**
   * Variance as mean square minus squared mean, for comparison with devices that compute it so. If the offset of the
   * values is 1e8 times their spread or more, none of its digits is correct.
   */
  get momentVariance(): number {
    return Math.max(0, this.#block[at.meanSquare] - this.mean * this.mean);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "fading statistics", sane);
  }
}
