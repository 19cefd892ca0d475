import {
  type Arena,
  aloneBytes,
  arenaFor,
  float64,
  type Space,
  spaceOf,
} from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { covariance, within } from "../../state-check.ts";
import type { Expert } from "../expert.ts";
import { restoreArrays } from "../restore-arrays.ts";

export interface LeastSquaresOptions {
  /** Inputs without the constant, which is added. */
  inputs: number;
  /** Forgetting factor: by it a row's weight fades with each row that follows. Default 0.999. */
  forgetting?: number;
}

/** Upper limit of an error. */
const largestError = 1;
/** A variance below this counts as 0: rounding could make it negative. */
const smallestVariance = 1e-12;
/** A stored weight beyond this is damage: inputs and targets are standardized, and errors are held within 1. */
const largestWeight = 1e9;

/**
 * An update keeps the sum of variances within the number of features. Far above it, what rounding leaves of an update is
 * larger than the covariance itself.
 */
const mostVariance = 1e9;

const blocksFor = (size: number) => ({
  weights: float64(size),
  covariance: float64(size, size),
});

/** What counts only within a call. */
const passingFor = (size: number) => ({ gain: float64(size), row: float64(size) });

/**
 * Recursive least squares with exponential forgetting (Plackett, 1950; Haykin, Adaptive Filter Theory): K = P x / (lambda + x' P x),
 * w += K clip(e, 1), P = (P - K x' P) / lambda, from w = 0 and P = I. Forgetting inflates P only as far as its trace at
 * the start, or directions without news would grow without bound. Of P there is one triangle only: computed as a whole it
 * loses its symmetry to rounding, and after some 50,000 rows its answers are wrong.
 */
export class LeastSquares implements Expert {
  readonly #arena: Arena;
  readonly #size: number;
  readonly #forgetting: number;
  /** [size]: the last one is of the constant. */
  readonly #weights: Float64Array;
  /** [size, size]: the triangle up to the diagonal. */
  readonly #covariance: Float64Array;
  readonly #gain: Float64Array;
  readonly #row: Float64Array;

  static space = ({ inputs }: LeastSquaresOptions): Space =>
    spaceOf(blocksFor(inputs + 1), passingFor(inputs + 1));

  static bytes = (options: LeastSquaresOptions): number => aloneBytes(LeastSquares.space(options));

  constructor({ inputs, forgetting = 0.999 }: LeastSquaresOptions, arena?: Arena) {
    this.#size = inputs + 1;
    this.#forgetting = forgetting;
    const [blocks, passing] = [blocksFor(this.#size), passingFor(this.#size)];
    this.#arena = arenaFor({ ...blocks, ...passing }, arena);
    const { weights, covariance } = this.#arena.place(blocks);
    const { gain, row } = this.#arena.placePassing(passing);
    this.#weights = weights;
    this.#covariance = covariance;
    this.#gain = gain;
    this.#row = row;
    this.restart();
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    const last = this.#size - 1;
    let sum = this.#weights[last];
    for (let i = 0; i < last; i++) sum += this.#weights[i] * inputs[i];
    answers[at] = sum;
  }

  learn(inputs: Float32Array, targets: Float64Array, at: number): void {
    const size = this.#size;
    const row = this.#row;
    for (let i = 0; i < size - 1; i++) row[i] = inputs[i];
    row[size - 1] = 1;
    this.#arena.kernels.learning.leastSquaresUpdate(
      this.#weights.byteOffset,
      this.#covariance.byteOffset,
      this.#gain.byteOffset,
      row.byteOffset,
      size,
      targets[at],
      this.#forgetting,
      largestError,
      smallestVariance,
    );
  }

  restart(): void {
    this.#weights.fill(0);
    this.#covariance.fill(0);
    for (let i = 0; i < this.#size; i++) this.#covariance[i * this.#size + i] = 1;
  }

  state(): State {
    return { weights: this.#weights, covariance: this.#covariance };
  }

  restore(state: State): void {
    restoreArrays({ weights: this.#weights, covariance: this.#covariance }, state, "least squares", {
      weights: within(-largestWeight, largestWeight),
      covariance: covariance(this.#size, { triangle: true, most: mostVariance }),
    });
  }
}
