import type { State, Stateful } from "../../state.ts";
import { covariance, whole } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

const slowest = 0.0005;
/** A row at more than so many times the usual squared distance is taken in as that far. */
const furthest = 9;
/** Largest entry on the diagonal of the inverse. */
const mostInverse = 1e6;

/**
 * How unusual the deviations of all channels are together: their Mahalanobis distance, with a running inverse covariance
 * (Sherman and Morrison, Annals of Mathematical Statistics 21, 1950). Finds what no channel shows alone, as when two that
 * always rise together do not.
 */
export class JointDistance implements Stateful {
  readonly channels: number;
  /** sqrt(z' P z / channels) of the latest row, [1]. */
  readonly distance: Float64Array = new Float64Array(1);
  /** [channels, channels] */
  readonly #inverse: Float64Array;
  readonly #product: Float64Array;
  /** [1] */
  readonly #rows = new Float64Array(1);

  static bytes(channels: number): number {
    return 8 * (channels * channels + channels + 2);
  }

  constructor(channels: number) {
    this.channels = channels;
    this.#inverse = new Float64Array(channels * channels);
    this.#product = new Float64Array(channels);
    for (let channel = 0; channel < channels; channel++) this.#inverse[channel * channels + channel] = 1;
  }

  /** Measures the deviations of a row, [channels], and learns from it. Allocates nothing. */
  observe(deviations: Float64Array): void {
    const { channels } = this;
    const inverse = this.#inverse;
    const product = this.#product;
    let square = 0;
    for (let row = 0; row < channels; row++) {
      let sum = 0;
      for (let column = 0; column < channels; column++)
        sum += inverse[row * channels + column] * deviations[column];
      product[row] = sum;
      square += deviations[row] * sum;
    }
    this.distance[0] = Math.sqrt(Math.max(0, square) / channels);
    this.#rows[0]++;
    const rate = Math.max(1 / (this.#rows[0] + 1), slowest);
    const limit = furthest * channels;
    const weight = square > limit ? (rate * limit) / square : rate;
    const scale = weight / (1 - rate + weight * square);
    const growth = 1 / (1 - rate);
    for (let row = 0; row < channels; row++) {
      const step = scale * product[row];
      for (let column = 0; column < channels; column++) {
        const index = row * channels + column;
        inverse[index] = (inverse[index] - step * product[column]) * growth;
      }
    }
    this.#bound();
  }

  /** A channel that is still for months would let its part grow without end: its row and column are scaled back. */
  #bound(): void {
    const { channels } = this;
    const inverse = this.#inverse;
    for (let channel = 0; channel < channels; channel++) {
      const own = inverse[channel * channels + channel];
      if (own > 0 && own <= mostInverse) continue;
      const scale = own > 0 ? Math.sqrt(mostInverse / own) : 0;
      for (let other = 0; other < channels; other++) {
        inverse[channel * channels + other] *= scale;
        inverse[other * channels + channel] *= scale;
      }
      if (own <= 0 || Number.isNaN(own)) inverse[channel * channels + channel] = 1;
    }
  }

  get #arrays() {
    return { inverse: this.#inverse, rows: this.#rows };
  }

  state(): State {
    return this.#arrays;
  }

  restore(state: State): void {
    restoreArrays(this.#arrays, state, "joint distance", {
      inverse: covariance(this.channels),
      rows: whole,
    });
  }
}
