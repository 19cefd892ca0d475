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
const input = {
  level: 0,
  lags: 1,
  usual: 1 + lags.length,
  day: 5 + lags.length,
  week: 6 + lags.length,
} as const;
const constantInput = input.week + 1;
const inputs = constantInput + 1;
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
/** What is kept of a forecast until its truth comes, after the inputs and the answers. */
const kept = { answer: 0, width: 1, value: 2, deviation: 3, row: 4 } as const;
const keptNumbers = 5;
const slotNumbers = inputs + most + keptNumbers;

/** The value of the row at hand, and the standard deviation that scales its inputs and its answer. */
const scale = { value: 0, deviation: 1 } as const;

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
 *
 * Numbers pass between its methods in arrays, and return in them: V8 boxes a double that a call passes or returns unless it
 * inlines the call, and these methods are too large to be inlined together.
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
  /** See `scale`. */
  readonly #scale = new Float64Array(2);
  readonly #scratch = new Float64Array(2);

  static bytes(options: DirectForecastOptions): number {
    const past = pastRows(options);
    const numbers = past + (options.horizon + 1) * slotNumbers + 7 + 4 * most + inputs + 13;
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
    this.#discount = 1 - 1 / (200 + 10 * horizon);
    this.#season = new Season(timeZone, rate === null ? Number.NaN : (1000 * horizon) / rate);
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
    const answers = this.answers;
    this.#readScale(values, valueAt);
    answers[at.lastValue] = this.#scale[scale.value];
    answers[at.day] = answers[at.lastValue];
    this.#readSeasonal(this.#dayRows, at.day);
    answers[at.week] = answers[at.day];
    this.#readSeasonal(this.#weekRows, at.week);
    this.#describe(times, timeAt);
    this.#leastSquares.predict(this.#inputs, 0, answers, at.leastSquares);
    answers[at.leastSquares] =
      this.#scale[scale.value] + answers[at.leastSquares] * this.#scale[scale.deviation];
  }

  #readScale(values: Float64Array, valueAt: number): void {
    const block = this.#own;
    const value = values[valueAt];
    this.#scale[scale.value] = Number.isNaN(value) ? block[own.last] : value;
    this.#scale[scale.deviation] = Math.sqrt(block[own.variance]) + 1e-12 * (1 + Math.abs(block[own.mean]));
  }

  /** Answers with the value of the row that lies whole seasons before the one that is forecast, where it is known. */
  #readSeasonal(rows: number, answerAt: number): void {
    if (rows === 0) return;
    const seasons = Math.ceil(this.horizon / rows);
    this.#readPast(seasons * rows - this.horizon, this.answers, answerAt);
  }

  /** Writes the value that was this many rows before the latest one, which is 0, to `out[outAt]`; nothing where it is not known. */
  #readPast(rows: number, out: Float64Array, outAt: number): void {
    const count = this.#own[own.rows];
    const past = this.#past;
    // The row at hand is not yet among the past.
    if (rows === 0) out[outAt] = this.#scale[scale.value];
    else if (rows <= count && rows <= past.length) out[outAt] = past[(count - rows) % past.length];
  }

  /** Writes the inputs of least squares: differences, which are then scaled together. */
  #describe(times: Float64Array, timeAt: number): void {
    const row = this.#inputs;
    const value = this.#scale[scale.value];
    row[input.level] = value - this.#own[own.mean];
    for (let k = 0; k < lags.length; k++) {
      const to = input.lags + k;
      row[to] = value;
      this.#readPast(lags[k], row, to);
      row[to] -= value;
    }
    this.#season.write(times, timeAt, this.#usual);
    for (let i = 0; i < 4; i++) {
      const usual = this.#usual[i];
      row[input.usual + i] = Number.isNaN(usual) ? 0 : usual - value;
    }
    this.#describeChange(this.#dayRows, input.day);
    this.#describeChange(this.#weekRows, input.week);
    const deviation = this.#scale[scale.deviation];
    for (let i = 0; i < constantInput; i++) {
      row[i] = Math.min(Math.max(row[i] / deviation, -largestInput), largestInput);
    }
    row[input.level] *= levelShare;
    row[constantInput] = levelShare;
  }

  /** How the column changed over as many rows a season ago. */
  #describeChange(rows: number, to: number): void {
    const row = this.#inputs;
    row[to] = 0;
    if (rows === 0) return;
    const change = this.#scratch;
    change.fill(Number.NaN);
    const before = Math.ceil(this.horizon / rows) * rows;
    this.#readPast(before, change, 0);
    this.#readPast(before - this.horizon, change, 1);
    if (!Number.isNaN(change[0]) && !Number.isNaN(change[1])) row[to] = change[1] - change[0];
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
    const answer = this.answer;
    answer[0] = 0;
    for (let k = 0; k < losses.length; k++) {
      weights[k] /= sum;
      answer[0] += weights[k] * this.answers[k];
    }
    this.interval.write(answer, 1);
    answer[1] *= this.#scale[scale.deviation];
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
      this.#measure(values, valueAt);
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
    const change = (truth - held[from + kept.value]) / deviation;
    scratch[0] = Math.min(Math.max(change, -largestInput), largestInput);
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
    held[from + kept.deviation] = this.#scale[scale.deviation];
    // Before there are two values there is no scale.
    held[from + kept.row] = this.#own[own.knows] > 1 ? row : -1;
  }

  #measure(values: Float64Array, valueAt: number): void {
    const block = this.#own;
    const value = values[valueAt];
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

/** Rows of the past that are kept: the longest lag, and the season before the row that is forecast. */
function pastRows({ horizon, rate = null }: DirectForecastOptions): number {
  const seasons = [daySeconds, weekSeconds].map((seconds) => {
    const rows = seasonRows(seconds, rate);
    return rows === 0 ? 0 : Math.ceil(horizon / rows) * rows;
  });
  return Math.max(longestLag, ...seasons) + 1;
}
