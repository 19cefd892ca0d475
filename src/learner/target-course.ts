/** What is known of a target that is a number: its mean, its last values, how it changes, and its range. */
import { type Arena, bytesOf, float64 } from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import { type Numbers, notNegative, parts, positive, sampled, whole } from "../state-check.ts";
import { placeStatistic, statisticBytes } from "./arena-statistic.ts";

/** Largest distance of a target, in standard deviations, that extends the known range of targets. */
const rangeDeviations = 8;
/** Answers may lie outside the range of the targets by this part of it. */
const rangeMargin = 0.5;
/** Smallest weight of a new change in their mean square, and how many times the mean square one may count. */
const changeFloor = 0.002;
/**
 * Step of the median in deviations for a rate of 1, near the best for normal noise, which is sqrt(pi / 2), and the smallest
 * rate.
 */
const medianStep = 1.5;
const medianFloor = 0.002;
const largestChange = 25;

/** Places of the numbers in `TargetCourse.values`. */
export const course = {
  last: 0,
  secondLast: 1,
  known: 2,
  mean: 3,
  deviation: 4,
  changeSquare: 5,
  change: 6,
  lowest: 7,
  highest: 8,
  median: 9,
} as const;

/** Places of the numbers in `TargetCourse.asked`. */
export const asked = { row: 0, last: 1, known: 2, mean: 3, deviation: 4, median: 5 } as const;
/** How many these are. */
export const askedNumbers = 6;

const blocks = { values: float64(10), asked: float64(askedNumbers), labelled: float64(1) };

/**
 * The course of the targets so far. Answers are given in deviations from their mean, so what held when a row was
 * predicted is kept beside what holds now: its target may come late.
 */
export class TargetCourse {
  readonly statistic: ColumnStatistic;
  /** [10]: what is known now, see `course`: the last two targets, how many, mean and deviation, the usual change, the range, the median. */
  readonly values: Float64Array;
  /** [6]: what held when the row was predicted, see `asked`: which row it is, the last target, how many, mean, deviation, median. */
  readonly asked: Float64Array;
  /** [1]: the newest row whose target is known. */
  readonly #labelled: Float64Array;

  static bytes = (): number => statisticBytes(1) + bytesOf(blocks);

  constructor(arena: Arena) {
    const placed = arena.place(blocks);
    this.values = placed.values;
    this.asked = placed.asked;
    this.#labelled = placed.labelled.fill(-1);
    this.statistic = placeStatistic({ columns: 1 }, arena);
    this.forget();
  }

  /** To be called before the `row`-th row is predicted. Allocates nothing. */
  ask(row: number): void {
    const known = this.values;
    const then = this.asked;
    this.measure();
    then[asked.row] = row;
    then[asked.last] = known[course.last];
    then[asked.known] = known[course.known];
    then[asked.mean] = known[course.mean];
    then[asked.deviation] = known[course.deviation];
    then[asked.median] = known[course.median];
  }

  /** Reads mean and deviation of the targets so far. */
  measure(): void {
    const { statistic } = this;
    const variance = statistic.variances[0];
    this.values[course.mean] = statistic.means[0];
    this.values[course.deviation] = statistic.count(0) > 1 && variance > 0 ? Math.sqrt(variance) : 1;
  }

  /** Keeps an answer `scaled[at]`, in deviations, within the range of the targets, widened by half on both sides. */
  bound(scaled: Float64Array, at: number): void {
    const known = this.values;
    const lowest = (known[course.lowest] - known[course.mean]) / known[course.deviation];
    const highest = (known[course.highest] - known[course.mean]) / known[course.deviation];
    const margin = rangeMargin * (highest - lowest) + 1e-9;
    scaled[at] = Math.min(Math.max(scaled[at], lowest - margin), highest + margin);
  }

  /** Widens the range to the target `targets[at]`, unless that is far out. */
  widen(targets: Float64Array, at: number): void {
    const known = this.values;
    const most = rangeDeviations * Math.sqrt(this.statistic.variances[0]);
    const mean = known[course.mean];
    known[course.lowest] = Math.min(known[course.lowest], Math.max(targets[at], mean - most));
    known[course.highest] = Math.max(known[course.highest], Math.min(targets[at], mean + most));
  }

  /**
   * Moves the median towards the target `targets[at]`, by a step that does not depend on how far that is: it settles where as
   * many lie above as below (Robbins and Monro, 1951). It stays within the range of the targets, so after `widen`, and before
   * `learn` counts the target.
   */
  learnMedian(targets: Float64Array, at: number): void {
    const known = this.values;
    const before = known[course.known];
    const away = targets[at] - known[course.median];
    const rate = Math.max(1 / (before + 1), medianFloor);
    const step = medianStep * rate * known[course.deviation] * Math.sign(away);
    const median = before === 0 ? targets[at] : known[course.median] + step;
    known[course.median] = Math.min(Math.max(median, known[course.lowest]), known[course.highest]);
  }

  /** Learns the change to the target `targets[at]`, and writes it to `changes[to]`, 1 for the usual one. */
  learnChange(targets: Float64Array, at: number, changes: Float64Array, to: number): void {
    const known = this.values;
    const change = (targets[at] - this.asked[asked.last]) / known[course.deviation];
    const square = known[course.changeSquare];
    const held = Math.min(change * change, square > 0 ? largestChange * square : 1e9);
    const rate = Math.max(1 / Math.max(known[course.known], 1), changeFloor);
    known[course.changeSquare] = square + rate * (held - square);
    known[course.change] = Math.sqrt(known[course.changeSquare]) + 1e-6;
    changes[to] = change / known[course.change];
  }

  /** Takes the target `targets[at]` for the last one, unless that of a later row is known: then returns false. */
  follow(targets: Float64Array, at: number): boolean {
    const known = this.values;
    const row = this.asked[asked.row];
    if (row < this.#labelled[0]) return false;
    const isNew = row > this.#labelled[0];
    this.#labelled[0] = row;
    if (isNew) known[course.secondLast] = known[course.known] > 0 ? known[course.last] : targets[at];
    known[course.last] = targets[at];
    return true;
  }

  /** Nothing is left of the targets so far: they had another scale. */
  forget(): void {
    const known = this.values.fill(0);
    known[course.deviation] = 1;
    known[course.change] = 1;
    known[course.lowest] = Number.POSITIVE_INFINITY;
    known[course.highest] = Number.NEGATIVE_INFINITY;
    this.asked[asked.known] = 0;
  }

  /** What changes from row to row beside the statistic. */
  arrays(): { course: Float64Array; labelled: Float64Array } {
    return { course: this.values, labelled: this.#labelled };
  }
}

/** What is wrong with what is known of the targets, as a clause; null where nothing is. */
export function faultOfCourse(values: Numbers): string | null {
  const [lowest, highest] = [values[course.lowest], values[course.highest]];
  const isEmpty = lowest === Number.POSITIVE_INFINITY && highest === Number.NEGATIVE_INFINITY;
  const isRange = lowest <= highest && sampled(values.subarray(course.lowest, course.highest + 1)) === null;
  if (!isRange && !(isEmpty && values[course.known] === 0))
    return `the targets lie between ${lowest} and ${highest}`;
  const median = values[course.median];
  if (isEmpty ? median !== 0 : !(median >= lowest && median <= highest))
    return `the median of the targets is ${median}, which lie between ${lowest} and ${highest}`;
  return parts(sampled, [
    [course.known, whole],
    [course.deviation, positive],
    [course.changeSquare, notNegative],
    [course.change, positive],
    [[course.lowest, course.highest + 1], () => null],
  ])(values);
}
