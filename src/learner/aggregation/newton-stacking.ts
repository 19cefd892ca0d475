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
  readonly #experts: number;
  readonly #classes: number;
  /** [experts, experts] */
  readonly #inverse: Float64Array;
  /** [experts, classes] */
  readonly #logits: Float64Array;
  /** [classes]: the last answer. */
  readonly #mixed: Float64Array;
  readonly #gradient: Float64Array;
  readonly #direction: Float64Array;

  static bytes = (options: NewtonStackingOptions) => bytesOf(blocksFor(options));

  constructor(options: NewtonStackingOptions, arena?: Arena) {
    const blocks = blocksFor(options);
    const arrays = arenaFor(blocks, arena).place(blocks);
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
    const { weights } = this;
    const classes = this.#classes;
    const logits = this.#logits;
    const mixed = this.#mixed;
    mixed.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const start = k * classes;
      let mean = 0;
      for (let c = 0; c < classes; c++) {
        logits[start + c] = Math.log(answers[start + c]);
        mean += logits[start + c] / classes;
      }
      for (let c = 0; c < classes; c++) {
        logits[start + c] -= mean;
        mixed[c] += weights[k] * logits[start + c];
      }
    }
    let highest = mixed[0];
    for (let c = 1; c < classes; c++) highest = Math.max(highest, mixed[c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      mixed[c] = Math.exp(mixed[c] - highest);
      sum += mixed[c];
    }
    for (let c = 0; c < classes; c++) {
      mixed[c] /= sum;
      out[at + c] = mixed[c];
    }
  }

  /** Learns that the last answer was given where the class was `label`. */
  learn(label: number): void {
    const { weights } = this;
    const experts = this.#experts;
    const classes = this.#classes;
    const inverse = this.#inverse;
    const gradient = this.#gradient;
    const direction = this.#direction;
    for (let k = 0; k < experts; k++) {
      let sum = -this.#logits[k * classes + label];
      for (let c = 0; c < classes; c++) sum += this.#mixed[c] * this.#logits[k * classes + c];
      gradient[k] = sum;
    }
    let spread = 1;
    for (let k = 0; k < experts; k++) {
      let sum = 0;
      for (let j = 0; j < experts; j++) sum += inverse[k * experts + j] * gradient[j];
      direction[k] = sum;
      spread += 0.5 * sum * gradient[k];
    }
    let trace = 0;
    for (let k = 0; k < experts; k++) {
      const scaled = (0.5 * direction[k]) / spread;
      for (let j = 0; j <= k; j++) {
        const entry = (inverse[k * experts + j] - scaled * direction[j]) / forgetting;
        inverse[k * experts + j] = entry;
        inverse[j * experts + k] = entry;
      }
      trace += inverse[k * experts + k];
      weights[k] -= direction[k] / spread;
    }
    const most = prior * experts;
    if (trace > most) for (let i = 0; i < inverse.length; i++) inverse[i] *= most / trace;
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
