/** Latest value, mean, spread and range of each field of the samples, for whoever watches. */

const rows = { latest: 0, count: 1, mean: 2, squares: 3, minimum: 4, maximum: 5 } as const;
const rowCount = 6;

/** What is known of a field; null before its first value. */
interface FieldSummary {
  latest: number | null;
  mean: number | null;
  deviation: number | null;
  minimum: number | null;
  maximum: number | null;
}

export class FieldStatistics {
  readonly #fields: number;
  /** [6, fields] */
  readonly #block: Float64Array;

  /** @param fields values of a sample */
  constructor(fields: number) {
    this.#fields = fields;
    this.#block = new Float64Array(rowCount * fields);
  }

  /** Adds the sample at `offset` of `values`; a value that is missing is left out (Welford, 1962). Allocates nothing. */
  observe(values: Float64Array, offset: number): void {
    const block = this.#block;
    const fields = this.#fields;
    for (let i = 0; i < fields; i++) {
      const value = values[offset + i];
      if (Number.isNaN(value)) continue;
      const count = ++block[rows.count * fields + i];
      const difference = value - block[rows.mean * fields + i];
      block[rows.latest * fields + i] = value;
      block[rows.mean * fields + i] += difference / count;
      block[rows.squares * fields + i] += difference * (value - block[rows.mean * fields + i]);
      if (count === 1 || value < block[rows.minimum * fields + i]) block[rows.minimum * fields + i] = value;
      if (count === 1 || value > block[rows.maximum * fields + i]) block[rows.maximum * fields + i] = value;
    }
  }

  summary(field: number): FieldSummary {
    const of = (row: number) => this.#block[row * this.#fields + field];
    const count = of(rows.count);
    if (count === 0) return { latest: null, mean: null, deviation: null, minimum: null, maximum: null };
    return {
      latest: of(rows.latest),
      mean: of(rows.mean),
      deviation: Math.sqrt(of(rows.squares) / count),
      minimum: of(rows.minimum),
      maximum: of(rows.maximum),
    };
  }
}
