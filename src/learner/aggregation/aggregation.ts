import type { Stateful } from "../../state.ts";

/** A rule that combines the predictions of experts and learns their weights. Allocates nothing per row. */
export interface Aggregation extends Stateful {
  /** [experts]: weight of each. */
  readonly weights: Float64Array;
  /** Combines `answers` [experts, outputs] into one, written to `out` [outputs] from `at` on. */
  mix(answers: Float64Array, out: Float64Array, at: number): void;
  /** Forgets everything: all experts have the same weight. */
  restart(): void;
}
