import type { Stateful } from "../../state.ts";

/** A rule that joins the answers of experts to one and learns what each is worth. Both verbs allocate nothing. */
export interface Aggregation extends Stateful {
  /** [experts]: how much each counts. */
  readonly weights: Float64Array;
  /** Joins `answers` [experts, outputs] to one, written to `out` [outputs] from `at` on. */
  mix(answers: Float64Array, out: Float64Array, at: number): void;
  /** Forgets everything: all experts count alike. */
  restart(): void;
}
