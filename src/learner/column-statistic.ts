/**
 * Mean, variance and range of each column of a stream, by which its numbers are standardized, and which one impossible
 * number cannot spoil.
 */
import { type Arena, arenaFor, float64 } from "../engine/running/arena.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";

export interface ColumnStatisticOptions {
  columns: number;
  /** Smallest weight of a new number in mean and variance; 0: all numbers count alike. Default 0. */
  floor?: number;
}

/** Numbers that are kept and looked at together before the running update takes over. */
const firstNumbers = 32;
/** A glitch lies farther outside the range than this many times its width. */
const glitchRanges = 20;
/** The same where the range has no width: this many times 1 + the only number's magnitude. */
const glitchMagnitudes = 1000;
/** So many glitches one after the other are the column's new nature. */
const glitchesUntilRestart = 16;
/** Numbers farther from the mean count as this many standard deviations away. */
const winsorized = 8;

const rows = { count: 0, mean: 1, variance: 2, lowest: 3, highest: 4, run: 5, used: 6, glitches: 7 } as const;
const rowCount = 8;

/** Where the first numbers of a column and their distances from the median are sorted, within one call. */
const sorted = new Float64Array(firstNumbers);
const distances = new Float64Array(firstNumbers);

const blocksFor = (columns: number) => ({
  moments: float64(rowCount, columns),
  before: float64(rowCount, columns),
  first: float64(columns, firstNumbers),
});

/**
 * Statistics of the columns of a stream. The first 32 numbers of a column are judged together: those far from their
 * median, by the spread of the nearest seven eighths, count as the median. After that a number 20 ranges outside the
 * range so far is a glitch: it is missing, and nothing is learned from it, unless 16 come one after the other, which
 * restart the column. The others are held within 8 standard deviations (winsorized) before mean and variance follow by
 * k = max(1 / n, floor): m += k e, v = (1 - k)(v + k e^2) with e = x - m (West, 1979; with k = 1 / n Welford, 1962).
 */
export class ColumnStatistic implements Stateful {
  readonly columns: number;
  readonly floor: number;
  /** [columns]: views on the mean and the population variance of each. Read them only. */
  readonly means: Float64Array;
  readonly variances: Float64Array;
  /** [8, columns]: count, mean, variance, lowest, highest, glitches in a row, whether the last number is used, glitches. */
  readonly #moments: Float64Array;
  readonly #before: Float64Array;
  /** [columns, 32] */
  readonly #first: Float64Array;

  static bytes = ({ columns }: ColumnStatisticOptions) => blocksFor(columns);

  constructor({ columns, floor = 0 }: ColumnStatisticOptions, arena?: Arena) {
    const blocks = blocksFor(columns);
    const { moments, before, first } = arenaFor(blocks, arena).place(blocks);
    this.columns = columns;
    this.floor = floor;
    this.#moments = moments;
    this.means = moments.subarray(rows.mean * columns, (rows.mean + 1) * columns);
    this.variances = moments.subarray(rows.variance * columns, (rows.variance + 1) * columns);
    this.#before = before;
    this.#first = first;
  }

  count(column: number): number {
    return this.#moments[rows.count * this.columns + column];
  }

  /** Whether the column's last number was used, or was a glitch: then it counts as missing. */
  isUsed(column: number): boolean {
    return this.#moments[rows.used * this.columns + column] === 1;
  }

  /** Numbers of the column that were not used. */
  glitches(column: number): number {
    return this.#moments[rows.glitches * this.columns + column];
  }

  /** Learns from the numbers at `offset` of `values` [columns]. Allocates nothing. */
  learn(values: Float64Array, offset: number): void {
    const { columns } = this;
    const moments = this.#moments;
    for (let column = 0; column < columns; column++) {
      const used = this.#learnColumn(values, offset + column, column) ? 1 : 0;
      moments[rows.used * columns + column] = used;
      moments[rows.glitches * columns + column] += 1 - used;
    }
  }

  #learnColumn(values: Float64Array, at: number, column: number): boolean {
    const { columns } = this;
    const moments = this.#moments;
    const countAt = rows.count * columns + column;
    if (moments[countAt] < firstNumbers) return this.#learnFirst(values, at, column);
    const value = values[at];
    const lowestAt = rows.lowest * columns + column;
    const highestAt = rows.highest * columns + column;
    const runAt = rows.run * columns + column;
    const range = moments[highestAt] - moments[lowestAt];
    const margin = range > 0 ? glitchRanges * range : glitchMagnitudes * (1 + Math.abs(moments[lowestAt]));
    if (value > moments[highestAt] + margin || value < moments[lowestAt] - margin) {
      moments[runAt]++;
      if (moments[runAt] < glitchesUntilRestart) return false;
      moments[countAt] = 0;
      moments[runAt] = 0;
      return this.#learnFirst(values, at, column);
    }
    moments[runAt] = 0;
    if (value < moments[lowestAt]) moments[lowestAt] = value;
    if (value > moments[highestAt]) moments[highestAt] = value;
    const meanAt = rows.mean * columns + column;
    const varianceAt = rows.variance * columns + column;
    const mean = moments[meanAt];
    const variance = moments[varianceAt];
    let error = value - mean;
    if (variance > 0) {
      const most = winsorized * Math.sqrt(variance);
      error = Math.min(Math.max(error, -most), most);
    }
    moments[countAt]++;
    const rate = Math.max(1 / moments[countAt], this.floor);
    moments[meanAt] = mean + rate * error;
    moments[varianceAt] = (1 - rate) * (variance + rate * error * error);
    return true;
  }

  /** Judges the first numbers of a column together. */
  #learnFirst(values: Float64Array, at: number, column: number): boolean {
    const { columns } = this;
    const moments = this.#moments;
    const value = values[at];
    const start = column * firstNumbers;
    const count = moments[rows.count * columns + column] + 1;
    moments[rows.count * columns + column] = count;
    this.#first[start + count - 1] = value;
    for (let i = 0; i < count; i++) sorted[i] = this.#first[start + i];
    sort(sorted, count);
    const median = sorted[count >> 1];
    for (let i = 0; i < count; i++) distances[i] = Math.abs(sorted[i] - median);
    sort(distances, count);
    const spread = distances[Math.max(0, count - 1 - ((count + 7) >> 3))];
    const margin = spread > 0 ? glitchRanges * spread : glitchMagnitudes * (1 + Math.abs(median));
    const isJudged = count >= 3;
    let sum = 0;
    let lowest = median;
    let highest = median;
    for (let i = 0; i < count; i++) {
      if (isJudged && Math.abs(sorted[i] - median) > margin) sorted[i] = median;
      lowest = Math.min(lowest, sorted[i]);
      highest = Math.max(highest, sorted[i]);
      sum += sorted[i] / count;
    }
    let squares = 0;
    for (let i = 0; i < count; i++) squares += ((sorted[i] - sum) * (sorted[i] - sum)) / count;
    moments[rows.mean * columns + column] = sum;
    moments[rows.variance * columns + column] = squares;
    moments[rows.lowest * columns + column] = lowest;
    moments[rows.highest * columns + column] = highest;
    return !isJudged || Math.abs(value - median) <= margin;
  }

  /**
   * Writes the numbers at `offset` of `values` to `out`, in standard deviations from the mean, held within `bound`; 0 for
   * a number that is not used and for a column that has not varied. Allocates nothing.
   */
  standardize(
    values: Float64Array,
    offset: number,
    out: Float32Array | Float64Array,
    outAt: number,
    bound: number,
  ): void {
    const { columns } = this;
    const moments = this.#moments;
    for (let column = 0; column < columns; column++) {
      const mean = moments[rows.mean * columns + column];
      const deviation = Math.sqrt(moments[rows.variance * columns + column]);
      // A deviation of rounding errors alone is none.
      const varies = deviation > 1e-12 * Math.abs(mean) && moments[rows.used * columns + column] === 1;
      const score = varies ? (values[offset + column] - mean) / deviation : 0;
      out[outAt + column] = Math.min(Math.max(score, -bound), bound);
    }
  }

  /** Keeps the statistics as they are, so that `recall` takes back what was learned since. */
  remember(): void {
    this.#before.set(this.#moments);
  }

  recall(): void {
    this.#moments.set(this.#before);
  }

  state(): State {
    return { moments: this.#moments, first: this.#first };
  }

  restore(state: State): void {
    const { moments, first } = (state ?? {}) as { moments: State; first: State };
    const fitting = new Float64Array(this.#moments.length);
    restoreBlock(fitting, moments, "column statistics");
    restoreBlock(this.#first, first, "first numbers of columns");
    this.#moments.set(fitting);
  }
}

/** Sorts the first `count` numbers in place, by insertion: they are few, and a sample apart they are almost sorted. */
function sort(numbers: Float64Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const number = numbers[i];
    let at = i;
    while (at > 0 && numbers[at - 1] > number) {
      numbers[at] = numbers[at - 1];
      at--;
    }
    numbers[at] = number;
  }
}
