/** Forecasts one column some rows ahead, and learns when the row comes. */
import { takeExponential } from "../../engine/model/exponential.ts";
import { restoreTogether } from "../../features/restore.ts";
import type { State, Stateful } from "../../state.ts";
import { finite, notNegative, parts, whole } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { DirectLeastSquares } from "./direct-least-squares.ts";
import { ForecastInterval } from "./forecast-interval.ts";
import { Season } from "./season.ts";

export interface DirectForecastOptions {
  /** Rows ahead, 1 or more. */
  horizon: number;
  /** Share of the truths that the interval is to hold. Default 0.9. */
  coverage?: number;
  /** Rows a second, by which days and weeks are known. Default null: not known. */
  rate?: number | null;
  /** Time zone of days and weeks. Default null: the system's. */
  timeZone?: string | null;
  /** Whether another forecaster answers beside those here. Default false. */
  hasOther?: boolean;
}

/** Rows of the past among the inputs of least squares. */
const lags = [1, 2, 3, 5, 8, 12, 24];
const longestLag = 24;
/** Level, lags, what is usual by day and week then and now, change a day and a week ago, constant. */
const inputs = 1 + lags.length + 4 + 2 + 1;
const largestInput = 8;
const levelShare = 0.1;
/** Smallest weight of a new value in mean and variance. */
const statisticFloor = 1 / 2000;
/** Longest season that is kept in rows: a week of minutes. */
const longestSeason = 10_080;
/** How much worse than the best a forecaster may be before it hardly counts. */
const temperature = 0.02;
const daySeconds = 86_400;
const weekSeconds = 7 * daySeconds;

const forecasters = ["last value", "season of a day", "season of a week", "least squares", "ensemble"];
const at = { lastValue: 0, day: 1, week: 2, leastSquares: 3, other: 4 } as const;
const most = forecasters.length;
/** What is kept of a forecast until its truth comes, behind the inputs and the answers. */
const kept = { answer: 0, width: 1, value: 2, deviation: 3, row: 4 } as const;
const keptNumbers = 5;
const slotNumbers = inputs + most + keptNumbers;

const own = { rows: 0, mean: 1, variance: 2, last: 3, knows: 4, scored: 5, width: 6 } as const;

const ownCheck = parts(finite, [
  [own.rows, whole],
  [own.variance, notNegative],
  [own.knows, whole],
  [own.scored, whole],
]);

const seasonRows = (seconds: number, rate: number | null): number => {
  const rows = rate === null ? 0 : Math.round(rate * seconds);
  return rows > 1 && rows <= longestSeason ? rows : 0;
};

/**
 * Direct forecasts of y(i + h): the change y(i + h) - y(i) by least squares on the lags, the level and what is usual then
 * and now, beside the last value and the value a day and a week before the row that is forecast. They are joined by
 * weights exp(-(L - Lmin) / (0.02 Lmin)), with L the mean absolute error, older ones fading over about 200 + 10 h rows.
 */
export class DirectForecast implements Stateful {
  readonly horizon: number;
  readonly names: readonly string[];
  /** The forecast, and half the width of its interval, [2]. */
  readonly answer: Float64Array = new Float64Array(2);
  /** What each forecaster says, [names]; that of another is to be written before `join`. */
  readonly answers: Float64Array;
  /** Mean absolute error of the forecast and of each forecaster, over all that were scored, [1 + names]. */
  readonly errors: Float64Array;
  readonly interval: ForecastInterval;
  readonly #dayRows: number;
  readonly #weekRows: number;
  readonly #aheadMs: number;
  readonly #discount: number;
  readonly #season: Season;
  readonly #leastSquares = new DirectLeastSquares(inputs);
  /** The latest values, [length]. */
  readonly #past: Float64Array;
  /** What waits for its truth, [horizon + 1, slotNumbers]. */
  readonly #held: Float64Array;
  readonly #own = new Float64Array(7);
  /** Fading error of each forecaster, [names]. */
  readonly #losses: Float64Array;
  readonly #weights: Float64Array;
  readonly #inputs = new Float64Array(inputs);
  readonly #usual = new Float64Array(4);
  readonly #scratch = new Float64Array(2);

  static bytes(options: DirectForecastOptions): number {
    const past = pastRows(options);
    const numbers = past + (options.horizon + 1) * slotNumbers + 7 + 4 * most + inputs + 9;
    return 8 * numbers + Season.bytes + ForecastInterval.bytes + DirectLeastSquares.bytes(inputs);
  }

  constructor(options: DirectForecastOptions) {
    const { horizon, coverage = 0.9, rate = null, timeZone = null, hasOther = false } = options;
    this.horizon = horizon;
    this.names = forecasters.slice(0, hasOther ? most : most - 1);
    this.answers = new Float64Array(this.names.length);
    this.errors = new Float64Array(1 + this.names.length);
    this.interval = new ForecastInterval(coverage);
    this.#dayRows = seasonRows(daySeconds, rate);
    this.#weekRows = seasonRows(weekSeconds, rate);
    this.#aheadMs = rate === null ? Number.NaN : (1000 * horizon) / rate;
    this.#discount = 1 - 1 / (200 + 10 * horizon);
    this.#season = new Season(timeZone);
    this.#past = new Float64Array(pastRows(options));
    this.#held = new Float64Array((horizon + 1) * slotNumbers).fill(-1);
    this.#losses = new Float64Array(this.names.length);
    this.#weights = new Float64Array(this.names.length);
  }

  /** Whether days and weeks are known in rows: where not, the value of that season before is the last one. */
  get seasons(): { day: boolean; week: boolean } {
    return { day: this.#dayRows > 0, week: this.#weekRows > 0 };
  }

  /** Forecasts that were scored. */
  get scored(): number {
    return this.#own[own.scored];
  }

  /** Mean width of the intervals, in the column's units. */
  get meanWidth(): number {
    return this.#own[own.width];
  }

  /** How much each forecaster counts in the answer, [names]. */
  get weights(): Float64Array {
    return this.#weights;
  }

  /**
   * Computes what the forecasters here say at a row whose value is `values[at]`, NaN where it is missing, at the moment
   * `times[timeAt]`; `join` then makes the answer of it. Nothing is learned. Allocates nothing.
   */
  predict(values: Float64Array, valueAt: number, times: Float64Array, timeAt: number): void {
    const block = this.#own;
    const answers = this.answers;
    const isMissing = Number.isNaN(values[valueAt]);
    const value = isMissing ? block[own.last] : values[valueAt];
    answers[at.lastValue] = value;
    answers[at.day] = this.#seasonal(this.#dayRows, value);
    answers[at.week] =
      this.#weekRows === 0 ? answers[at.day] : this.#seasonal(this.#weekRows, answers[at.day]);
    this.#describe(value, times, timeAt);
    this.#leastSquares.predict(this.#inputs, 0, this.#scratch, 0);
    answers[at.leastSquares] = value + this.#scratch[0] * this.#deviation;
  }

  get #deviation(): number {
    return Math.sqrt(this.#own[own.variance]) + 1e-12 * (1 + Math.abs(this.#own[own.mean]));
  }

  /** Value of the row that lies whole seasons before the one that is forecast; `otherwise` where it is not known. */
  #seasonal(rows: number, otherwise: number): number {
    if (rows === 0) return otherwise;
    const seasons = Math.ceil(this.horizon / rows);
    return this.#back(seasons * rows - this.horizon, otherwise);
  }

  /** Value of so many rows before the one at hand, which is 0; it is not yet among the past. */
  #back(rows: number, otherwise: number): number {
    const count = this.#own[own.rows];
    const length = this.#past.length;
    if (rows === 0 || rows > count || rows > length)
      return rows === 0 ? this.answers[at.lastValue] : otherwise;
    return this.#past[(count - rows) % length];
  }

  #describe(value: number, times: Float64Array, timeAt: number): void {
    const block = this.#own;
    const deviation = this.#deviation;
    const row = this.#inputs;
    let to = 0;
    row[to++] = levelShare * hold((value - block[own.mean]) / deviation);
    for (let k = 0; k < lags.length; k++) row[to++] = hold((this.#back(lags[k], value) - value) / deviation);
    this.#describeSeason(times, timeAt);
    for (let i = 0; i < 4; i++) {
      const usual = this.#usual[i];
      row[to++] = Number.isNaN(usual) ? 0 : hold((usual - value) / deviation);
    }
    row[to++] = this.#changeOf(this.#dayRows, deviation);
    row[to++] = this.#changeOf(this.#weekRows, deviation);
    row[to] = levelShare;
  }

  /** What is usual by day and week then, and by day and week now. */
  #describeSeason(times: Float64Array, timeAt: number): void {
    const usual = this.#usual;
    const then = this.#scratch;
    then[1] = times[timeAt] + this.#aheadMs;
    this.#season.write(then, 1, usual, 0);
    if (Number.isNaN(this.#aheadMs)) usual.fill(Number.NaN);
    else this.#season.write(times, timeAt, usual, 2);
    if (Number.isNaN(usual[1])) usual[1] = usual[0];
    if (Number.isNaN(usual[3])) usual[3] = usual[2];
  }

  /** How the column changed over as many rows a season ago. */
  #changeOf(rows: number, deviation: number): number {
    if (rows === 0) return 0;
    const before = Math.ceil(this.horizon / rows) * rows;
    const from = this.#back(before, Number.NaN);
    const to = this.#back(before - this.horizon, Number.NaN);
    return Number.isNaN(from) || Number.isNaN(to) ? 0 : hold((to - from) / deviation);
  }

  /** Joins what the forecasters say to the answer and its interval. Allocates nothing. */
  join(): void {
    const losses = this.#losses;
    const weights = this.#weights;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < losses.length; k++) least = Math.min(least, losses[k]);
    let sum = 0;
    for (let k = 0; k < losses.length; k++) {
      weights[k] = least > 0 ? -(losses[k] - least) / (temperature * least) : losses[k] > 0 ? -100 : 0;
      takeExponential(weights, k);
      sum += weights[k];
    }
    let answer = 0;
    for (let k = 0; k < losses.length; k++) {
      weights[k] /= sum;
      answer += weights[k] * this.answers[k];
    }
    this.answer[0] = answer;
    this.interval.write(this.answer, 1);
    this.answer[1] *= this.#deviation;
  }

  /**
   * Learns from the row that was predicted last: it is the truth of the forecast made one horizon ago, which is scored, and
   * its own forecast waits for its truth. Returns whether one was scored: its answer is then in `scoredAnswer`. Allocates
   * nothing.
   */
  learn(values: Float64Array, valueAt: number, times: Float64Array, timeAt: number): boolean {
    const block = this.#own;
    const isKnown = !Number.isNaN(values[valueAt]);
    const isScored = isKnown && this.#settle(values, valueAt);
    if (!isScored) this.scoredAnswer.fill(Number.NaN);
    this.#hold();
    if (isKnown) {
      this.#season.learn(times, timeAt, values, valueAt);
      this.#measure(values[valueAt]);
      block[own.last] = values[valueAt];
    }
    this.#past[block[own.rows] % this.#past.length] = block[own.last];
    block[own.rows]++;
    return isScored;
  }

  /** A row of which nothing is learned has passed, in a pause: what waits for its truth moves on. */
  skip(): void {
    const block = this.#own;
    this.scoredAnswer.fill(Number.NaN);
    this.#past[block[own.rows] % this.#past.length] = block[own.last];
    block[own.rows]++;
  }

  /** [2] The answer that was scored with the latest row, and half the width of its interval; NaN where none was. */
  readonly scoredAnswer: Float64Array = new Float64Array(2).fill(Number.NaN);

  #settle(values: Float64Array, valueAt: number): boolean {
    const held = this.#held;
    const row = this.#own[own.rows] - this.horizon;
    const slot = (((row % (this.horizon + 1)) + this.horizon + 1) % (this.horizon + 1)) * slotNumbers;
    const from = slot + inputs + most;
    if (row < 0 || held[from + kept.row] !== row) return false;
    held[from + kept.row] = -1;
    const truth = values[valueAt];
    const deviation = held[from + kept.deviation];
    const scratch = this.#scratch;
    const count = ++this.#own[own.scored];
    for (let k = 0; k < this.names.length; k++) {
      const error = Math.abs(held[slot + inputs + k] - truth);
      this.#losses[k] =
        this.#discount * this.#losses[k] + (1 - this.#discount) * Math.min(error / deviation, 100);
      this.errors[1 + k] += (error - this.errors[1 + k]) / count;
    }
    this.scoredAnswer[0] = held[from + kept.answer];
    this.scoredAnswer[1] = held[from + kept.width];
    this.#own[own.width] += (2 * this.scoredAnswer[1] - this.#own[own.width]) / count;
    const error = Math.abs(this.scoredAnswer[0] - truth);
    this.errors[0] += (error - this.errors[0]) / count;
    scratch[0] = error / deviation;
    scratch[1] = held[from + kept.width] / deviation;
    this.interval.learn(scratch, 0, scratch, 1);
    scratch[0] = hold((truth - held[from + kept.value]) / deviation);
    this.#leastSquares.learn(held, slot, scratch, 0);
    return true;
  }

  #hold(): void {
    const held = this.#held;
    const row = this.#own[own.rows];
    const slot = (row % (this.horizon + 1)) * slotNumbers;
    const from = slot + inputs + most;
    for (let i = 0; i < inputs; i++) held[slot + i] = this.#inputs[i];
    for (let k = 0; k < this.names.length; k++) held[slot + inputs + k] = this.answers[k];
    held[from + kept.answer] = this.answer[0];
    held[from + kept.width] = this.answer[1];
    held[from + kept.value] = this.answers[at.lastValue];
    held[from + kept.deviation] = this.#deviation;
    // Before there are two values there is no scale.
    held[from + kept.row] = this.#own[own.knows] > 1 ? row : -1;
  }

  #measure(value: number): void {
    const block = this.#own;
    const known = ++block[own.knows];
    const rate = Math.max(1 / known, statisticFloor);
    const deviation = Math.sqrt(block[own.variance]);
    const bound = known > 50 ? largestInput * deviation : Number.POSITIVE_INFINITY;
    const error = Math.min(Math.max(value - block[own.mean], -bound), bound);
    block[own.mean] += rate * error;
    block[own.variance] = (1 - rate) * (block[own.variance] + rate * error * error);
  }

  state(): State {
    const stored = [this.#season, this.#leastSquares, this.interval].map((part) => part.state());
    return { ...this.#arrays, parts: stored };
  }

  get #arrays() {
    return {
      past: this.#past,
      held: this.#held,
      own: this.#own,
      losses: this.#losses,
      errors: this.errors,
    };
  }

  restore(given: State): void {
    const { parts: stored, ...arrays } = (given ?? {}) as { parts: State[]; [name: string]: State };
    const live: Stateful = {
      state: () => this.#arrays,
      restore: (state) =>
        restoreArrays(this.#arrays, state, "forecast", {
          own: ownCheck,
          losses: notNegative,
          errors: notNegative,
        }),
    };
    const list = Array.isArray(stored) ? stored : [];
    restoreTogether([live, this.#season, this.#leastSquares, this.interval], [arrays, ...list]);
  }
}

const hold = (value: number) => Math.min(Math.max(value, -largestInput), largestInput);

/** Rows of the past that are kept: the longest lag, and the season before the row that is forecast. */
function pastRows({ horizon, rate = null }: DirectForecastOptions): number {
  const seasons = [daySeconds, weekSeconds].map((seconds) => {
    const rows = seasonRows(seconds, rate);
    return rows === 0 ? 0 : Math.ceil(horizon / rows) * rows;
  });
  return Math.max(longestLag, ...seasons) + 1;
}
