import type { Stateful } from "../state.ts";

/** One link of a pipeline: from a row of fixed width to a row of fixed width, with running statistics of its own. */
export interface Transform extends Stateful {
  readonly inputs: number;
  readonly outputs: number;
  /** Transforms the row at `offset` of `values` into `out`, with the statistics so far. Allocates nothing. */
  transform(values: Float64Array, offset: number, out: Float64Array): void;
  /** Takes the row into the statistics. Allocates nothing. */
  learn(values: Float64Array, offset: number): void;
}
