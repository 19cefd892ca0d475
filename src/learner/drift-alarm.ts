/** Raises an alarm when errors rise so far above their mean that what was learned no longer holds. */

import { extendedBlock, restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { finite, notNegative, parts, whole } from "../state-check.ts";

/** Weight of a new error in the short mean, of about the last 59. */
const shortRate = 1 / 30;
const shortLength = 59;
/** Standard errors of the short mean above the long mean. */
const threshold = 8;
/** Fewest errors between two alarms. */
const fewest = 100;
/**
 * Fewest errors that raise an alarm, however large they are: one or two rows of a class of 1 in 500 are no drift, and with the
 * alarm the few rows of that class would be forgotten.
 */
const fewestLarge = 4;

/** Largest autocorrelation that is believed: the short mean of errors that hardly change says little, but not nothing. */
const largestCorrelation = 0.99;
/** Smallest weight of a new autocorrelation in what is believed: a change of the errors must not hide itself. */
const correlationRate = 1 / 200;

const at = {
  count: 0,
  mean: 1,
  squares: 2,
  short: 3,
  alarms: 4,
  before: 5,
  after: 6,
  products: 7,
  distance: 8,
  correlation: 9,
} as const;
/** Numbers of the block before the autocorrelation was among them. */
const withoutCorrelation = 7;

const sane = parts(notNegative, [
  [at.count, whole],
  [at.alarms, whole],
  [[at.products, at.correlation + 1], finite],
]);

/**
 * Mean and variance of all errors since the last alarm (Welford, 1962) against a fading mean of the latest: an alarm
 * where the short mean is more than 8 of its standard deviations above the long one, after 100 errors. That deviation is
 * sqrt(f variance / 59) with f = (1 + a r) / (1 - a r), a = 29 / 30 and r the autocorrelation of the errors from one row to the
 * next, where it is above 0: the mean of 59 errors that follow one another slowly strays further than that of 59 others
 * (Bayley and Hammersley, 1946). In the short mean an error counts as at most a quarter of that rise. The errors must be bounded.
 */
export class DriftAlarm implements Stateful {
  readonly #block = new Float64Array(10);

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
    const rest = error - block[at.mean];
    block[at.squares] += distance * rest;
    block[at.products] += block[at.distance] * rest;
    block[at.distance] = rest;
    const correlation = block[at.squares] > 0 ? block[at.products] / block[at.squares] : 0;
    const rate = Math.max(1 / block[at.count], correlationRate);
    block[at.correlation] += rate * (correlation - block[at.correlation]);
    const deviation = Math.sqrt((this.#inflation * block[at.squares]) / block[at.count] / shortLength);
    const isJudged = block[at.count] > fewest;
    const most = block[at.mean] + (threshold * deviation) / (fewestLarge * shortRate);
    const held = isJudged ? Math.min(error, most) : error;
    block[at.short] += (block[at.count] === 1 ? 1 : shortRate) * (held - block[at.short]);
    if (!isJudged) return false;
    if (!(block[at.short] - block[at.mean] > threshold * deviation)) return false;
    block[at.before] = block[at.mean];
    block[at.after] = block[at.short];
    block[at.alarms]++;
    block.fill(0, at.count, at.short);
    block.fill(0, at.products);
    return true;
  }

  /** How much larger the variance of the short mean is than that of a mean of independent errors. */
  get #inflation(): number {
    const correlation = Math.min(Math.max(this.#block[at.correlation], 0), largestCorrelation);
    return (1 + (1 - shortRate) * correlation) / (1 - (1 - shortRate) * correlation);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const block = extendedBlock(state, withoutCorrelation, this.#block.length);
    restoreBlock(this.#block, block, "drift alarm", sane);
  }
}
