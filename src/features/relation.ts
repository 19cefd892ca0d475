import { keyError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { covariance, finite, notNegative, parts, sampled, whole, wholeWithin } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";
import {
  type PlannedSeries,
  placesOf,
  type SeriesKind,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";

export interface RelationOptions {
  /** Columns that are compared with what the others predict for them. */
  of: readonly string[];
  /** Columns that help to predict them, beside the others in `of`. */
  given: readonly string[];
}

const mostColumns = 16;
/** Slowest rate at which the relation, means and scales follow: about a week of minutes. */
const slowest = 1e-4;
/** Recent values count too, as heat follows a load: running means over about 16 and 64 rows. */
const rates = [1 / 16, 1 / 64] as const;
/** Of each column its value and the slow means. */
const perColumn = 1 + rates.length;
/** Rows before a deviation is given: with fewer, a relation may be chance. */
const settleRows = 500;
/** A value counts as at most this many standard deviations from its mean. */
const clipped = 8;
/** Rows after which values are clipped before they move mean and scale. */
const rowsBeforeClipping = 50;
/** The unit matrix with which it begins weighs as much as this many rows. */
const rowsOfPrior = 20;
/** A row at more than this many times the usual squared distance is taken in as that far. */
const furthest = 9;
/** Largest entry on the diagonal of the inverse covariance. */
const mostInverse = 1e6;

/**
 * Adds how many standard deviations a column is away from what the other columns predict for it, by their present values
 * and recent means, with least squares that follow slowly: a motor that is hotter than its load and the room explain. 0 for
 * the first 500 rows; NaN where a value is missing.
 *
 * All columns have one running inverse covariance P of their standardized values x and slow means (Sherman and Morrison,
 * Annals of Mathematical Statistics 21, 1950). From it follows the regression of each column c on all the others: with u = P x
 * and the column's own slow means b left out by a Schur complement, the deviation is r / sqrt(q), where
 * r = u(c) - P(c,b) P(b,b)^-1 u(b), q = P(c,c) - P(c,b) P(b,b)^-1 P(b,c).
 */
export const relation: SeriesKind<RelationOptions> = {
  title: "Adds how many standard deviations columns are away from what other columns predict for them",
  settings: {
    of: { title: "Columns that are compared with what the others predict", default: [], list: "columns" },
    given: { title: "Columns that help to predict them", default: [], list: "columns", otherwise: "none" },
  },
  required: ["of"],
  plan: (options, rows, path) => planRelation(options, rows, path),
};

function planRelation({ of, given }: RelationOptions, rows: SeriesRows, path: string): PlannedSeries {
  const names = [...of, ...given.filter((name) => !of.includes(name))];
  const places = placesOf(names, rows, path);
  if (rows.target !== null && names.includes(rows.target)) {
    throw keyError(
      "config.bad-value",
      path,
      `names the target "${rows.target}", whose value is not known yet; leave it out`,
    );
  }
  if (names.length < 2 || names.length > mostColumns) {
    throw keyError(
      "config.bad-value",
      path,
      `names ${names.length} ${names.length === 1 ? "column" : "columns"}, expected 2 to ${mostColumns} in of and given together; add columns that help to predict, or leave some out`,
    );
  }
  const columns = [...rows.columns, ...of.map((name) => `${name}_off`)];
  const width = perColumn * names.length + 1;
  return {
    columns,
    bytes: 8 * (ownNumbers + 2 * names.length + 2 * width + width * width + columns.length),
    rate: rows.rate,
    create: () => new Relation(rows.columns.length, places, of.length),
  };
}

const at = { rows: 0, isBegun: 1 } as const;
const ownNumbers = 2;

class Relation implements SeriesTransform {
  readonly row: Float64Array;
  readonly #inputs: number;
  readonly #places: Uint32Array;
  /** Columns that are compared: the first ones. */
  readonly #compared: number;
  /** Numbers of x: the values, the slow means of each rate, and a constant. */
  readonly #width: number;
  /** Rows, whether a sequence has begun, then the parts that follow. */
  readonly #block: Float64Array;
  /** Mean and variance of each column, x, and P, [columns], [columns], [width], [width, width]. */
  readonly #means: Float64Array;
  readonly #variances: Float64Array;
  readonly #x: Float64Array;
  readonly #inverse: Float64Array;
  /** P x, [width]. */
  readonly #product: Float64Array;

  constructor(inputs: number, places: Uint32Array, compared: number) {
    const columns = places.length;
    const width = perColumn * columns + 1;
    this.#inputs = inputs;
    this.#places = places;
    this.#compared = compared;
    this.#width = width;
    this.row = new Float64Array(inputs + compared);
    this.#product = new Float64Array(width);
    const block = new Float64Array(ownNumbers + 2 * columns + width + width * width);
    let from: number = ownNumbers;
    const part = (length: number) => {
      from += length;
      return block.subarray(from - length, from);
    };
    this.#block = block;
    this.#means = part(columns);
    this.#variances = part(columns);
    this.#x = part(width);
    this.#inverse = part(width * width);
    this.#x[width - 1] = 1;
    for (let i = 0; i < width; i++) this.#inverse[i * width + i] = 1;
  }

  push(values: Float64Array, offset: number): boolean {
    const { row } = this;
    let isWhole = true;
    for (let i = 0; i < this.#inputs; i++) row[i] = values[offset + i];
    for (let c = 0; c < this.#places.length; c++) if (!Number.isFinite(row[this.#places[c]])) isWhole = false;
    if (!isWhole) {
      row.fill(Number.NaN, this.#inputs);
      return true;
    }
    this.#describe();
    this.#multiply();
    for (let c = 0; c < this.#compared; c++) this.#compare(c);
    this.#learn();
    this.#bound();
    this.#block[at.rows]++;
    return true;
  }

  /** Writes the standardized values and the slow means to x; means and scales learn from the values. */
  #describe(): void {
    const x = this.#x;
    const rows = this.#block[at.rows];
    const columns = this.#places.length;
    const rate = Math.max(1 / (rows + 1), slowest);
    for (let c = 0; c < columns; c++) {
      const value = this.row[this.#places[c]];
      if (rows === 0) this.#means[c] = value;
      const mean = this.#means[c];
      const deviation = Math.sqrt(this.#variances[c]) + 1e-12 * (1 + Math.abs(mean));
      const far = rows < 2 ? 0 : (value - mean) / deviation;
      x[c] = Math.min(Math.max(far, -clipped), clipped);
      const step = rows < rowsBeforeClipping ? value - mean : x[c] * deviation;
      this.#means[c] += rate * step;
      this.#variances[c] = (1 - rate) * (this.#variances[c] + rate * step * step);
    }
    const begins = this.#block[at.isBegun] === 0;
    for (let k = 0; k < rates.length; k++) {
      const first = (k + 1) * columns;
      const follow = begins ? 1 : rates[k];
      for (let c = 0; c < columns; c++) x[first + c] += follow * (x[c] - x[first + c]);
    }
    this.#block[at.isBegun] = 1;
  }

  #multiply(): void {
    const width = this.#width;
    const x = this.#x;
    const inverse = this.#inverse;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += inverse[i * width + j] * x[j];
      this.#product[i] = sum;
    }
  }

  /** Writes the deviation of a column, whose two own slow means tell nothing of it. */
  #compare(column: number): void {
    const out = this.#inputs + column;
    this.row[out] = 0;
    if (this.#block[at.rows] < settleRows) return;
    const width = this.#width;
    const p = this.#inverse;
    const u = this.#product;
    const one = this.#places.length + column;
    const other = one + this.#places.length;
    const toOne = p[column * width + one];
    const toOther = p[column * width + other];
    const [a, b, d] = [p[one * width + one], p[one * width + other], p[other * width + other]];
    const determinant = a * d - b * b;
    if (!(determinant > 0)) return;
    const first = (d * toOne - b * toOther) / determinant;
    const second = (a * toOther - b * toOne) / determinant;
    const precision = p[column * width + column] - first * toOne - second * toOther;
    if (!(precision > 0)) return;
    this.row[out] = (u[column] - first * u[one] - second * u[other]) / Math.sqrt(precision);
  }

  /** Takes the row into the inverse covariance; both halves get the same bits. */
  #learn(): void {
    const width = this.#width;
    const x = this.#x;
    const u = this.#product;
    const p = this.#inverse;
    let square = 0;
    for (let i = 0; i < width; i++) square += x[i] * u[i];
    const rate = Math.max(1 / (this.#block[at.rows] + rowsOfPrior), slowest);
    const limit = furthest * width;
    const weight = square > limit ? (rate * limit) / square : rate;
    const scale = weight / (1 - rate + weight * square);
    const growth = 1 / (1 - rate);
    for (let i = 0; i < width; i++) {
      const step = scale * u[i];
      for (let j = 0; j <= i; j++) {
        const next = (p[i * width + j] - step * u[j]) * growth;
        p[i * width + j] = next;
        p[j * width + i] = next;
      }
    }
  }

  /** What is still for months would let its part grow without end: its row and column are scaled back. */
  #bound(): void {
    const width = this.#width;
    const p = this.#inverse;
    for (let i = 0; i < width; i++) {
      const own = p[i * width + i];
      if (own > 0 && own <= mostInverse) continue;
      const scale = own > 0 ? Math.sqrt(mostInverse / own) : 0;
      for (let j = 0; j < width; j++) {
        p[i * width + j] *= scale;
        p[j * width + i] *= scale;
      }
      if (!(own > 0)) p[i * width + i] = 1;
    }
  }

  /** The relation holds for every sequence; what was of late does not. */
  restart(): void {
    this.#block[at.isBegun] = 0;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const columns = this.#places.length;
    const variances = ownNumbers + columns;
    const inverse = this.#block.length - this.#width ** 2;
    const sane = parts(finite, [
      [at.rows, whole],
      [at.isBegun, wholeWithin(0, 1)],
      [[ownNumbers, variances], sampled],
      [[variances, variances + columns], notNegative],
      [[inverse, this.#block.length], covariance(this.#width)],
    ]);
    restoreBlock(this.#block, state, "relation of columns", sane);
  }
}
