/** Raises an alarm when errors rise so far above their mean that what was learned no longer holds. */

import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { notNegative, parts, whole } from "../state-check.ts";

/** Weight of a new error in the short mean, of about the last 59. */
const shortRate = 1 / 30;
const shortLength = 59;
/** Standard errors of the short mean above the long mean. */
const threshold = 8;
/** Fewest errors between two alarms. */
const fewest = 100;

const at = { count: 0, mean: 1, squares: 2, short: 3, alarms: 4, before: 5, after: 6 } as const;

const sane = parts(notNegative, [
  [at.count, whole],
  [at.alarms, whole],
]);

/**
 * Mean and variance of all errors since the last alarm (Welford, 1962) against a fading mean of the latest: an alarm
 * where the short mean is more than 8 sqrt(variance / 59) above the long one, after 100 errors. The errors must be
 * bounded.
 */
export class DriftAlarm implements Stateful {
  readonly #block = new Float64Array(7);

  get alarms(): number {
    return this.#block[at.alarms];
  }

  /** Mean error before the last alarm, and that of the latest rows at it. */
  get errorBefore(): number {
    return this.#block[at.before];
  }

  get errorAfter(): number {
    return this.#block[at.after];
  }

  /** Takes the error `errors[0]`; true where it raises an alarm, with which the statistics start again. */
  observe(errors: Float64Array): boolean {
    const block = this.#block;
    const error = errors[0];
    block[at.count]++;
    const distance = error - block[at.mean];
    block[at.mean] += distance / block[at.count];
    block[at.squares] += distance * (error - block[at.mean]);
    block[at.short] += (block[at.count] === 1 ? 1 : shortRate) * (error - block[at.short]);
    if (block[at.count] <= fewest) return false;
    const deviation = Math.sqrt(block[at.squares] / block[at.count] / shortLength);
    if (!(block[at.short] - block[at.mean] > threshold * deviation)) return false;
    block[at.before] = block[at.mean];
    block[at.after] = block[at.short];
    block[at.alarms]++;
    block.fill(0, at.count, at.short);
    return true;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "drift alarm", sane);
  }
}
