import type { State, Stateful } from "../../state.ts";
import { finite, notNegative, parts, whole, wholeWithin } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { given } from "./channel-forecast.ts";

/** Rows of a block; the window is the block under way and the one before. */
const blockRows = 32;
/** Rows before the window is compared with those before it. */
const settledRows = 2 * blockRows;
/** Slowest rate of what is usual. */
const slowest = 1 / 2000;
/** Where all windows had the same bound, this part of the column's deviation is the scale. */
const leastScale = 0.01;

const at = {
  rows: 0,
  inBlock: 1,
  lowest: 2,
  highest: 3,
  lowestBefore: 4,
  highestBefore: 5,
  floor: 6,
  floorVariance: 7,
  ceiling: 8,
  ceilingVariance: 9,
  /** Of the latest row: the bound that is most unlike what is usual, what is usual of it, and by how much. */
  bound: 10,
  usual: 11,
  score: 12,
  count: 13,
} as const;

/**
 * How far the least value of the latest 32 to 64 rows is above, or the greatest below, what they usually are, in deviations of
 * that. Finds what never comes back: a pump that does not stop, a door that stays open, a ramp whose steps are all small.
 */
export class WindowBounds implements Stateful {
  readonly #scalars = new Float64Array(at.count);

  static readonly bytes = 8 * at.count;

  /** The bound that is most unlike what is usual: the least value of the window or the greatest. */
  get bound(): number {
    return this.#scalars[at.bound];
  }

  /** What is usual of that bound: below it where the least value is meant, above where the greatest is. */
  get usual(): number {
    return this.#scalars[at.usual];
  }

  /** Rows of the window. */
  get windowRows(): number {
    const s = this.#scalars;
    return Math.min(s[at.rows], s[at.inBlock] + blockRows);
  }

  /**
   * Takes a value, and writes how unusual the window is to `raw[index]`: 0 or more, 0 for the first 64 rows. Allocates nothing.
   *
   * @param row value and deviation of the column, as in `ChannelForecast.given`
   */
  observe(row: Float64Array, raw: Float64Array, index: number): void {
    const s = this.#scalars;
    const held = row[given.held];
    const isFirst = s[at.rows] === 0;
    const isNew = s[at.inBlock] === 0;
    s[at.lowest] = isNew ? held : Math.min(s[at.lowest], held);
    s[at.highest] = isNew ? held : Math.max(s[at.highest], held);
    const isSettled = s[at.rows] >= blockRows;
    const low = isSettled ? Math.min(s[at.lowest], s[at.lowestBefore]) : s[at.lowest];
    const high = isSettled ? Math.max(s[at.highest], s[at.highestBefore]) : s[at.highest];
    if (isFirst || s[at.rows] === blockRows) {
      s[at.floor] = low;
      s[at.ceiling] = high;
    }
    s[at.score] = 0;
    if (s[at.rows] >= settledRows) {
      const least = leastScale * row[given.deviation] + 1e-300;
      const above = (low - s[at.floor]) / (Math.sqrt(s[at.floorVariance]) + least);
      const below = (s[at.ceiling] - high) / (Math.sqrt(s[at.ceilingVariance]) + least);
      const isFloor = above >= below;
      s[at.score] = Math.max(0, above, below);
      s[at.bound] = isFloor ? low : high;
      s[at.usual] = isFloor ? s[at.floor] : s[at.ceiling];
    }
    raw[index] = s[at.score];
    this.#learn(low, high);
  }

  #learn(low: number, high: number): void {
    const s = this.#scalars;
    if (s[at.rows]++ >= blockRows) {
      const rate = Math.max(1 / (s[at.rows] - blockRows), slowest);
      const ofLow = low - s[at.floor];
      const ofHigh = high - s[at.ceiling];
      s[at.floor] += rate * ofLow;
      s[at.floorVariance] = (1 - rate) * (s[at.floorVariance] + rate * ofLow * ofLow);
      s[at.ceiling] += rate * ofHigh;
      s[at.ceilingVariance] = (1 - rate) * (s[at.ceilingVariance] + rate * ofHigh * ofHigh);
    }
    if (++s[at.inBlock] < blockRows) return;
    s[at.inBlock] = 0;
    s[at.lowestBefore] = s[at.lowest];
    s[at.highestBefore] = s[at.highest];
  }

  state(): State {
    return { scalars: this.#scalars };
  }

  restore(state: State): void {
    restoreArrays({ scalars: this.#scalars }, state, "bounds of a window", {
      scalars: parts(finite, [
        [at.rows, whole],
        [at.inBlock, wholeWithin(0, blockRows - 1)],
        [at.floorVariance, notNegative],
        [at.ceilingVariance, notNegative],
        [at.score, notNegative],
      ]),
    });
  }
}
