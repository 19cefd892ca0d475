import type { State } from "../../state.ts";
import {
  type Numbers,
  notNegative,
  parts,
  roundingOf,
  sampled,
  whole,
  wholeWithin,
} from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { given } from "./channel-forecast.ts";

/** Rows of a block; the window is the block under way and the one before. */
const blockRows = 32;
/** Rows from look to look at the window, which moves slowly: a look at each row costs eight times as much and finds no more. */
const rowsPerLook = 8;
/** Rows before the window is compared with those before it. */
const settledRows = 2 * blockRows;
/** Slowest rate of what is usual, from look to look. */
const slowest = rowsPerLook / 2000;
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
  /** Of the latest look: the bound that is most unlike what is usual, what is usual of it, and by how much. */
  bound: 10,
  usual: 11,
  window: 12,
  score: 13,
  count: 14,
} as const;

/**
 * How far the minimum of the latest 32 to 64 rows is above the usual minimum, or their maximum below the usual maximum, in
 * standard deviations of that. Detects a value that no longer returns to its usual level: a pump that does not stop, a door
 * that stays open, a slow ramp.
 */
export class WindowBounds {
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

  /** Rows of the window at the latest look. */
  get windowRows(): number {
    return this.#scalars[at.window];
  }

  /** Whether the latest row was a look at the window. */
  get hasLooked(): boolean {
    return this.#scalars[at.inBlock] % rowsPerLook === 0;
  }

  /**
   * Takes a value, and writes how unusual the window was at the latest look to `raw[index]`: 0 or more, 0 for the first 64 rows.
   * Allocates nothing.
   *
   * @param row value and deviation of the column, as in `ChannelForecast.given`
   */
  observe(row: Float64Array, raw: Float64Array, index: number): void {
    const s = this.#scalars;
    const held = row[given.held];
    const isNew = s[at.inBlock] === 0;
    s[at.lowest] = isNew ? held : Math.min(s[at.lowest], held);
    s[at.highest] = isNew ? held : Math.max(s[at.highest], held);
    s[at.inBlock]++;
    s[at.rows]++;
    if (s[at.inBlock] % rowsPerLook === 0) this.#look(row);
    raw[index] = s[at.score];
  }

  /** Compares the window with those before it, learns from it, and ends a block that is full. */
  #look(row: Float64Array): void {
    const s = this.#scalars;
    const isWhole = s[at.rows] > blockRows;
    const low = isWhole ? Math.min(s[at.lowest], s[at.lowestBefore]) : s[at.lowest];
    const high = isWhole ? Math.max(s[at.highest], s[at.highestBefore]) : s[at.highest];
    s[at.score] = 0;
    s[at.window] = s[at.inBlock] + (isWhole ? blockRows : 0);
    if (s[at.rows] > settledRows) {
      const least = leastScale * row[given.deviation] + 1e-300;
      const above = (low - s[at.floor]) / (Math.sqrt(s[at.floorVariance]) + least);
      const below = (s[at.ceiling] - high) / (Math.sqrt(s[at.ceilingVariance]) + least);
      const isFloor = above >= below;
      s[at.score] = Math.max(0, above, below);
      s[at.bound] = isFloor ? low : high;
      s[at.usual] = isFloor ? s[at.floor] : s[at.ceiling];
    }
    if (isWhole) this.#learn(low, high);
    if (s[at.inBlock] < blockRows) return;
    s[at.inBlock] = 0;
    s[at.lowestBefore] = s[at.lowest];
    s[at.highestBefore] = s[at.highest];
  }

  #learn(low: number, high: number): void {
    const s = this.#scalars;
    // The first of them takes the place of what is usual.
    const rate = Math.max(rowsPerLook / (s[at.rows] - blockRows), slowest);
    const ofLow = low - s[at.floor];
    const ofHigh = high - s[at.ceiling];
    s[at.floor] += rate * ofLow;
    s[at.floorVariance] = (1 - rate) * (s[at.floorVariance] + rate * ofLow * ofLow);
    s[at.ceiling] += rate * ofHigh;
    s[at.ceilingVariance] = (1 - rate) * (s[at.ceilingVariance] + rate * ofHigh * ofHigh);
  }

  state(): State {
    return { scalars: this.#scalars };
  }

  /**
   * Restores the stored state of a column whose values so far were from `lowest` to `highest`.
   * @throws RivuletError, with nothing changed, where it cannot be one of such a column
   */
  restore(state: State, lowest: number, highest: number): void {
    restoreArrays({ scalars: this.#scalars }, state, "bounds of a window", {
      scalars: (scalars) => sane(scalars) ?? faultOf(scalars, lowest, highest),
    });
  }
}

const sane = parts(sampled, [
  [at.rows, whole],
  [at.inBlock, wholeWithin(0, blockRows - 1)],
  [at.window, wholeWithin(0, 2 * blockRows)],
  [at.floorVariance, notNegative],
  [at.ceilingVariance, notNegative],
  [at.score, notNegative],
]);

function faultOf(s: Numbers, lowest: number, highest: number): string | null {
  if (s[at.rows] % blockRows !== s[at.inBlock])
    return `${s[at.inBlock]} rows of its block do not fit ${s[at.rows]} rows in all`;
  if (s[at.lowest] > s[at.highest] || s[at.lowestBefore] > s[at.highestBefore])
    return "its least value is above its greatest";
  // Until two blocks are under way nothing is known of what is usual.
  if (s[at.rows] < blockRows + rowsPerLook) return null;
  const rounding = roundingOf(lowest, highest);
  const range = highest - lowest;
  if (!(Math.min(s[at.floor], s[at.lowest], s[at.lowestBefore]) >= lowest - rounding))
    return `its least values are below the column's ${lowest}`;
  if (!(Math.max(s[at.ceiling], s[at.highest], s[at.highestBefore]) <= highest + rounding))
    return `its greatest values are above the column's ${highest}`;
  if (!(s[at.floor] <= s[at.ceiling] + rounding))
    return `the usual least value ${s[at.floor]} is above the usual greatest ${s[at.ceiling]}`;
  if (!(Math.max(s[at.floorVariance], s[at.ceilingVariance]) <= range * range + rounding))
    return `its variances are too large for the column's range ${lowest} to ${highest}`;
  return null;
}
