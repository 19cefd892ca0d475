import { type Arena, arenaFor, bytesOf, float64 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { restoreArrays } from "../restore-arrays.ts";
import type { Aggregation } from "./aggregation.ts";

export interface NewtonStackingOptions {
  experts: number;
  classes: number;
}

/** The diagonal of M at the start, and its mean at most. */
const prior = 0.02;
const forgetting = 0.999;

const blocksFor = ({ experts, classes }: NewtonStackingOptions) => ({
  weights: float64(experts),
  inverse: float64(experts, experts),
  answers: float64(experts, classes),
  logits: float64(experts, classes),
  mixed: float64(classes),
  gradient: float64(experts),
  direction: float64(experts),
});

/**
 * Logistic stacking: q = softmax(sum_k a_k l_k) with l_k = log p_k - mean over the classes, mixing in the logit domain
 * as PAQ does (Mahoney, 2005), and a learned by online Newton steps (Hazan, Agarwal and Kale, 2007) on the log loss:
 * g_k = sum_c (q(c) - [c = y]) l_kc, h = M g, s = 1 + g.h / 2, M = (M - h h' / (2 s)) / 0.999, a -= h / s, from a = 1 / K and
 * M = 0.02 I; where the trace of M would pass its start, M is scaled to it. M is computed as one triangle and mirrored:
 * see `LeastSquares`.
 */
export class NewtonStacking implements Aggregation {
  readonly weights: Float64Array;
  readonly #arena: Arena;
  readonly #experts: number;
  readonly #classes: number;
  /** [experts, experts] */
  readonly #inverse: Float64Array;
  /** [experts, classes]: the answers, where the kernels see them, and their logits. */
  readonly #answers: Float64Array;
  readonly #logits: Float64Array;
  /** [classes]: the last answer. */
  readonly #mixed: Float64Array;
  readonly #gradient: Float64Array;
  readonly #direction: Float64Array;

  static bytes = (options: NewtonStackingOptions) => bytesOf(blocksFor(options));

  constructor(options: NewtonStackingOptions, arena?: Arena) {
    const blocks = blocksFor(options);
    this.#arena = arenaFor(blocks, arena);
    const arrays = this.#arena.place(blocks);
    this.#answers = arrays.answers;
    this.#experts = options.experts;
    this.#classes = options.classes;
    this.weights = arrays.weights;
    this.#inverse = arrays.inverse;
    this.#logits = arrays.logits;
    this.#mixed = arrays.mixed;
    this.#gradient = arrays.gradient;
    this.#direction = arrays.direction;
    this.restart();
  }

  mix(answers: Float64Array, out: Float64Array, at: number): void {
    this.#answers.set(answers);
    this.#arena.kernels.learning.stackLogits(
      this.#mixed.byteOffset,
      this.#logits.byteOffset,
      this.#answers.byteOffset,
      this.weights.byteOffset,
      this.#experts,
      this.#classes,
    );
    for (let c = 0; c < this.#classes; c++) out[at + c] = this.#mixed[c];
  }

  /** Learns that the last answer was given where the class was `label`. */
  learn(label: number): void {
    this.#arena.kernels.learning.stackLearn(
      this.weights.byteOffset,
      this.#inverse.byteOffset,
      this.#gradient.byteOffset,
      this.#direction.byteOffset,
      this.#mixed.byteOffset,
      this.#logits.byteOffset,
      this.#experts,
      this.#classes,
      label,
      forgetting,
      prior * this.#experts,
    );
  }

  restart(): void {
    const experts = this.#experts;
    this.weights.fill(1 / experts);
    this.#inverse.fill(0);
    for (let k = 0; k < experts; k++) this.#inverse[k * experts + k] = prior;
  }

  state(): State {
    return { weights: this.weights, inverse: this.#inverse };
  }

  restore(state: State): void {
    restoreArrays({ weights: this.weights, inverse: this.#inverse }, state, "Newton stacking");
  }
}
