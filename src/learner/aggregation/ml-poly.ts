import { type Arena, arenaFor, bytesOf, float64 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { notNegative, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import type { Aggregation, Asleep } from "./aggregation.ts";

export interface MlPolyOptions {
  experts: number;
  /** Factor by which regrets fade with each row; 1 keeps them for ever. Default 1. */
  fading?: number;
  /** Default: all are awake. */
  asleep?: Asleep;
}

/**
 * Largest ratio of a regret to the usual error; larger regrets are cut to it. Not lower: where a target is almost always the
 * same, an expert that is right then and far off around each exception costs more than all others, which has to be seen. With
 * 8, targets of which 1 in 100 is a 1 and the others are 0 cost a quarter more; the open streams do not tell the two apart.
 */
const largestRegret = 64;
/** Keeps the weight of an expert without regrets finite. */
const smallestSquares = 1e-9;

const blocksFor = (experts: number) => ({
  weights: float64(experts),
  regrets: float64(experts),
  squares: float64(experts),
});

/**
 * ML-Poly with the gradient trick on absolute loss (Gaillard, Stoltz and van Erven, 2014; as in the package opera):
 * r_k = sign(q - y) clip((q - p_k) / e, 64), R_k = alpha R_k + r_k, S_k = alpha S_k + r_k^2, w_k ~ max(R_k, 0) / (1e-9 + S_k), even
 * where no R_k is positive. Each expert has its own learning rate, computed from its own regrets.
 */
export class MlPoly implements Aggregation {
  readonly weights: Float64Array;
  readonly #fading: number;
  readonly #regrets: Float64Array;
  readonly #squares: Float64Array;
  readonly #asleep: Asleep;

  static bytes = ({ experts }: MlPolyOptions) => bytesOf(blocksFor(experts));

  constructor(options: MlPolyOptions, arena?: Arena) {
    const { experts, fading = 1, asleep = new Uint8Array(experts) } = options;
    const blocks = blocksFor(experts);
    const { weights, regrets, squares } = arenaFor(blocks, arena).place(blocks);
    this.weights = weights;
    this.#fading = fading;
    this.#regrets = regrets;
    this.#squares = squares;
    this.#asleep = asleep;
    this.restart();
  }

  mix(answers: Float64Array, out: Float64Array, at: number): void {
    const { weights } = this;
    const asleep = this.#asleep;
    let sum = 0;
    let total = 0;
    let even = 0;
    let awake = 0;
    for (let k = 0; k < weights.length; k++) {
      if (asleep[k] === 1) continue;
      sum += weights[k] * answers[k];
      total += weights[k];
      even += answers[k];
      awake++;
    }
    out[at] = total > 0 ? sum / total : even / awake;
  }

  /**
   * Learns that `answers` [experts] were combined into `mixed[mixedAt]` and the target was `target[0]`; `scale[0]` is the
   * usual size of an error, above 0.
   */
  learn(
    answers: Float64Array,
    mixed: Float64Array,
    mixedAt: number,
    target: Float64Array,
    scale: Float64Array,
  ): void {
    const { weights } = this;
    const regrets = this.#regrets;
    const squares = this.#squares;
    const fading = this.#fading;
    const direction = Math.sign(mixed[mixedAt] - target[0]);
    const asleep = this.#asleep;
    let total = 0;
    let awake = 0;
    for (let k = 0; k < weights.length; k++) {
      if (asleep[k] === 1) continue;
      awake++;
      const gain = (mixed[mixedAt] - answers[k]) / scale[0];
      const regret = direction * Math.min(Math.max(gain, -largestRegret), largestRegret);
      regrets[k] = fading * regrets[k] + regret;
      squares[k] = fading * squares[k] + regret * regret;
      weights[k] = Math.max(regrets[k], 0) / (smallestSquares + squares[k]);
      total += weights[k];
    }
    for (let k = 0; k < weights.length; k++) {
      if (asleep[k] === 0) weights[k] = total > 0 ? weights[k] / total : 1 / awake;
    }
  }

  restart(): void {
    this.weights.fill(1 / this.weights.length);
    this.#regrets.fill(0);
    this.#squares.fill(0);
  }

  state(): State {
    return { weights: this.weights, regrets: this.#regrets, squares: this.#squares };
  }

  restore(state: State): void {
    const live = { weights: this.weights, regrets: this.#regrets, squares: this.#squares };
    restoreArrays(live, state, "ML-Poly", { weights: within(0, 1), squares: notNegative });
  }
}
