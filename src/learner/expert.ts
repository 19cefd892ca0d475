import type { Stateful } from "../state.ts";

/**
 * One predictor among several. It answers with the probabilities of the classes, or with one number, and is asked
 * before it learns. Both verbs allocate nothing and keep no reference to what they are given.
 */
export interface Expert extends Stateful {
  /** Writes the answer for a row [inputs] to `answers` from `at` on: probabilities [classes], or a number [1]. */
  predict(inputs: Float32Array, answers: Float64Array, at: number): void;
  /** Learns that a row [inputs] has the target `targets[at]`: a class index, or a number. */
  learn(inputs: Float32Array, targets: Float64Array, at: number): void;
  /** Keeps a copy of what it has learned in memory of its own. One that cannot is restarted where it is not healthy. */
  keep?(): void;
  /** Goes back to what it kept last. */
  recover?(): void;
  /**
   * Whether a number of it has overflowed, so that its state cannot be restored: it is then healed, at most 256 rows later.
   * Allocates nothing.
   */
  hasOverflowed?(): boolean;
  /** Forgets everything, as if it had just been made. */
  restart(): void;
}
