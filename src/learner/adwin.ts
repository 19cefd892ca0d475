/**
 * ADWIN, the adaptive window of Bifet and Gavalda (Learning from Time-Changing Data with Adaptive Windowing, SIAM SDM
 * 2007): keeps the longest run of latest numbers whose mean shows no significant change, and so detects when
 * it changes. Numbers are held as an exponential histogram: buckets of 1, 2, 4, ... of them, so that memory grows with
 * the logarithm of the window.
 */

import { RivuletError } from "../errors/errors.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { State, Stateful } from "../state.ts";
import { restoreArrays } from "./restore-arrays.ts";

export interface AdwinOptions {
  /** How likely a change may be found where there is none, at each look. Default 0.002. */
  delta?: number;
  /** Numbers between two looks. Default 32. */
  clock?: number;
}

/** Buckets of one size before the two oldest are merged. */
const mostBuckets = 5;
/** Numbers on either side of a cut, at least. */
const smallestPart = 5;
/** Sizes of buckets: enough for 2^40 numbers. */
const levels = 38;
const slots = mostBuckets + 1;

const at = { width: 0, total: 1, deviation: 2, before: 3, after: 4 } as const;

/** Takes numbers one by one, of which all that matters is in [0, 1] or so. Allocates nothing after it was made. */
export class Adwin implements Stateful {
  readonly #delta: number;
  readonly #clock: number;
  /** Sum of a bucket's numbers, and of their squared distances from their mean, [levels, slots]; the oldest first. */
  readonly #totals = new Float64Array(levels * slots);
  readonly #deviations = new Float64Array(levels * slots);
  /** Buckets of each size, [levels]. */
  readonly #counts = new Float64Array(levels);
  /** Numbers in the window, their sum, and that of their squared distances from their mean; means at the latest cut. */
  readonly #window = new Float64Array(5);
  readonly #cell = new Float64Array(1);
  /** [1]: numbers since the last look. */
  readonly #sinceLook = new Float64Array(1);

  /** @throws RivuletError where an option makes no sense */
  constructor({ delta = 0.002, clock = 32 }: AdwinOptions = {}) {
    if (!(delta > 0 && delta < 1)) {
      throw new RivuletError(
        "argument.bad-value",
        `delta of a drift detector must be between 0 and 1, found ${delta}`,
      );
    }
    if (!(Number.isInteger(clock) && clock >= 1)) {
      throw new RivuletError(
        "argument.bad-value",
        `clock of a drift detector must be a whole number of at least 1, found ${clock}`,
      );
    }
    this.#delta = delta;
    this.#clock = clock;
  }

  /** Numbers in the window. */
  get width(): number {
    return this.#window[at.width];
  }

  get mean(): number {
    return this.width === 0 ? 0 : this.#window[at.total] / this.width;
  }

  /** Mean of the older numbers, and of the newer ones, where `observe` last found a change. */
  get meanBefore(): number {
    return this.#window[at.before];
  }

  get meanAfter(): number {
    return this.#window[at.after];
  }

  /** Takes the number `numbers[0]`; true where the mean has changed: then the older numbers are forgotten. */
  observe(numbers: Float64Array): boolean {
    this.#add(numbers[0]);
    this.#sinceLook[0]++;
    if (this.#sinceLook[0] < this.#clock) return false;
    this.#sinceLook[0] = 0;
    let changed = false;
    while (this.#cutIsDue()) {
      this.#dropOldest();
      changed = true;
    }
    return changed;
  }

  /** Arrays by name: all that is known of the window. */
  get #arrays(): Record<string, Float64Array> {
    return {
      totals: this.#totals,
      deviations: this.#deviations,
      counts: this.#counts,
      window: this.#window,
      sinceLook: this.#sinceLook,
    };
  }

  state(): State {
    return { ...this.#arrays };
  }

  /** @throws RivuletError, with nothing changed, where the state is of no such window */
  restore(state: State): void {
    const { counts, window } = (state ?? {}) as Record<string, Float64Array>;
    if (counts instanceof Float64Array && window instanceof Float64Array) {
      const width = counts.reduce((sum, count, level) => sum + count * 2 ** level, 0);
      const areWhole = counts.every((count) => Number.isInteger(count) && count >= 0 && count <= mostBuckets);
      if (!areWhole || width !== window[at.width]) {
        throw new RivuletError(
          "state.mismatch",
          `found ${width} numbers in the buckets of the stored drift detector, expected ${window[at.width]}, the width of its window; restore another state`,
        );
      }
    }
    restoreArrays(this.#arrays, state, "window of a drift detector");
  }

  #add(number: number): void {
    const window = this.#window;
    const width = window[at.width];
    if (width > 0) {
      const distance = number - window[at.total] / width;
      window[at.deviation] += (width * distance * distance) / (width + 1);
    }
    window[at.width] = width + 1;
    window[at.total] += number;
    this.#push(0, number, 0);
    for (let level = 0; this.#counts[level] > mostBuckets; level++) this.#mergeOldest(level);
  }

  #push(level: number, total: number, deviation: number): void {
    const slot = level * slots + this.#counts[level]++;
    this.#totals[slot] = total;
    this.#deviations[slot] = deviation;
  }

  /** The two oldest buckets of a size become one of double the size. */
  #mergeOldest(level: number): void {
    const totals = this.#totals;
    const deviations = this.#deviations;
    const first = level * slots;
    const size = 2 ** level;
    const distance = (totals[first] - totals[first + 1]) / size;
    const deviation = deviations[first] + deviations[first + 1] + (size * distance * distance) / 2;
    this.#push(level + 1, totals[first] + totals[first + 1], deviation);
    this.#shift(level, 2);
  }

  #shift(level: number, by: number): void {
    const first = level * slots;
    this.#totals.copyWithin(first, first + by, first + slots);
    this.#deviations.copyWithin(first, first + by, first + slots);
    this.#counts[level] -= by;
  }

  /** The size of the oldest buckets, as a power of two. */
  #oldestLevel(): number {
    let level = levels - 1;
    while (this.#counts[level] === 0) level--;
    return level;
  }

  #dropOldest(): void {
    const window = this.#window;
    const level = this.#oldestLevel();
    const size = 2 ** level;
    const total = this.#totals[level * slots];
    window[at.width] -= size;
    window[at.total] -= total;
    const distance = total / size - window[at.total] / window[at.width];
    const between = (size * window[at.width] * distance * distance) / (size + window[at.width]);
    window[at.deviation] = Math.max(0, window[at.deviation] - this.#deviations[level * slots] - between);
    this.#shift(level, 1);
  }

  /** Whether two parts of the window, cut at any boundary of buckets, have means that differ by more than chance. */
  #cutIsDue(): boolean {
    const window = this.#window;
    const width = window[at.width];
    const total = window[at.total];
    const variance = window[at.deviation] / width;
    const cell = this.#cell;
    cell[0] = width;
    takeLogarithm(cell, 0);
    cell[0] = (2 * cell[0]) / this.#delta;
    takeLogarithm(cell, 0);
    const confidence = cell[0];
    let older = 0;
    let olderTotal = 0;
    for (let level = this.#oldestLevel(); level >= 0; level--) {
      const size = 2 ** level;
      for (let slot = 0; slot < this.#counts[level]; slot++) {
        older += size;
        olderTotal += this.#totals[level * slots + slot];
        const newer = width - older;
        if (newer < smallestPart) return false;
        if (older < smallestPart) continue;
        const before = olderTotal / older;
        const after = (total - olderTotal) / newer;
        const harmonic = 1 / (older - smallestPart + 1) + 1 / (newer - smallestPart + 1);
        const bound = Math.sqrt(2 * harmonic * variance * confidence) + (2 / 3) * confidence * harmonic;
        if (Math.abs(before - after) <= bound) continue;
        window[at.before] = before;
        window[at.after] = after;
        return true;
      }
    }
    return false;
  }
}
