import type { State, Stateful } from "../state.ts";
import { restoreBlock } from "./restore.ts";

const at = { started: 0, mean: 1, variance: 2, meanSquare: 3 } as const;

/**
 * Exponentially weighted mean and variance: what lies `n` values back counts (1 - alpha)^n.
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
   * Takes in a value, which counts `weight` from then on instead of `alpha` where that is given; the first one is the
   * first mean. Allocates nothing.
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

  /** 0 before the first value. */
  get mean(): number {
    return this.#block[at.mean];
  }

  /** Keeps its digits at any offset of the values. */
  get variance(): number {
    return this.#block[at.variance];
  }

  /**
   * The same as mean square minus squared mean: what many devices compute, for comparison with them. Of values
   * whose offset is 1e8 times their spread or more, no digit of it is right.
   */
  get momentVariance(): number {
    return Math.max(0, this.#block[at.meanSquare] - this.mean * this.mean);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "fading statistics");
  }
}
