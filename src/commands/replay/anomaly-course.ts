import type { AnomalyWatch } from "../../daemon/anomaly-watch.ts";

/** Stretches at most; twice as many points are what a chart draws without leaving any out. */
const most = 250;

/** Least and greatest values of each column and the strongest evidence, in stretches of equally many rows. */
export class AnomalyCourse {
  readonly columns: readonly string[];
  /** Rows of a stretch; doubles each time that the stretches are full. */
  rowsEach = 1;
  /** [stretches, columns] */
  readonly #least: Float64Array;
  readonly #greatest: Float64Array;
  readonly #evidence = new Float64Array(most);
  readonly #threshold = new Float64Array(most);
  /** First and last row of each stretch: not every row of a file is watched. */
  readonly #first = new Float64Array(most);
  readonly #last = new Float64Array(most);
  #filled = 0;
  #rows = 0;

  constructor(columns: readonly string[]) {
    this.columns = columns;
    this.#least = new Float64Array(most * columns.length);
    this.#greatest = new Float64Array(most * columns.length);
  }

  /** @param row number of the row in the file, counted from 1 */
  add(values: Float64Array, offset: number, { detector }: AnomalyWatch, row: number): void {
    if (this.#filled === most && this.#rows % this.rowsEach === 0) this.#halve();
    const width = this.columns.length;
    if (this.#rows % this.rowsEach === 0) {
      const at = this.#filled++;
      this.#least.fill(Number.POSITIVE_INFINITY, at * width, (at + 1) * width);
      this.#greatest.fill(Number.NEGATIVE_INFINITY, at * width, (at + 1) * width);
      this.#evidence[at] = this.#threshold[at] = 0;
      this.#first[at] = row;
    }
    this.#rows++;
    const at = this.#filled - 1;
    this.#last[at] = row;
    for (let column = 0; column < width; column++) {
      const value = values[offset + column];
      if (value < this.#least[at * width + column]) this.#least[at * width + column] = value;
      if (value > this.#greatest[at * width + column]) this.#greatest[at * width + column] = value;
    }
    this.#evidence[at] = Math.max(this.#evidence[at], detector.evidence);
    // Before anything can be reported there is none.
    this.#threshold[at] = detector.isWarm ? detector.threshold : 0;
  }

  /** Joins stretches in pairs. */
  #halve(): void {
    const width = this.columns.length;
    this.rowsEach *= 2;
    this.#filled = most / 2;
    for (let at = 0; at < most / 2; at++) {
      const [one, other] = [2 * at, 2 * at + 1];
      for (let column = 0; column < width; column++) {
        const [a, b] = [one * width + column, other * width + column];
        this.#least[at * width + column] = Math.min(this.#least[a], this.#least[b]);
        this.#greatest[at * width + column] = Math.max(this.#greatest[a], this.#greatest[b]);
      }
      this.#first[at] = this.#first[one];
      this.#last[at] = this.#last[other];
      this.#evidence[at] = Math.max(this.#evidence[one], this.#evidence[other]);
      this.#threshold[at] = this.#threshold[other];
    }
  }

  /** The course of a column: its least and its greatest value of each stretch, by the row. */
  of(column: string): [row: number, value: number][] {
    const width = this.columns.length;
    const place = this.columns.indexOf(column);
    return Array.from({ length: this.#filled }, (_, at) => at).flatMap((at): [number, number][] => {
      const from = this.#first[at];
      const [least, greatest] = [this.#least[at * width + place], this.#greatest[at * width + place]];
      if (this.rowsEach === 1) return [[from, least]];
      return [
        [from, least],
        [(from + this.#last[at] + 1) / 2, greatest],
      ];
    });
  }

  get evidence(): [row: number, nats: number][] {
    return this.#pointsOf(this.#evidence);
  }

  /** Evidence that an alarm needed; NaN before alarms were possible. */
  get threshold(): [row: number, nats: number][] {
    return this.#pointsOf(this.#threshold).map(([row, nats]) => [row, nats === 0 ? Number.NaN : nats]);
  }

  #pointsOf(values: Float64Array): [number, number][] {
    return Array.from(values.subarray(0, this.#filled), (value, at) => [
      (this.#first[at] + this.#last[at]) / 2,
      value,
    ]);
  }
}
