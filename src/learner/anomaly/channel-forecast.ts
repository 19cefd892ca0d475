import type { State, Stateful } from "../../state.ts";
import { covariance, finite, parts, sampled, whole, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

const lags = 8;
/** Even, as the recursion takes two rows of the inverse at a time. */
const inputs = 12;
/** Where the block of the recursion holds the inverse, [12, 12], and the input, the gain and the weights, [12] each. */
const inputAt = inputs * inputs;
const gainAt = inputAt + inputs;
const weightAt = gainAt + inputs;
export const halfHours = 48;
const hoursOfWeek = 168;
const forgetting = 0.9995;
/** Inputs and targets count as at most so many standard deviations. */
const clipped = 8;
const rateOfContest = 0.01;
const mostInContest = 5;
/** A stored weight beyond this is damage: inputs and targets are within 8 deviations. */
const largestWeight = 1e9;

const at = { expected: 0, usual: 1, knowsUsual: 2, lastMiss: 3, ownMiss: 4, predicted: 5, error: 6 } as const;

/** Places of what `ChannelForecast.given` holds. */
export const given = { value: 0, held: 1, mean: 2, deviation: 3 } as const;

/**
 * Forecast of the next value of a channel: the change since the latest one, by recursive least squares with forgetting
 * (Ljung, System Identification, 1999, chapter 11) on the latest changes, the level and the time of day and week; or the
 * latest value itself while that was nearer of late.
 */
export class ChannelForecast implements Stateful {
  /**
   * What the caller knows of a row: its value, the value as far as it is believed, and the mean and the standard deviation of
   * the column, [4]. An array, so that V8 boxes no number.
   */
  readonly given: Float64Array = new Float64Array(4);
  /** The latest values, newest first, [8]. */
  readonly #lags = new Float64Array(lags);
  /** Mean of each half hour of the day and hour of the week, and their visits. */
  readonly #day = new Float64Array(halfHours);
  readonly #dayVisits = new Float64Array(halfHours);
  readonly #week = new Float64Array(hoursOfWeek);
  readonly #weekVisits = new Float64Array(hoursOfWeek);
  /** What the recursion works on: in one array, as V8 checks each array that an inner loop reads at each step of it. */
  readonly #block = new Float64Array(weightAt + inputs);
  /** Inverse of the inputs' covariance, [12, 12]; it is symmetric, and only its lower half is kept up to date. */
  readonly #inverse = this.#block.subarray(0, inputAt);
  readonly #weights = this.#block.subarray(weightAt);
  readonly #scalars = new Float64Array(7);

  static readonly bytes = 8 * (lags + 2 * halfHours + 2 * hoursOfWeek + inputs * inputs + 3 * inputs + 11);

  constructor() {
    this.#resetInverse();
  }

  #resetInverse(): void {
    this.#inverse.fill(0);
    for (let input = 0; input < inputs; input++) this.#inverse[input * inputs + input] = 1;
  }

  get expected(): number {
    return this.#scalars[at.expected];
  }

  /** Mean of this half hour of the day; NaN before its first visit. */
  get usualNow(): number {
    return this.#scalars[at.usual];
  }

  /** Whether this half hour of the day was seen on two days or for two rows. */
  get knowsUsual(): boolean {
    return this.#scalars[at.knowsUsual] === 1;
  }

  /** Rows that half an hour of the day has had, from 0 to 47. */
  visitsOf(halfHour: number): number {
    return this.#dayVisits[halfHour];
  }

  get latest(): number {
    return this.#lags[0];
  }

  /** At the first value, and at the first after a gap: as if all before it had been the same. */
  begin(): void {
    this.#lags.fill(this.given[given.held]);
  }

  /** Computes `expected` and `usualNow`. Allocates nothing. */
  predict(halfHour: number, hourOfWeek: number): void {
    const mean = this.given[given.mean];
    const deviation = this.given[given.deviation];
    const { expected, usual, knowsUsual, lastMiss, ownMiss, predicted } = at;
    const s = this.#scalars;
    const u = this.#block;
    const hasDay = halfHour >= 0 && this.#dayVisits[halfHour] > 0;
    const hasWeek = hourOfWeek >= 0 && this.#weekVisits[hourOfWeek] > 0;
    s[usual] = hasDay ? this.#day[halfHour] : Number.NaN;
    s[knowsUsual] = hasDay && this.#dayVisits[halfHour] > 1 ? 1 : 0;
    const day = hasDay ? (this.#day[halfHour] - mean) / deviation : 0;
    const week = hasWeek ? (this.#week[hourOfWeek] - mean) / deviation : day;
    const level = (this.#lags[0] - mean) / deviation;
    u[inputAt] = 0.1 * level;
    for (let lag = 1; lag < lags; lag++)
      u[inputAt + lag] = (this.#lags[lag - 1] - this.#lags[lag]) / deviation;
    u[inputAt + 8] = 0.1;
    u[inputAt + 9] = day - level;
    u[inputAt + 10] = week - level;
    u[inputAt + 11] = 0.1 * day;
    let change = 0;
    for (let input = 0; input < inputs; input++) {
      // Into the array at once: a variable that is now a sum and now a constant would be a box for V8.
      if (u[inputAt + input] > clipped) u[inputAt + input] = clipped;
      else if (u[inputAt + input] < -clipped) u[inputAt + input] = -clipped;
      change += u[weightAt + input] * u[inputAt + input];
    }
    s[predicted] = change;
    s[expected] = s[ownMiss] <= s[lastMiss] ? this.#lags[0] + change * deviation : this.#lags[0];
  }

  /** Learns from the value that was predicted last. Allocates nothing. */
  learn(): void {
    const value = this.given[given.value];
    const deviation = this.given[given.deviation];
    const s = this.#scalars;
    const scale = deviation + 1e-300;
    const last = this.#lags[0];
    const own = last + s[at.predicted] * deviation;
    const lastMiss = Math.min(Math.abs(value - last) / scale, mostInContest);
    const ownMiss = Math.min(Math.abs(value - own) / scale, mostInContest);
    s[at.lastMiss] += rateOfContest * (lastMiss - s[at.lastMiss]);
    s[at.ownMiss] += rateOfContest * (ownMiss - s[at.ownMiss]);
    const target = Math.min(Math.max((value - last) / deviation, -clipped), clipped);
    s[at.error] = target - s[at.predicted];
    this.#learnChange();
  }

  /**
   * With the inputs u, the inverse P and the error e: k = P u, w += k e / (u' k + lambda), P = (P - k k' / (u' k + lambda)) /
   * lambda. Two rows of P at a time, which share what they read of u and k.
   */
  #learnChange(): void {
    const b = this.#block;
    this.#multiplyInverse();
    // From 0: a sum that begins with a constant of the module is a box for V8.
    let power = 0;
    for (let row = 0; row < inputs; row++) power += b[inputAt + row] * b[gainAt + row];
    const error = this.#scalars[at.error];
    const growth = 1 / forgetting;
    const share = 1 / (power + forgetting);
    for (let row = 0; row < inputs; row += 2) {
      const upper = row * inputs;
      const lower = upper + inputs;
      const gain = b[gainAt + row] * share;
      const nextGain = b[gainAt + row + 1] * share;
      b[weightAt + row] += gain * error;
      b[weightAt + row + 1] += nextGain * error;
      for (let column = 0; column <= row; column++) {
        const other = b[gainAt + column];
        b[upper + column] = (b[upper + column] - gain * other) * growth;
        b[lower + column] = (b[lower + column] - nextGain * other) * growth;
      }
      b[lower + row + 1] = (b[lower + row + 1] - nextGain * b[gainAt + row + 1]) * growth;
    }
    this.#bound();
  }

  /** k = P u, where P is its lower half: an entry beside the diagonal stands for the one above it too. */
  #multiplyInverse(): void {
    const b = this.#block;
    for (let row = 0; row < inputs; row += 2) {
      const upper = row * inputs;
      const lower = upper + inputs;
      const input = b[inputAt + row];
      const nextInput = b[inputAt + row + 1];
      let sum = b[upper + row] * input;
      let nextSum = b[lower + row + 1] * nextInput;
      for (let column = 0; column < row; column++) {
        const entry = b[upper + column];
        const nextEntry = b[lower + column];
        const other = b[inputAt + column];
        sum += entry * other;
        nextSum += nextEntry * other;
        b[gainAt + column] = b[gainAt + column] + entry * input + nextEntry * nextInput;
      }
      const between = b[lower + row];
      b[gainAt + row] = sum + between * nextInput;
      b[gainAt + row + 1] = nextSum + between * input;
    }
  }

  /**
   * An input that is quiet for months would let its part of the inverse grow without end: its row and column are scaled
   * back. Where rounding has made a diagonal 0 or less the inverse starts over.
   */
  #bound(): void {
    const p = this.#block;
    for (let input = 0; input < inputs; input++) {
      const own = p[input * inputs + input];
      if (!(own > 0)) {
        this.#resetInverse();
        return;
      }
      if (own <= 1) continue;
      const scale = 1 / Math.sqrt(own);
      for (let other = 0; other <= input; other++) p[input * inputs + other] *= scale;
      for (let other = input; other < inputs; other++) p[other * inputs + input] *= scale;
    }
  }

  /** Takes a value into the lags and the profiles. Allocates nothing. */
  take(halfHour: number, hourOfWeek: number): void {
    const held = this.given[given.held];
    if (halfHour >= 0) {
      this.#dayVisits[halfHour]++;
      this.#day[halfHour] += Math.max(1 / this.#dayVisits[halfHour], 0.02) * (held - this.#day[halfHour]);
    }
    if (hourOfWeek >= 0) {
      this.#weekVisits[hourOfWeek]++;
      this.#week[hourOfWeek] +=
        Math.max(1 / this.#weekVisits[hourOfWeek], 0.05) * (held - this.#week[hourOfWeek]);
    }
    for (let lag = lags - 1; lag > 0; lag--) this.#lags[lag] = this.#lags[lag - 1];
    this.#lags[0] = held;
  }

  get #arrays() {
    return {
      lags: this.#lags,
      day: this.#day,
      dayVisits: this.#dayVisits,
      week: this.#week,
      weekVisits: this.#weekVisits,
      weights: this.#weights,
      inverse: this.#inverse,
      scalars: this.#scalars,
    };
  }

  state(): State {
    const p = this.#inverse;
    for (let row = 0; row < inputs; row++) {
      for (let column = 0; column < row; column++) p[column * inputs + row] = p[row * inputs + column];
    }
    return this.#arrays;
  }

  restore(state: State): void {
    restoreArrays(this.#arrays, state, "forecast of a channel", {
      lags: sampled,
      day: sampled,
      dayVisits: whole,
      week: sampled,
      weekVisits: whole,
      weights: within(-largestWeight, largestWeight),
      inverse: covariance(inputs),
      // NaN where this half hour of the day has not been seen.
      scalars: parts(finite, [[at.usual, (usual) => sampled(usual.filter((value) => !Number.isNaN(value)))]]),
    });
  }
}
