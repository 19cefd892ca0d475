import type { Stateful } from "../../state.ts";

/**
 * Experts that have nothing to say of a row, [experts], 1 where one is asleep: whoever owns the array writes it before
 * each row. They are left out of the answer, and nothing is learned of them (specialists: Freund, Schapire, Singer and
 * Warmuth, 1997).
 */
export type Asleep = Uint8Array;

/** A rule that combines the predictions of experts and learns their weights. Allocates nothing per row. */
export interface Aggregation extends Stateful {
  /** [experts]: weight of each. */
  readonly weights: Float64Array;
  /** Combines `answers` [experts, outputs] into one, written to `out` [outputs] from `at` on. */
  mix(answers: Float64Array, out: Float64Array, at: number): void;
  /** Forgets everything: the weights are those of the start. */
  restart(): void;
}

/** Weights at the start where nothing else is said, [experts]: all alike, 1 in all. */
export const evenWeights = (experts: number): number[] => new Array(experts).fill(1 / experts);
