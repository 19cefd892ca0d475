import type { State, Stateful } from "../state.ts";
import { finite, notNegative, parts, wholeWithin } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";

/** Indices into the block, before its three arrays of `window` numbers. */
const at = { next: 0, full: 1, mean: 2, deviations: 3 } as const;
const totalsLength = 4;

/**
 * Mean and variance of the last `window` values. No old value is ever subtracted: the stream is divided into blocks of
 * `window` values, and any window is the end of one block and the beginning of the next. The beginning grows by
 * Welford's update, all ends of a block are computed once when it is full, and both are combined by the formula of
 * Chan, Golub and LeVeque, 1979. So a large offset, the rounding of a year, or a spike that has left the window has no
 * effect. A value costs constant time on average and no allocation.
 */
export class RollingStatistics implements Stateful {
  readonly window: number;
  readonly #block: Float64Array;
  readonly #values: Float64Array;
  /** Mean and sum of squared deviations of the last full block, from each index to its end. */
  readonly #endMean: Float64Array;
  readonly #endDeviations: Float64Array;

  /** `window`: number of latest values that count, a whole number of 1 or more. */
  constructor(window: number) {
    this.window = window;
    this.#block = new Float64Array(totalsLength + 3 * window);
    this.#values = this.#block.subarray(totalsLength, totalsLength + window);
    this.#endMean = this.#block.subarray(totalsLength + window, totalsLength + 2 * window);
    this.#endDeviations = this.#block.subarray(totalsLength + 2 * window);
  }

  /** Adds a value; the oldest one leaves the window. Allocates nothing. */
  learn(value: number): void {
    const block = this.#block;
    if (block[at.next] === this.window) this.#closeBlock();
    this.#values[block[at.next]++] = value;
    const deviation = value - block[at.mean];
    block[at.mean] += deviation / block[at.next];
    block[at.deviations] += deviation * (value - block[at.mean]);
  }

  #closeBlock(): void {
    const block = this.#block;
    let mean = 0;
    let deviations = 0;
    for (let i = this.window - 1, count = 1; i >= 0; i--, count++) {
      const deviation = this.#values[i] - mean;
      mean += deviation / count;
      deviations += deviation * (this.#values[i] - mean);
      this.#endMean[i] = mean;
      this.#endDeviations[i] = deviations;
    }
    block[at.next] = 0;
    block[at.full] = 1;
    block[at.mean] = 0;
    block[at.deviations] = 0;
  }

  /** Values in the window: fewer than `window` only at the start. */
  get count(): number {
    return this.#block[at.full] === 1 ? this.window : this.#block[at.next];
  }

  /** Values in the window that belong to the block before this one. */
  get #older(): number {
    return this.#block[at.full] === 1 ? this.window - this.#block[at.next] : 0;
  }

  /** Mean of the values in the window; 0 before the first. */
  get mean(): number {
    const block = this.#block;
    const older = this.#older;
    if (older === 0) return block[at.mean];
    const next = block[at.next];
    return block[at.mean] + ((this.#endMean[next] - block[at.mean]) * older) / this.window;
  }

  /** Mean squared deviation of the values in the window from their mean; 0 before the first. */
  get populationVariance(): number {
    const block = this.#block;
    const older = this.#older;
    const next = block[at.next];
    if (older === 0) return next === 0 ? 0 : block[at.deviations] / next;
    const apart = this.#endMean[next] - block[at.mean];
    const between = (apart * apart * older * next) / this.window;
    return (block[at.deviations] + this.#endDeviations[next] + between) / this.window;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const { window } = this;
    const sane = parts(finite, [
      [at.next, wholeWithin(0, window)],
      [at.full, wholeWithin(0, 1)],
      [at.deviations, notNegative],
      [[totalsLength + 2 * window, totalsLength + 3 * window], notNegative],
    ]);
    restoreBlock(this.#block, state, "rolling statistics", sane);
  }
}
