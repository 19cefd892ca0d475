import type { State, Stateful } from "../../state.ts";
import { covariance } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

const forgetting = 0.9995;
/** Where the inverse covariance starts, and its largest diagonal: an input that is quiet for months must not grow it. */
const firstVariance = 0.05;
/** An error counts as at most this many standard deviations. */
const largestError = 8;

/**
 * Recursive least squares with forgetting (Ljung, System Identification, 1999, chapter 11): k = P x / (lambda + x' P x),
 * w += k e, P = (P - k x' P) / lambda, from w = 0. Rows and columns of P whose diagonal passes 0.05 are scaled back to it.
 */
export class DirectLeastSquares implements Stateful {
  readonly #size: number;
  readonly #weights: Float64Array;
  /** [size, size] */
  readonly #inverse: Float64Array;
  readonly #gain: Float64Array;
  /** lambda + x' P x and the error, [2]. In an array: V8 boxes each step of a sum that begins with a constant. */
  readonly #sums = new Float64Array(2);

  static bytes = (size: number): number => 8 * (size * size + 2 * size + 2);

  constructor(size: number) {
    this.#size = size;
    this.#weights = new Float64Array(size);
    this.#inverse = new Float64Array(size * size);
    this.#gain = new Float64Array(size);
    this.#begin();
  }

  #begin(): void {
    this.#inverse.fill(0);
    for (let i = 0; i < this.#size; i++) this.#inverse[i * this.#size + i] = firstVariance;
  }

  /** Writes the answer for the inputs at `from` to `out[outAt]`. Allocates nothing. */
  predict(inputs: Float64Array, from: number, out: Float64Array, outAt: number): void {
    let sum = 0;
    for (let i = 0; i < this.#size; i++) sum += this.#weights[i] * inputs[from + i];
    out[outAt] = sum;
  }

  /** Learns that the inputs at `from` have the target `targets[at]`. Allocates nothing. */
  learn(inputs: Float64Array, from: number, targets: Float64Array, at: number): void {
    const size = this.#size;
    const inverse = this.#inverse;
    const gain = this.#gain;
    const sums = this.#sums;
    sums[0] = forgetting;
    sums[1] = targets[at];
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += inverse[i * size + j] * inputs[from + j];
      gain[i] = sum;
      sums[0] += sum * inputs[from + i];
      sums[1] -= this.#weights[i] * inputs[from + i];
    }
    const spread = sums[0];
    const error = Math.min(Math.max(sums[1], -largestError), largestError);
    for (let i = 0; i < size; i++) {
      this.#weights[i] += (gain[i] / spread) * error;
      for (let j = 0; j <= i; j++) {
        const value = (inverse[i * size + j] - (gain[i] * gain[j]) / spread) / forgetting;
        inverse[i * size + j] = value;
        inverse[j * size + i] = value;
      }
    }
    this.#guard();
  }

  #guard(): void {
    const size = this.#size;
    const inverse = this.#inverse;
    for (let i = 0; i < size; i++) {
      const variance = inverse[i * size + i];
      if (!(variance > 0)) {
        this.#begin();
        return;
      }
      if (variance <= firstVariance) continue;
      const scale = Math.sqrt(firstVariance / variance);
      for (let j = 0; j < size; j++) {
        inverse[i * size + j] *= scale;
        inverse[j * size + i] *= scale;
      }
    }
  }

  state(): State {
    return { weights: this.#weights, inverse: this.#inverse };
  }

  restore(state: State): void {
    restoreArrays({ weights: this.#weights, inverse: this.#inverse }, state, "direct least squares", {
      inverse: covariance(this.#size),
    });
  }
}
