/** The usual size of an error, the scale on which rules of aggregation judge those of the experts. */

/** Smallest weight of a new error, and how many times the usual error, or deviations of the target, one may count. */
const floor = 0.01;
const largest = 8;
const largestDeviations = 4;
const smallest = 1e-6;
/**
 * The usual error before there is any, in deviations, and how many errors it counts as. Large, so that the rules do
 * not trust the first rows too far: on a series of 130 rows that is worth 2 % of the error.
 */
const first = 10;
const firstErrors = 2;

/**
 * Running mean of errors in deviations, each at most eight times the mean or four deviations, whichever is more. Without the
 * first bound, errors after a shift of level or a glitch count in full, and the rules learn nothing for long. Without the
 * second, the mean vanishes where most errors are 0 and fewer than one in eight is large, such as of a target that is rarely
 * anything but 0.
 */
export class UsualError {
  /** [1] */
  readonly scale = Float64Array.of(first);
  /** [1]: errors so far. */
  readonly #errors = new Float64Array(1);

  /** Learns the error `errors[0]`. Allocates nothing. */
  learn(errors: Float64Array): void {
    const usual = this.scale[0];
    this.#errors[0]++;
    const rate = Math.max(1 / (this.#errors[0] + firstErrors), floor);
    const counted = Math.min(errors[0], Math.max(largest * usual, largestDeviations));
    const next = usual + rate * (counted - usual);
    this.scale[0] = Math.max(next, smallest);
  }

  forget(): void {
    this.scale[0] = first;
    this.#errors[0] = 0;
  }

  arrays(): { scale: Float64Array; errors: Float64Array } {
    return { scale: this.scale, errors: this.#errors };
  }
}
