import { restoreTogether } from "../../features/restore.ts";
import { takeLogarithm } from "../../logarithm.ts";
import type { State, Stateful } from "../../state.ts";
import {
  finite,
  largestSample,
  type Numbers,
  notNegative,
  parts,
  roundingOf,
  sampled,
  whole,
  wholeWithin,
} from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { ChannelForecast, given, halfHours } from "./channel-forecast.ts";
import { ChannelPace } from "./channel-pace.ts";
import { ScoreTail, type ScoreTailOptions, type TailPause } from "./score-tail.ts";
import { Surprises } from "./surprises.ts";
import { WindowBounds } from "./window-bounds.ts";

/** What a channel is compared with, in the order of `surprises`. */
export const ingredients = [
  "residual",
  "residualRun",
  "range",
  "dispersion",
  "level",
  "profile",
  "bounds",
  "unchanged",
] as const;
export type Ingredient = (typeof ingredients)[number];

const of = {
  residual: 0,
  residualRun: 1,
  range: 2,
  dispersion: 3,
  level: 4,
  profile: 5,
  bounds: 6,
  unchanged: 7,
} as const;

/** Rows before the tails answer. */
export const quietRows = 100;
/** Slowest rates of mean and variance, and of what follows faster. */
const slowest = 1 / 2000;
const slowestOfErrors = 0.002;
/** A value further from the mean than so many standard deviations, and than twice the range, is taken in as that far. */
const furthest = 30;
const rowsBeforeClipping = 50;
/** Errors count as at most so many of their deviations. */
const winsorized = 6;
const fast = 1 / 16;
const rateOfRun = 0.1;
/** Added to a raw score before its logarithm. */
const least = 0.02;
/** The scatter at a half hour of the day counts as that of all half hours until it has more rows than so. */
const rowsOfOwnScatter = 24;
const rateOfDay = 0.02;
/** Square of the deviations by which a value is the first that differs at its hour. */
const firstChange = 1e6;
const leastOfRun = 1e-6;
/** A spread is at least about this part of the mean: less is rounding. */
const leastPart = 1e-12;
/** A value that stays for so many rows is taken as normal. */
const longestRun = 256;
/** Windows follow each other closely, and are looked at each eighth row; runs of equal values are counts. */
const tailOfBounds = { leastExcess: 0.25, halfLife: 2500 };
const tailOfRuns = { leastExcess: 0.25, areCounts: true };
/** Fewer equal values than the scatter looks back are told by that. */
const shortestRun = 16;
/** Logarithm of a score below all. */
const weakest = -14;

const at = {
  rows: 0,
  mean: 1,
  variance: 2,
  highest: 3,
  lowest: 4,
  errorSquare: 5,
  profileSquare: 6,
  fastSquare: 7,
  slowSquare: 8,
  fastLevel: 9,
  run: 10,
  lowestBefore: 11,
  highestBefore: 12,
  /** Rows for which the value has been the same; 0 where it has been so for too long to be told. */
  same: 13,
  /** Logarithm of the score of the window at the latest look, and its nats. */
  boundsLog: 14,
  boundsNats: 15,
  count: 16,
} as const;

function tailOf(which: number): ScoreTailOptions {
  if (which === of.bounds) return tailOfBounds;
  return which === of.unchanged ? tailOfRuns : {};
}

function faultOf(scalars: Numbers): string | null {
  const [mean, lowest, highest] = [scalars[at.mean], scalars[at.lowest], scalars[at.highest]];
  const range = highest - lowest;
  const rounding = roundingOf(lowest, highest);
  if (!(mean >= lowest - rounding && mean <= highest + rounding))
    return `its mean is ${mean}, outside its range ${lowest} to ${highest}`;
  if (!(scalars[at.variance] <= range * range + rounding))
    return `its variance is ${scalars[at.variance]}, too large for its range ${lowest} to ${highest}`;
  return parts(notNegative, [
    [at.rows, whole],
    [at.same, wholeWithin(0, longestRun)],
    [at.mean, sampled],
    [at.highest, sampled],
    [at.lowest, sampled],
    [at.fastLevel, sampled],
    [at.boundsLog, finite],
    [at.lowestBefore, sampled],
    [at.highestBefore, sampled],
  ])(scalars);
}

/**
 * Eight ways in which one channel may be unlike itself, each in nats: how far it is from its forecast, how long it has been,
 * how far it leaves its range, how its scatter and its level changed within some 16 rows, how far it is from the same half
 * hour of other days, how far its latest bounds are inside the usual ones, and for how long it has not changed at all. Scores
 * are of the value as it came; what is learned is clipped, so that one impossible value does not become normal.
 */
export class ChannelScores implements Stateful {
  /** In the order of `ingredients`; as usual as can be for a value that is missing and for the first 100. */
  readonly surprises: Surprises = new Surprises(ingredients.length);
  /** Value minus forecast in deviations of such errors, 0 where the value is missing, [1]. */
  readonly deviation: Float64Array = new Float64Array(1);
  readonly #scalars = new Float64Array(at.count);
  readonly #forecast = new ChannelForecast();
  readonly #bounds = new WindowBounds();
  readonly #pace = new ChannelPace();
  /** The last is of runs of equal values, which count when they end: a sensor that is stuck makes none. */
  readonly #tails: readonly ScoreTail[];
  readonly #runTail: ScoreTail;
  /** Mean square of the distance from what is usual, of each half hour of the day, [48]. */
  readonly #daySquares = new Float64Array(halfHours);
  readonly #raw = new Float64Array(ingredients.length);
  /** Scores of the latest value as the tails take them, [8]. */
  readonly #scores = new Float64Array(ingredients.length);
  /** Whether the latest row had a value. */
  #hasValue = false;
  /** Logarithms of the largest since `beginEpisode`, [8]. */
  readonly #strongest = new Float64Array(ingredients.length);
  /** How improbable the residual is among those of before. */
  readonly #runSurprise = new Surprises(1);
  /** [1] An array, so that V8 boxes no number on the way to the logarithm. */
  readonly #cell = new Float64Array(1);

  static readonly bytes =
    ChannelForecast.bytes +
    WindowBounds.bytes +
    ChannelPace.bytes +
    (ingredients.length + 1) * ScoreTail.bytes +
    Surprises.bytes(ingredients.length + 1) +
    8 * (at.count + halfHours + 3 * ingredients.length + 2);

  /** @param pause while it is on, scores of a row are compared with those before it, and not with those after */
  constructor(pause: TailPause = { isOn: false }) {
    this.#tails = ingredients.map((_, which) => new ScoreTail({ ...tailOf(which), pause }));
    this.#runTail = new ScoreTail({ tail: 0.05, pause });
    // Until the first look: 0 would be a score, and an episode in which the column begins would keep it as its strongest.
    this.#scalars[at.boundsLog] = weakest;
  }

  /** Rows that had a value. */
  get rows(): number {
    return this.#scalars[at.rows];
  }

  /** What was expected of the latest value. */
  get expected(): number {
    return this.#forecast.expected;
  }

  /** What is usual at this half hour of the day; NaN where it is not known. */
  get usualNow(): number {
    return this.#forecast.usualNow;
  }

  /** Mean of the column, slowly following. */
  get mean(): number {
    return this.#scalars[at.mean];
  }

  /** Standard deviation of the column, slowly following. */
  get standardDeviation(): number {
    return Math.sqrt(this.#scalars[at.variance]);
  }

  /** Bounds of the latest 32 to 64 rows, beside those that are usual. */
  get bounds(): Pick<WindowBounds, "bound" | "usual" | "windowRows"> {
    return this.#bounds;
  }

  /** Mean of the latest 16 rows or so. */
  get level(): number {
    return this.#scalars[at.fastLevel];
  }

  /** Mean square of the changes from row to row, of the latest 16 rows or so, and of the long run. */
  get scatterNow(): number {
    return this.#scalars[at.fastSquare];
  }
  get scatter(): number {
    return this.#scalars[at.slowSquare];
  }

  /** Rows for which the value has been the same; 0 where it has been so for too long to be told. */
  get unchangedRows(): number {
    return this.#scalars[at.same];
  }

  /** Range of the column before the latest value. */
  get lowest(): number {
    return this.#scalars[at.lowestBefore];
  }
  get highest(): number {
    return this.#scalars[at.highestBefore];
  }

  /**
   * Scores the value at `values[index]` and learns from it; one that no sample can hold (NaN, infinite, 3.5e38 or more) is
   * missing and leaves everything as it is. After a gap in time, what was before says little of the value: it is not
   * compared with the latest ones, only with what is usual. Allocates nothing.
   *
   * @param times at `timeAt` the time of the row, milliseconds since the epoch
   * @param halfHour half hour of the local day from 0 to 47, and `hourOfWeek` from 0 to 167; -1 where the time is not known
   */
  observe(
    values: Float64Array,
    index: number,
    times: Float64Array,
    timeAt: number,
    halfHour: number,
    hourOfWeek: number,
  ): void {
    this.#hasValue = Math.abs(values[index]) < largestSample;
    if (!this.#hasValue) {
      for (let which = 0; which < ingredients.length; which++) this.surprises.clear(which);
      this.deviation[0] = 0;
      return;
    }
    this.#forecast.given[given.value] = values[index];
    const isAfterGap = this.#pace.observe(times, timeAt);
    this.#score(halfHour, hourOfWeek, isAfterGap);
    this.#measure(isAfterGap);
  }

  /** The raw scores of the given value; all state but the tails takes it in. */
  #score(halfHour: number, hourOfWeek: number, isAfterGap: boolean): void {
    const s = this.#scalars;
    const forecast = this.#forecast;
    const value = forecast.given[given.value];
    // In a loop: the built-in function takes ten times as long for so few.
    for (let which = 0; which < this.#raw.length; which++) this.#raw[which] = 0;
    const isFirst = s[at.rows]++ === 0;
    if (isFirst) s[at.mean] = s[at.highest] = s[at.lowest] = s[at.fastLevel] = value;
    this.#countSame(isAfterGap);
    this.#scoreRange();
    if (isFirst) forecast.begin();
    forecast.predict(halfHour, hourOfWeek);
    this.#scoreError(isAfterGap);
    this.#scoreProfile(halfHour);
    this.#scoreChange(isAfterGap);
    this.#bounds.observe(forecast.given, this.#raw, of.bounds);
    forecast.take(halfHour, hourOfWeek);
    this.#learnRange();
  }

  /** Counts equal values, and writes the length of a run to `raw` when it ends. A gap ends a run that is still counted. */
  #countSame(isAfterGap: boolean): void {
    const s = this.#scalars;
    const goesOn = s[at.rows] > 1 && !(isAfterGap && s[at.same] > 0);
    const isSame = goesOn && this.#forecast.given[given.value] === this.#forecast.latest;
    if (!isSame) {
      this.#raw[of.unchanged] = s[at.same];
      s[at.same] = 1;
    } else if (s[at.same] > 0 && ++s[at.same] === longestRun) {
      this.#raw[of.unchanged] = longestRun;
      s[at.same] = 0;
    }
  }

  /** How far the value leaves the range so far, as a part of it; and the value as far as it is believed. */
  #scoreRange(): void {
    const s = this.#scalars;
    const told = this.#forecast.given;
    const value = told[given.value];
    const row = s[at.rows] - 1;
    const mean = s[at.mean];
    const tiny = leastPart * (1 + Math.abs(mean));
    const deviation = Math.sqrt(s[at.variance]) + tiny;
    const range = s[at.highest] - s[at.lowest];
    const beyond = Math.max(value - s[at.highest], s[at.lowest] - value) / (range + tiny);
    if (row > 10 && beyond > 0) this.#raw[of.range] = beyond;
    const isClipped = row > rowsBeforeClipping && s[at.variance] > 0;
    const limit = isClipped ? Math.max(furthest * deviation, 2 * range) : Number.POSITIVE_INFINITY;
    told[given.held] = Math.min(Math.max(value, mean - limit), mean + limit);
    told[given.mean] = mean;
    told[given.deviation] = deviation;
  }

  /** Range, mean and variance take in the value as far as it is believed. */
  #learnRange(): void {
    const s = this.#scalars;
    const held = this.#forecast.given[given.held];
    s[at.lowestBefore] = s[at.lowest];
    s[at.highestBefore] = s[at.highest];
    s[at.highest] = Math.max(s[at.highest], held);
    s[at.lowest] = Math.min(s[at.lowest], held);
    const rate = Math.max(1 / s[at.rows], slowest);
    const step = held - s[at.mean];
    s[at.mean] += rate * step;
    s[at.variance] = (1 - rate) * (s[at.variance] + rate * step * step);
  }

  /** How far the value is from its forecast, beside how far values are from theirs. */
  #scoreError(isAfterGap: boolean): void {
    const s = this.#scalars;
    const forecast = this.#forecast;
    const row = s[at.rows] - 1;
    const error = forecast.given[given.value] - forecast.expected;
    const tiny = leastPart * (1 + Math.abs(s[at.mean]));
    const spread = Math.sqrt(s[at.errorSquare]) + 0.01 * forecast.given[given.deviation] + tiny;
    const isScored = row >= 20 && !isAfterGap;
    if (isScored) this.#raw[of.residual] = Math.abs(error) / spread;
    this.deviation[0] = isScored ? error / spread : 0;
    if (isAfterGap) forecast.begin();
    else {
      forecast.learn();
      const most = row > rowsBeforeClipping ? winsorized * spread : Number.POSITIVE_INFINITY;
      const heldError = Math.min(Math.abs(error), most);
      const rate = Math.max(1 / s[at.rows], slowestOfErrors);
      s[at.errorSquare] += rate * (heldError * heldError - s[at.errorSquare]);
      this.#learnRun();
    }
    this.#raw[of.residualRun] = s[at.run];
  }

  /** Takes the residual into the running mean of how unusual residuals are. */
  #learnRun(): void {
    const s = this.#scalars;
    const surprise = this.#runSurprise;
    this.#cell[0] = this.#raw[of.residual] + leastOfRun;
    this.#compare(this.#runTail, this.#cell, 0, surprise, s[at.rows] <= quietRows + 1);
    surprise.settleOne(0);
    s[at.run] += rateOfRun * (Math.min(surprise.nats[0], winsorized) - s[at.run]);
  }

  /**
   * Distance from what is usual at this half hour of the day, beside how far values are from it then: what hardly varies at
   * night is far off where it is only a little, and what varies at noon is not.
   */
  #scoreProfile(halfHour: number): void {
    const s = this.#scalars;
    const forecast = this.#forecast;
    if (!forecast.knowsUsual) {
      s[at.profileSquare] = s[at.variance];
      return;
    }
    const off = forecast.given[given.value] - forecast.usualNow;
    const visits = forecast.visitsOf(halfHour);
    const own = this.#daySquares[halfHour];
    const all = s[at.profileSquare];
    const square = (visits * own + rowsOfOwnScatter * all) / (visits + rowsOfOwnScatter);
    const scale = Math.sqrt(square) + 0.02 * forecast.given[given.deviation];
    if (scale > 0) this.#raw[of.profile] = Math.abs(off) / scale;
    this.#learnScatter(halfHour, scale);
  }

  /** Updates the scatter at a half hour of the day with the value's distance from the usual one, winsorized. */
  #learnScatter(halfHour: number, scale: number): void {
    const s = this.#scalars;
    const forecast = this.#forecast;
    const visits = forecast.visitsOf(halfHour);
    const rate = Math.max(1 / visits, rateOfDay);
    const off = forecast.given[given.value] - forecast.usualNow;
    const believed = forecast.given[given.held] - forecast.usualNow;
    // The first value that differs at all: twice what the usual value moves by counts at least, or the value of always would
    // be unusual tomorrow.
    const isFirst = s[at.rows] > quietRows && believed * believed > firstChange * scale * scale;
    const part = isFirst ? Math.min(4 * rate * (1 + rowsOfOwnScatter / visits), 1) : 0;
    const most = winsorized * winsorized * scale * scale;
    const held = Math.max(Math.min(off * off, most), part * believed * believed);
    const errorRate = Math.max(1 / s[at.rows], slowestOfErrors);
    s[at.profileSquare] += errorRate * (held - s[at.profileSquare]);
    this.#daySquares[halfHour] += rate * (held - this.#daySquares[halfHour]);
  }

  /** Scatter and level of the last 16 rows or so, beside those before; the first value after a gap is not among them. */
  #scoreChange(isAfterGap: boolean): void {
    const s = this.#scalars;
    const held = this.#forecast.given[given.held];
    const deviation = this.#forecast.given[given.deviation];
    const row = s[at.rows] - 1;
    const errorRate = Math.max(1 / (row + 1), slowestOfErrors);
    const raw = this.#raw;
    const change = held - this.#forecast.latest;
    const floor = 1e-4 * deviation * deviation + 1e-300;
    if (!isAfterGap) {
      s[at.fastSquare] += fast * (change * change - s[at.fastSquare]);
      s[at.fastLevel] += fast * (held - s[at.fastLevel]);
    }
    if (row >= rowsBeforeClipping) {
      this.#cell[0] = (s[at.fastSquare] + floor) / (s[at.slowSquare] + floor);
      takeLogarithm(this.#cell, 0);
      raw[of.dispersion] = Math.abs(this.#cell[0]);
      raw[of.level] = Math.abs(s[at.fastLevel] - s[at.mean]) / deviation;
    }
    if (isAfterGap) return;
    const most =
      row < rowsBeforeClipping
        ? Number.POSITIVE_INFINITY
        : winsorized * winsorized * s[at.slowSquare] + 1e-6 * deviation * deviation;
    s[at.slowSquare] += errorRate * (Math.min(change * change, most) - s[at.slowSquare]);
  }

  /** Measures a score among those before it, then adds it to them; while there are few, none is unusual. */
  #compare(
    tail: ScoreTail,
    scores: Float64Array,
    which: number,
    surprises: Surprises,
    isQuiet: boolean,
  ): void {
    if (isQuiet) {
      surprises.clear(which);
      tail.add(scores, which);
    } else tail.observe(scores, which, surprises, which);
  }

  /** Measures the raw scores beside those before them, which take them in. */
  #measure(isAfterGap: boolean): void {
    const isQuiet = this.#scalars[at.rows] <= quietRows;
    for (let which: number = of.residual; which < of.bounds; which++) {
      const tail = this.#tails[which];
      this.#scores[which] = this.#raw[which] + least;
      if (isAfterGap && which === of.residual) this.surprises.clear(which);
      else this.#compare(tail, this.#scores, which, this.surprises, isQuiet);
    }
    // Within one deviation of its hour nothing is beyond the tail, however seldom a value is off at all: a flag set once.
    if (this.#raw[of.profile] <= 1) this.surprises.nats[of.profile] = 0;
    this.#measureBounds(isQuiet);
    this.#measureRun(isQuiet);
  }

  /** Where the window was not looked at, what was found at the latest look still holds. */
  #measureBounds(isQuiet: boolean): void {
    const s = this.#scalars;
    const { surprises } = this;
    surprises.clear(of.bounds);
    if (this.#bounds.hasLooked) {
      const tail = this.#tails[of.bounds];
      this.#scores[of.bounds] = this.#raw[of.bounds] + least;
      this.#compare(tail, this.#scores, of.bounds, surprises, isQuiet);
      surprises.settleOne(of.bounds);
      s[at.boundsNats] = surprises.nats[of.bounds];
      takeLogarithm(this.#scores, of.bounds);
      s[at.boundsLog] = this.#scores[of.bounds];
    }
    surprises.nats[of.bounds] = s[at.boundsNats];
  }

  /** For how long the value has been the same, beside how long values of this channel stay. */
  #measureRun(isQuiet: boolean): void {
    const tail = this.#tails[of.unchanged];
    const same = this.#scalars[at.same];
    this.surprises.clear(of.unchanged);
    // The run before has ended.
    if (this.#raw[of.unchanged] > 0) tail.add(this.#raw, of.unchanged);
    this.#scores[of.unchanged] = same < shortestRun ? 0 : same;
    if (same < shortestRun || isQuiet) return;
    tail.measure(this.#scores, of.unchanged, this.surprises, of.unchanged);
  }

  /** Forgets the strongest scores: what follows are those of another episode. */
  beginEpisode(): void {
    this.#strongest.fill(weakest);
  }

  /** Keeps the scores of the latest row, if it had a value, where they are the strongest of the episode. Allocates nothing. */
  keepStrongest(): void {
    if (!this.#hasValue) return;
    for (let which = 0; which < ingredients.length; which++) {
      this.#cell[0] = this.#scores[which];
      if (which === of.bounds) this.#cell[0] = this.#scalars[at.boundsLog];
      else takeLogarithm(this.#cell, 0);
      this.#strongest[which] = Math.max(this.#strongest[which], this.#cell[0]);
    }
  }

  /** Makes scores as strong as those of the episode this part of all, where they are rarer. */
  takeAsNormal(part: number): void {
    for (const [which, tail] of this.#tails.entries()) tail.takeAsNormal(this.#strongest, which, part);
  }

  state(): State {
    return {
      scalars: this.#scalars,
      strongest: this.#strongest,
      daySquares: this.#daySquares,
      forecast: this.#forecast.state(),
      bounds: this.#bounds.state(),
      pace: this.#pace.state(),
      runTail: this.#runTail.state(),
      tails: this.#tails.map((tail) => tail.state()),
    };
  }

  restore(state: State): void {
    const { scalars, strongest, daySquares, forecast, bounds, pace, runTail, tails } = (state ??
      {}) as Record<string, State>;
    const own = { state: () => this.#arrays, restore: this.#restoreArrays };
    const s = this.#scalars;
    const ofWindow: Stateful = {
      state: () => this.#bounds.state(),
      // The range is that of `own`, which comes first.
      restore: (state) => this.#bounds.restore(state, s[at.lowest], s[at.highest]),
    };
    const states = Array.isArray(tails) ? tails : [];
    restoreTogether(
      [own, this.#forecast, ofWindow, this.#pace, this.#runTail, ...this.#tails],
      [
        { scalars: scalars ?? null, strongest: strongest ?? null, daySquares: daySquares ?? null },
        forecast ?? null,
        bounds ?? null,
        pace ?? null,
        runTail ?? null,
        ...this.#tails.map((_, n) => states[n] ?? null),
      ],
    );
  }

  get #arrays() {
    return { scalars: this.#scalars, strongest: this.#strongest, daySquares: this.#daySquares };
  }

  readonly #restoreArrays = (state: State): void => {
    restoreArrays(this.#arrays, state, "scores of a channel", {
      scalars: faultOf,
      daySquares: notNegative,
    });
  };
}
