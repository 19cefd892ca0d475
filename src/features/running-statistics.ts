import type { State, Stateful } from "../state.ts";
import { type Check, type Numbers, notNegative, parts, sampled, whole } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";

/**
 * Count, mean, variance and range of every column of a stream, one row at a time, by Welford's update
 * (Welford, 1962): exact to rounding at any offset of the values. Uses one block of memory of fixed size.
 */
export class RunningStatistics implements Stateful {
  readonly columns: number;
  /** Number of rows, then for each column mean, sum of squared deviations, smallest, largest. */
  readonly #block: Float64Array;
  readonly #mean: Float64Array;
  readonly #deviations: Float64Array;
  readonly #minimum: Float64Array;
  readonly #maximum: Float64Array;

  /** `columns`: values of a row, a whole number of 1 or more. */
  constructor(columns: number) {
    this.columns = columns;
    this.#block = new Float64Array(1 + 4 * columns);
    this.#mean = this.#block.subarray(1, 1 + columns);
    this.#deviations = this.#block.subarray(1 + columns, 1 + 2 * columns);
    this.#minimum = this.#block.subarray(1 + 2 * columns, 1 + 3 * columns).fill(Number.POSITIVE_INFINITY);
    this.#maximum = this.#block.subarray(1 + 3 * columns).fill(Number.NEGATIVE_INFINITY);
  }

  /** Number of rows so far. */
  get count(): number {
    return this.#block[0];
  }

  /** Adds the row [columns] at `offset` of `values`. Allocates nothing. */
  learn(values: Float64Array, offset = 0): void {
    const count = this.#block[0] + 1;
    this.#block[0] = count;
    for (let column = 0; column < this.columns; column++) {
      const value = values[offset + column];
      const deviation = value - this.#mean[column];
      this.#mean[column] += deviation / count;
      this.#deviations[column] += deviation * (value - this.#mean[column]);
      if (value < this.#minimum[column]) this.#minimum[column] = value;
      if (value > this.#maximum[column]) this.#maximum[column] = value;
    }
  }

  /**
   * Writes each column's distance from its mean in standard deviations to `out`; a column that has not varied
   * becomes 0. Allocates nothing.
   */
  standardize(values: Float64Array, offset: number, out: Float64Array): void {
    const count = this.#block[0];
    for (let column = 0; column < this.columns; column++) {
      const squares = this.#deviations[column];
      out[column] =
        squares > 0 ? (values[offset + column] - this.#mean[column]) / Math.sqrt(squares / count) : 0;
    }
  }

  /** Inverts `standardize` in place: `values` become numbers in the columns' units. Allocates nothing. */
  restoreUnits(values: Float64Array): void {
    const count = this.#block[0];
    for (let column = 0; column < this.columns; column++) {
      const deviation = count > 0 ? Math.sqrt(this.#deviations[column] / count) : 0;
      values[column] = values[column] * deviation + this.#mean[column];
    }
  }

  /** Mean of a column; 0 before the first row. */
  mean(column = 0): number {
    return this.#mean[column];
  }

  /** Mean squared deviation of a column from its mean; 0 before the first row. */
  populationVariance(column = 0): number {
    return this.count > 0 ? this.#deviations[column] / this.count : 0;
  }

  /** Unbiased variance of a column, divided by one row less; null before the second row. */
  sampleVariance(column = 0): number | null {
    return this.count > 1 ? this.#deviations[column] / (this.count - 1) : null;
  }

  /** Smallest value of a column; infinity before the first row. */
  minimum(column = 0): number {
    return this.#minimum[column];
  }

  /** Largest value of a column; minus infinity before the first row. */
  maximum(column = 0): number {
    return this.#maximum[column];
  }

  /** Ranges begin as infinities the wrong way round. */
  #faultOf(block: Numbers): string | null {
    const { columns } = this;
    const isEmpty = block[0] === 0;
    const ranges: Check = isEmpty ? () => null : sampled;
    return parts(sampled, [
      [0, whole],
      [[1 + columns, 1 + 2 * columns], notNegative],
      [[1 + 2 * columns, block.length], ranges],
    ])(block);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "statistics", (block) => this.#faultOf(block));
  }
}
