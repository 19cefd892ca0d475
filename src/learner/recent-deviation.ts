/** A second view of each feature: its distance from the mean of its recent rows, in their standard deviations. */

import { type Arena, arenaFor, bytesOf, float64 } from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { notNegative, parts, sampled, whole } from "../state-check.ts";

/** Smallest weight of a new number: the mean is of about the last 33. */
const floor = 0.03;
/** Numbers farther from the mean of the column count as this many standard deviations away. */
const winsorized = 8;
/** A standard deviation below this part of the column's counts as 0. */
const leastSpread = 1e-6;

const blocksFor = (columns: number) => ({ moments: float64(3, columns) });
/** Where `remember` keeps the moments. */
const tentativeFor = (columns: number) => ({ before: float64(3, columns) });

/**
 * u = (x - m) / sqrt(v) with m and v of the recent rows: m += k e, v = (1 - k)(v + k e^2), e = x - m,
 * k = max(1 / n, 0.03). Shows a level's recent change, which a standardization by all rows hides.
 */
export class RecentDeviation implements Stateful {
  readonly columns: number;
  /** [3, columns]: rows, mean, variance. */
  readonly #moments: Float64Array;
  readonly #before: Float64Array;

  static bytes = ({ columns }: { columns: number }): number => bytesOf(blocksFor(columns));

  static tentativeBytes = ({ columns }: { columns: number }): number => bytesOf(tentativeFor(columns));

  constructor({ columns }: { columns: number }, arena?: Arena) {
    const [blocks, tentative] = [blocksFor(columns), tentativeFor(columns)];
    const own = arenaFor({ ...blocks, ...tentative }, arena);
    const { moments } = own.place(blocks);
    const { before } = own.placeTentative(tentative);
    this.columns = columns;
    this.#moments = moments;
    this.#before = before;
  }

  /**
   * Learns from the numbers at `offset` of `values` [columns], once `statistic` has, and writes their deviations to
   * `out`, held within `bound`. Allocates nothing.
   */
  learn(
    values: Float64Array,
    offset: number,
    statistic: ColumnStatistic,
    out: Float32Array,
    outAt: number,
    bound: number,
  ): void {
    const { columns } = this;
    const moments = this.#moments;
    const { means, variances } = statistic;
    for (let column = 0; column < columns; column++) {
      out[outAt + column] = 0;
      if (!statistic.isUsed(column)) continue;
      const value = values[offset + column];
      const deviation = Math.sqrt(variances[column]);
      const most = winsorized * deviation;
      const centre = means[column];
      const held = deviation > 0 ? Math.min(Math.max(value, centre - most), centre + most) : value;
      // Nothing is left of numbers that were glitches, or of another scale.
      if (statistic.isBeginning(column) || statistic.isBegunByGlitch(column)) {
        moments[column] = 0;
        moments[columns + column] = 0;
        moments[2 * columns + column] = 0;
      }
      const count = moments[column] + 1;
      const rate = Math.max(1 / count, floor);
      const error = held - moments[columns + column];
      const mean = moments[columns + column] + rate * error;
      const variance = (1 - rate) * (moments[2 * columns + column] + rate * error * error);
      moments[column] = count;
      moments[columns + column] = mean;
      moments[2 * columns + column] = variance;
      const spread = Math.sqrt(variance);
      if (spread > 0 && spread > leastSpread * deviation) {
        out[outAt + column] = Math.min(Math.max((value - mean) / spread, -bound), bound);
      }
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
    return this.#moments;
  }

  restore(state: State): void {
    const { columns } = this;
    const sane = parts(notNegative, [
      [[0, columns], whole],
      [[columns, 2 * columns], sampled],
    ]);
    restoreBlock(this.#moments, state, "recent deviations", sane);
  }
}
