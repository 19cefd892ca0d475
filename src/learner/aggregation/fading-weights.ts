import { takeExponential } from "../../engine/model/exponential.ts";
import { type Arena, arenaFor, bytesOf, float64 } from "../../engine/running/arena.ts";
import { takeLogarithm } from "../../logarithm.ts";
import type { State } from "../../state.ts";
import { shares, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { type Aggregation, evenWeights } from "./aggregation.ts";

const fading = 0.995;
const learningRate = 0.5;
/** Largest ratio of an error to the usual error; larger errors are cut to it. */
const largestError = 8;

export interface FadingWeightsOptions {
  experts: number;
  /** Weights at the start, [experts], of 1 in all. Default: all alike. */
  start?: readonly number[];
}

const blocksFor = (experts: number) => ({ weights: float64(experts), logarithms: float64(experts) });

/**
 * Exponential weights over fading losses: log u_k = 0.995 log u_k - 0.5 min(|p_k - y| / e, 8) (Cesa-Bianchi and Lugosi, 2006, with
 * discounted losses).
 */
export class FadingWeights implements Aggregation {
  readonly weights: Float64Array;
  readonly #logarithms: Float64Array;
  readonly #start: readonly number[];

  static bytes = ({ experts }: FadingWeightsOptions) => bytesOf(blocksFor(experts));

  constructor({ experts, start = evenWeights(experts) }: FadingWeightsOptions, arena?: Arena) {
    const blocks = blocksFor(experts);
    const { weights, logarithms } = arenaFor(blocks, arena).place(blocks);
    this.weights = weights;
    this.#logarithms = logarithms;
    this.#start = start;
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
    const logarithms = this.#logarithms;
    this.weights.set(this.#start);
    const largest = Math.max(...this.#start);
    for (let k = 0; k < logarithms.length; k++) {
      logarithms[k] = this.#start[k] / largest;
      takeLogarithm(logarithms, k);
    }
  }

  state(): State {
    return { weights: this.weights, logarithms: this.#logarithms };
  }

  restore(state: State): void {
    const live = { weights: this.weights, logarithms: this.#logarithms };
    restoreArrays(live, state, "fading weights", { weights: shares, logarithms: within(-1e6, 0) });
  }
}
