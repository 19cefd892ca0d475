/** How unusual an error is: many standard deviations above the mean are an anomaly. */
import { FadingStatistics } from "../features/fading-statistics.ts";

/** Number of errors after which older ones fade. */
const window = 1000;
/** Errors before the first score. */
const grace = 200;
/** Upper limit of an error, in standard deviations, so that an anomaly does not become normal at once. */
const furthest = 8;

/** Errors, over some thousand of them: all have the same weight at first, and after this many the older ones fade. */
export class AnomalyScore {
  readonly #errors = new FadingStatistics(1 / window);
  #count = 0;

  /**
   * Standard deviations by which `error`, finite and of 0 or more, lies above the mean of those before it; 0 for the
   * first 200. A standard deviation below `least` counts as `least`. Learns `error` afterwards. Allocates nothing.
   */
  observe(error: number, least: number): number {
    const { mean, variance } = this.#errors;
    const deviation = Math.max(Math.sqrt(variance), least);
    const isKnown = this.#count >= grace && deviation > 0;
    const score = isKnown ? (error - mean) / deviation : 0;
    if (this.#count < window) this.#count++;
    this.#errors.learn(score > furthest ? mean + furthest * deviation : error, 1 / this.#count);
    return score;
  }
}
