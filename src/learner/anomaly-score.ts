/** How unusual an error is: many standard deviations above the mean are an anomaly. */
import { FadingStatistics } from "../features/fading-statistics.ts";
import { restoreTogether, statefulBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";

/** Number of errors after which older ones fade. */
const window = 1000;
/** Errors before the first score. */
const grace = 200;
/** Upper limit of an error, in standard deviations, so that an anomaly does not become normal at once. */
const furthest = 8;

/** Errors, over some thousand of them: all have the same weight at first, and after this many the older ones fade. */
export class AnomalyScore implements Stateful {
  readonly #errors = new FadingStatistics(1 / window);
  /** [1]: errors, counted up to the length of the window. */
  readonly #count = new Float64Array(1);

  /**
   * Standard deviations by which `error`, finite and of 0 or more, lies above the mean of those before it; 0 for the
   * first 200. A standard deviation below `least` counts as `least`. Learns `error` afterwards. Allocates nothing.
   */
  observe(error: number, least: number): number {
    const { mean, variance } = this.#errors;
    const deviation = Math.max(Math.sqrt(variance), least);
    const count = this.#count;
    const isKnown = count[0] >= grace && deviation > 0;
    const score = isKnown ? (error - mean) / deviation : 0;
    if (count[0] < window) count[0]++;
    this.#errors.learn(score > furthest ? mean + furthest * deviation : error, 1 / count[0]);
    return score;
  }

  state(): State {
    return [this.#errors.state(), this.#count];
  }

  restore(state: State): void {
    restoreTogether([this.#errors, statefulBlock(this.#count, "count of errors")], state);
  }
}
