import { takeExponential } from "../../engine/model/exponential.ts";
import { type Arena, arenaFor, bytesOf, float64 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { shares, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import type { Aggregation } from "./aggregation.ts";

const fading = 0.995;
const learningRate = 0.5;
/** Largest ratio of an error to the usual error; larger errors are cut to it. */
const largestError = 8;

const blocksFor = (experts: number) => ({ weights: float64(experts), logarithms: float64(experts) });

/**
 * Exponential weights over fading losses: log u_k = 0.995 log u_k - 0.5 min(|p_k - y| / e, 8) (Cesa-Bianchi and Lugosi, 2006, with
 * discounted losses).
 */
export class FadingWeights implements Aggregation {
  readonly weights: Float64Array;
  readonly #logarithms: Float64Array;

  static bytes = ({ experts }: { experts: number }) => bytesOf(blocksFor(experts));

  constructor({ experts }: { experts: number }, arena?: Arena) {
    const blocks = blocksFor(experts);
    const { weights, logarithms } = arenaFor(blocks, arena).place(blocks);
    this.weights = weights;
    this.#logarithms = logarithms;
    this.restart();
  }

  mix(answers: Float64Array, out: Float64Array, at: number): void {
    const { weights } = this;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += weights[k] * answers[k];
    out[at] = sum;
  }

  /** Learns that `answers` [experts] were given where the target was `target[0]`; `scale[0]` is the usual error. */
  learn(answers: Float64Array, target: Float64Array, scale: Float64Array): void {
    const { weights } = this;
    const logarithms = this.#logarithms;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < weights.length; k++) {
      const error = Math.min(Math.abs(answers[k] - target[0]) / scale[0], largestError);
      logarithms[k] = fading * logarithms[k] - learningRate * error;
      highest = Math.max(highest, logarithms[k]);
    }
    let total = 0;
    for (let k = 0; k < weights.length; k++) {
      weights[k] = logarithms[k] - highest;
      takeExponential(weights, k);
      total += weights[k];
    }
    for (let k = 0; k < weights.length; k++) weights[k] /= total;
  }

  restart(): void {
    this.weights.fill(1 / this.weights.length);
    this.#logarithms.fill(0);
  }

  state(): State {
    return { weights: this.weights, logarithms: this.#logarithms };
  }

  restore(state: State): void {
    const live = { weights: this.weights, logarithms: this.#logarithms };
    restoreArrays(live, state, "fading weights", { weights: shares, logarithms: within(-1e6, 0) });
  }
}
