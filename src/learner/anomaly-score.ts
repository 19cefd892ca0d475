/** How far an error lies beyond what is usual: an anomaly where it is many standard deviations. */
import { FadingStatistics } from "../features/fading-statistics.ts";

/** Number of errors after which older ones fade. */
const window = 1000;
/** Errors before the first score. */
const grace = 200;
/** An error further out than this counts as this far, so that an anomaly does not become usual at once. */
const furthest = 8;

/** Errors, over some thousand of them: all have the same weight at first, and after this many the older ones fade. */
export class AnomalyScore {
  readonly #errors = new FadingStatistics(1 / window);
  #count = 0;

  /**
   * Standard deviations by which `error`, finite and of 0 or more, lies above the mean of those before it; 0 for the
   * first 200. A deviation that is smaller than `least` counts as that. Takes `error` in afterwards. Allocates nothing.
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
