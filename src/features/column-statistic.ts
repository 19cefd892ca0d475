/**
 * Mean, variance and range of each column of a stream, by which its numbers are standardized, and which one impossible
 * number cannot spoil.
 */

import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import {
  finite,
  type Numbers,
  notNegative,
  parts,
  requireCheck,
  requireCounts,
  sampled,
  whole,
  within,
} from "../state-check.ts";
import { restoreBlock } from "./restore.ts";

export interface ColumnStatisticOptions {
  columns: number;
  /** Smallest weight of a new number in mean and variance; 0: all numbers count alike. Default 0. */
  floor?: number;
}

/** Memory of a statistic, all 0. */
export interface ColumnMemory {
  /** [12, columns]: see `rows`. */
  moments: Float64Array;
  /** [columns, 32]: the first numbers of each column. */
  first: Float64Array;
  /** [12, columns]: where `remember` keeps the moments; only for whoever calls it. */
  before?: Float64Array;
}

/** Numbers that are kept and judged together before the running update takes over. */
const firstNumbers = 32;
/** Fewer numbers have no median from which one could lie far. */
const fewestToJudge = 3;
/** So many show whether the first two were glitches. */
const enoughToJudgeFirst = 8;
/** A glitch lies farther outside the range than this many times its width. */
const glitchRanges = 20;
/** The same where the range has no width: this many times 1 + the only number's magnitude. */
const glitchMagnitudes = 1000;
/** So many glitches one after the other are the column's new nature. */
const glitchesUntilRestart = 16;
/** Numbers farther from the mean count as this many standard deviations away. */
const winsorized = 8;
/** Whatever is rounded, a number with a smaller squared distance, in variances, lies within that. */
const nearlyWinsorized = 63;
/** Seven eighths of numbers that are normally distributed lie within this many standard deviations of their median. */
const spreadDeviations = 1.534;
/**
 * A column that turns up and down this often within this part of its range has a new scale. The last bit of a 16-bit
 * converter is 15 millionths of its range, and a sensor at rest must not count.
 */
const smallRange = 2e-6;
const turnsUntilRestart = 48;

const rows = {
  count: 0,
  mean: 1,
  variance: 2,
  lowest: 3,
  highest: 4,
  /** Numbers in a row that are not used. */
  run: 5,
  glitches: 6,
  /** Sum of squared deviations, where all numbers count alike: to the bit that of version 0.1.0. */
  squares: 7,
  /** Latest numbers that stay within a small part of the range: the ends, the last, and how often they turned. */
  smallLowest: 8,
  smallHighest: 9,
  smallLast: 10,
  /** Its sign is the direction of the last change. */
  turns: 11,
} as const;
const rowCount = 12;

/** Shapes of the memory of a statistic. */
export const columnShapes = (columns: number) => ({
  moments: [rowCount, columns],
  first: [columns, firstNumbers],
  before: [rowCount, columns],
});

/** The first numbers of a column and their distances from the median are sorted here, within one call. */
const sorted = new Float64Array(firstNumbers);
const distances = new Float64Array(firstNumbers);
/** [3]: the median of the first numbers, how far from it a glitch is at least, and how far from it the others are held. */
const verdict = new Float64Array(3);

/** How far outside its range a number of a column is a glitch. */
const marginOf = (lowest: number, highest: number) =>
  highest > lowest ? glitchRanges * (highest - lowest) : glitchMagnitudes * (1 + Math.abs(lowest));

/**
 * Statistics of the columns of a stream. The first 32 numbers of a column are judged together: those far from their
 * median, by the spread of the nearest seven eighths, count as the median, and the others are held within 8 deviations by that spread.
 * After that a number 20 ranges outside the
 * range so far is a glitch: it is missing, and nothing is learned from it, unless 16 come one after the other, which
 * restart the column. The others are held within 8 standard deviations (winsorized) before mean and variance follow by
 * k = max(1 / n, floor): m += k e, v = (1 - k)(v + k e^2) with e = x - m (West, 1979; with k = 1 / n Welford, 1962).
 * A column that goes on in a millionth of its range restarts too.
 */
export class ColumnStatistic implements Stateful {
  readonly columns: number;
  readonly floor: number;
  /** [columns]: views on the mean and the population variance of each. Read them only. */
  readonly means: Float64Array;
  readonly variances: Float64Array;
  /** Numbers of all columns that were not used. */
  glitchTotal = 0;
  #glitchTotalBefore = 0;
  /** [12, columns] */
  readonly #moments: Float64Array;
  readonly #before: Float64Array;
  /** [columns, 32] */
  readonly #first: Float64Array;

  constructor({ columns, floor = 0 }: ColumnStatisticOptions, memory?: ColumnMemory) {
    const {
      moments,
      first,
      before = new Float64Array(0),
    } = memory ?? {
      moments: new Float64Array(rowCount * columns),
      first: new Float64Array(columns * firstNumbers),
    };
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

  lowest(column: number): number {
    return this.#moments[rows.lowest * this.columns + column];
  }

  highest(column: number): number {
    return this.#moments[rows.highest * this.columns + column];
  }

  /** Whether the column's last number was used, or was a glitch: then it counts as missing. */
  isUsed(column: number): boolean {
    return this.#moments[rows.run * this.columns + column] === 0;
  }

  /** Whether the column begins, or starts over, with its last number. */
  isBeginning(column: number): boolean {
    return this.count(column) === 1;
  }

  /**
   * Whether the last number shows that one of the column's first two, which nothing could be compared with when they came
   * and which were used, is a glitch.
   */
  isBegunByGlitch(column: number): boolean {
    if (this.count(column) !== enoughToJudgeFirst) return false;
    this.#judgeFirst(column, enoughToJudgeFirst);
    return this.#isFarFirst(column, 0) || this.#isFarFirst(column, 1);
  }

  /** Numbers of the column that were not used; those among its first 32 count once there are as many. */
  glitches(column: number): number {
    return this.#moments[rows.glitches * this.columns + column];
  }

  /** Whether a number of the column, learned or not, is a glitch by what is known now. */
  isGlitch(values: Float64Array, at: number, column: number): boolean {
    if (this.count(column) < fewestToJudge) return false;
    // Read in place: what a method returns may be boxed.
    const lowest = this.#moments[rows.lowest * this.columns + column];
    const highest = this.#moments[rows.highest * this.columns + column];
    if (values[at] >= lowest && values[at] <= highest) return false;
    const margin = marginOf(lowest, highest);
    return values[at] > highest + margin || values[at] < lowest - margin;
  }

  /** Which of the column's first 32 numbers is a glitch: the place of the first one; -1 for none or where others followed. */
  glitchAmongFirst(column: number): number {
    if (this.count(column) !== firstNumbers) return -1;
    this.#judgeFirst(column, firstNumbers);
    for (let i = 0; i < firstNumbers; i++) if (this.#isFarFirst(column, i)) return i;
    return -1;
  }

  /** Which number was the `place`th of the column's first ones. */
  firstNumber(column: number, place: number): number {
    return this.#first[column * firstNumbers + place];
  }

  /** Learns from the numbers at `offset` of `values` [columns]. Allocates nothing. */
  learn(values: Float64Array, offset: number): void {
    const { columns } = this;
    const counts = this.#moments;
    for (let column = 0; column < columns; column++) {
      if (counts[column] < firstNumbers) this.#learnFirst(values, offset + column, column);
      else if (this.#isUsual(values, offset + column, column)) {
        this.#followScale(values, offset + column, column);
        this.#learnMoments(values, offset + column, column);
      } else this.#learnColumn(values, offset + column, column);
    }
  }

  /**
   * Whether a number is like almost all: within the range, not after a glitch, and so far from the last one that neither the nature
   * of the column nor its scale has changed.
   */
  #isUsual(values: Float64Array, at: number, column: number): boolean {
    const { columns } = this;
    const moments = this.#moments;
    const value = values[at];
    const lowest = moments[rows.lowest * columns + column];
    const highest = moments[rows.highest * columns + column];
    const lastAt = rows.smallLast * columns + column;
    const isNear = Math.abs(value - moments[lastAt]) <= smallRange * (highest - lowest);
    const isOutside = value < lowest || value > highest;
    return !isNear && !isOutside && moments[rows.run * columns + column] === 0;
  }

  /** Looks for a smaller scale from this number on. */
  #followScale(values: Float64Array, at: number, column: number): void {
    const { columns } = this;
    const moments = this.#moments;
    const value = values[at];
    moments[rows.smallLowest * columns + column] = value;
    moments[rows.smallHighest * columns + column] = value;
    moments[rows.smallLast * columns + column] = value;
    moments[rows.turns * columns + column] = 0;
  }

  #learnColumn(values: Float64Array, at: number, column: number): void {
    const { columns } = this;
    const moments = this.#moments;
    const runAt = rows.run * columns + column;
    if (this.isGlitch(values, at, column)) {
      moments[runAt]++;
      if (moments[runAt] === glitchesUntilRestart) this.#restart(values, at, column);
      else this.#countGlitches(column, 1);
      return;
    }
    moments[runAt] = 0;
    if (this.#isRescaled(values, at, column)) {
      this.#restart(values, at, column);
      return;
    }
    const value = values[at];
    const lowestAt = rows.lowest * columns + column;
    const highestAt = rows.highest * columns + column;
    if (value < moments[lowestAt]) moments[lowestAt] = value;
    if (value > moments[highestAt]) moments[highestAt] = value;
    this.#learnMoments(values, at, column);
  }

  /** Mean and spread follow a number, which is held within 8 standard deviations. */
  #learnMoments(values: Float64Array, at: number, column: number): void {
    const { columns, floor } = this;
    const moments = this.#moments;
    const countAt = rows.count * columns + column;
    const meanAt = rows.mean * columns + column;
    const varianceAt = rows.variance * columns + column;
    const mean = moments[meanAt];
    const variance = moments[varianceAt];
    let held = values[at];
    const distance = held - mean;
    // A root takes as long as all the rest, and almost no number is so far out.
    if (variance > 0 && distance * distance > nearlyWinsorized * variance) {
      const most = winsorized * Math.sqrt(variance);
      held = Math.min(Math.max(held, mean - most), mean + most);
    }
    const error = held - mean;
    const count = moments[countAt] + 1;
    moments[countAt] = count;
    if (floor === 0) {
      moments[meanAt] = mean + error / count;
      const squaresAt = rows.squares * columns + column;
      moments[squaresAt] += error * (held - moments[meanAt]);
      moments[varianceAt] = moments[squaresAt] / count;
    } else {
      const rate = Math.max(1 / count, floor);
      moments[meanAt] = mean + rate * error;
      moments[varianceAt] = (1 - rate) * (variance + rate * error * error);
    }
  }

  /** Whether the latest numbers turn up and down in a part of the range so small that the scale must have changed. */
  #isRescaled(values: Float64Array, at: number, column: number): boolean {
    const { columns } = this;
    const moments = this.#moments;
    const value = values[at];
    const lowestAt = rows.smallLowest * columns + column;
    const highestAt = rows.smallHighest * columns + column;
    const lastAt = rows.smallLast * columns + column;
    const turnsAt = rows.turns * columns + column;
    const lowest = Math.min(moments[lowestAt], value);
    const highest = Math.max(moments[highestAt], value);
    // Read in place: what a method returns may be boxed.
    const range = moments[rows.highest * columns + column] - moments[rows.lowest * columns + column];
    if (highest - lowest > smallRange * range) {
      this.#followScale(values, at, column);
      return false;
    }
    moments[lowestAt] = lowest;
    moments[highestAt] = highest;
    const direction = Math.sign(value - moments[lastAt]);
    if (direction * moments[turnsAt] <= 0 && direction !== 0) {
      moments[turnsAt] = direction * (Math.abs(moments[turnsAt]) + 1);
    }
    moments[lastAt] = value;
    return Math.abs(moments[turnsAt]) > turnsUntilRestart;
  }

  #restart(values: Float64Array, at: number, column: number): void {
    const { columns } = this;
    const moments = this.#moments;
    moments[rows.count * columns + column] = 0;
    moments[rows.turns * columns + column] = 0;
    this.#learnFirst(values, at, column);
  }

  #countGlitches(column: number, count: number): void {
    this.#moments[rows.glitches * this.columns + column] += count;
    this.glitchTotal += count;
  }

  /** Learns the first numbers of a column again with each new one, as they are judged together. */
  #learnFirst(values: Float64Array, at: number, column: number): void {
    const { columns } = this;
    const moments = this.#moments;
    const countAt = rows.count * columns + column;
    const count = moments[countAt] + 1;
    this.#first[column * firstNumbers + count - 1] = values[at];
    this.#judgeFirst(column, count);
    const median = verdict[0];
    const most = count < enoughToJudgeFirst ? Number.POSITIVE_INFINITY : verdict[2];
    let mean = 0;
    let squares = 0;
    let lowest = median;
    let highest = median;
    let far = 0;
    for (let i = 0; i < count; i++) {
      const isFar = count >= fewestToJudge && this.#isFarFirst(column, i);
      const used = isFar ? median : this.#first[column * firstNumbers + i];
      if (isFar) far++;
      lowest = Math.min(lowest, used);
      highest = Math.max(highest, used);
      const held = Math.min(Math.max(used, median - most), median + most);
      const error = held - mean;
      mean += error / (i + 1);
      squares += error * (held - mean);
    }
    moments[countAt] = count;
    moments[rows.mean * columns + column] = mean;
    moments[rows.squares * columns + column] = squares;
    moments[rows.variance * columns + column] = squares / count;
    moments[rows.lowest * columns + column] = lowest;
    moments[rows.highest * columns + column] = highest;
    // Of a few numbers one looks like a glitch easily: they are counted when the verdict is the last.
    if (count === firstNumbers) this.#countGlitches(column, far);
    const isUsed = count < fewestToJudge || !this.#isFarFirst(column, count - 1);
    moments[rows.run * columns + column] = isUsed ? 0 : 1;
  }

  /** Writes the median of the first numbers and the distance of a glitch from it to `verdict`. */
  #judgeFirst(column: number, count: number): void {
    const start = column * firstNumbers;
    for (let i = 0; i < count; i++) sorted[i] = this.#first[start + i];
    sort(sorted, count);
    const median = sorted[count >> 1];
    for (let i = 0; i < count; i++) distances[i] = Math.abs(sorted[i] - median);
    sort(distances, count);
    const spread = distances[Math.max(0, count - 1 - ((count + 7) >> 3))];
    verdict[0] = median;
    verdict[1] = spread > 0 ? glitchRanges * spread : glitchMagnitudes * (1 + Math.abs(median));
    verdict[2] = spread > 0 ? (winsorized / spreadDeviations) * spread : verdict[1];
  }

  #isFarFirst(column: number, place: number): boolean {
    return Math.abs(this.#first[column * firstNumbers + place] - verdict[0]) > verdict[1];
  }

  /**
   * Writes the numbers at `offset` of `values`, which were learned last, to `out`, in standard deviations from the mean,
   * held within `bound`; 0 for a number that is not used and for a column that has not varied. Allocates nothing.
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
      // Rounding errors alone are not a deviation.
      const varies = deviation > 1e-12 * Math.abs(mean) && moments[rows.run * columns + column] === 0;
      const score = varies ? (values[offset + column] - mean) / deviation : 0;
      out[outAt + column] = Math.min(Math.max(score, -bound), bound);
    }
  }

  /**
   * Like `standardize`, for numbers that may not have been learned: held within the 8 standard deviations that the
   * statistic takes them for, and 0 for a glitch by what is known now. Allocates nothing.
   */
  score(values: Float64Array, offset: number, out: Float64Array): void {
    const { columns } = this;
    const moments = this.#moments;
    for (let column = 0; column < columns; column++) {
      const variance = moments[rows.variance * columns + column];
      out[column] = 0;
      if (!(variance > 0) || this.isGlitch(values, offset + column, column)) continue;
      const score = (values[offset + column] - moments[rows.mean * columns + column]) / Math.sqrt(variance);
      out[column] = Math.min(Math.max(score, -winsorized), winsorized);
    }
  }

  /** Keeps the statistics as they are, so that `recall` takes back what was learned since. */
  remember(): void {
    this.#before.set(this.#moments);
    this.#glitchTotalBefore = this.glitchTotal;
  }

  recall(): void {
    this.#moments.set(this.#before);
    this.glitchTotal = this.#glitchTotalBefore;
  }

  /** The first numbers are stored only while they are needed. */
  state(): State {
    const counts = this.#moments.subarray(0, this.columns);
    const needsFirst = counts.some((count) => count <= firstNumbers);
    return { moments: this.#moments, first: needsFirst ? this.#first : new Float64Array(0) };
  }

  restore(state: State): void {
    if (state instanceof Float64Array) this.#restoreWelford(state);
    else {
      const { moments, first } = (state ?? {}) as { moments: State; first: State };
      const fitting = new Float64Array(this.#moments.length);
      restoreBlock(fitting, moments, "column statistics", (moments) => faultOf(moments, this.columns));
      const hasFirst = !(first instanceof Float64Array && first.length === 0);
      if (hasFirst || fitting.subarray(0, this.columns).some((count) => count > 0 && count <= firstNumbers)) {
        restoreBlock(this.#first, first, "first numbers of columns", sampled);
      }
      this.#moments.set(fitting);
    }
    const { columns } = this;
    this.glitchTotal = 0;
    for (let column = 0; column < columns; column++) this.glitchTotal += this.glitches(column);
  }

  /**
   * Continues from the statistics of version 0.1.0: [1 + 4 columns], the count of rows, then means, sums of squared
   * deviations, lowest and highest of all columns. Fewer than 32 numbers are not known one by one any more: some with
   * their mean and deviation stand for them.
   */
  #restoreWelford(state: Float64Array): void {
    const { columns } = this;
    const moments = this.#moments;
    if (this.floor > 0 || state.length !== 1 + 4 * columns) {
      throw new RivuletError(
        "state.mismatch",
        `found ${state.length} float64 numbers as the stored statistics, expected those of ${columns} columns; restore a matching state`,
      );
    }
    requireCheck(state, sampled, "statistics");
    const [count] = state;
    requireCounts({ count }, "statistics");
    const [means, squares, lowest, highest] = [0, 1, 2, 3].map((row) =>
      state.subarray(1 + row * columns, 1 + (row + 1) * columns),
    );
    moments.fill(0);
    moments.fill(count, 0, columns);
    this.means.set(means);
    moments.set(squares, rows.squares * columns);
    moments.set(lowest, rows.lowest * columns);
    moments.set(highest, rows.highest * columns);
    for (let column = 0; column < columns && count > 0; column++) {
      this.variances[column] = squares[column] / count;
    }
    for (let column = 0; column < columns && count < firstNumbers; column++) {
      const deviation = Math.sqrt(this.variances[column]);
      for (let i = 0; i < count; i++) {
        this.#first[column * firstNumbers + i] = this.means[column] + (i % 2 === 0 ? deviation : -deviation);
      }
    }
  }
}

/** What is wrong with the moments of columns [12, columns], as a clause; null where nothing is. */
function faultOf(moments: Numbers, columns: number): string | null {
  const row = (place: number): [number, number] => [place * columns, (place + 1) * columns];
  const fault = parts(finite, [
    [row(rows.count), whole],
    [row(rows.run), whole],
    [row(rows.glitches), whole],
    [row(rows.squares), notNegative],
    [row(rows.lowest), sampled],
    [row(rows.highest), sampled],
    [row(rows.turns), within(-turnsUntilRestart - 1, turnsUntilRestart + 1)],
  ])(moments);
  if (fault !== null) return fault;
  for (let column = 0; column < columns; column++) {
    const of = (place: number) => moments[place * columns + column];
    const [count, mean, variance] = [rows.count, rows.mean, rows.variance].map(of);
    const [lowest, highest, squares] = [rows.lowest, rows.highest, rows.squares].map(of);
    const range = highest - lowest;
    const rounding = 1e-9 * (Math.abs(lowest) + Math.abs(highest)) + 1e-6 * range;
    const isInRange = mean >= lowest - rounding && mean <= highest + rounding;
    if (!isInRange)
      return `the mean of column ${column} is ${mean}, outside its range ${lowest} to ${highest}`;
    // Popoviciu's inequality.
    const most = 0.251 * range * range + rounding * rounding;
    // The sum of squares is another form of the variance, and becomes it with the next number.
    const told = variance >= 0 && variance <= most ? squares / Math.max(1, count) : variance;
    if (!(told >= 0 && told <= 1.001 * most)) {
      return `the variance of column ${column} is ${told}, but its range ${lowest} to ${highest} allows 0 to ${(range * range) / 4}`;
    }
  }
  return null;
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
