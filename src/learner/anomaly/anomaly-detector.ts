/** Learns what is normal for some columns without any target, and reports what is not, at most so often. */

import { RivuletError } from "../../errors/errors.ts";
import { restoreTogether } from "../../features/restore.ts";
import { takeLogarithm } from "../../logarithm.ts";
import type { State, Stateful } from "../../state.ts";
import { type Check, finite, notNegative, parts, whole, wholeWithin } from "../../state-check.ts";
import { requireWholeRow } from "../../whole-row.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { AlarmGate, type WarmUp } from "./alarm-gate.ts";
import { ChannelScores, type Ingredient, ingredients, quietRows } from "./channel-scores.ts";
import { DailyRecurrence } from "./daily-recurrence.ts";
import { JointDistance } from "./joint-distance.ts";
import { ScoreTail, type TailPause } from "./score-tail.ts";
import { Surprises } from "./surprises.ts";

const halfHourMs = 30 * 60 * 1000;
/** The epoch began on a Thursday; weeks begin on a Monday. */
const hoursBeforeMonday = 72;
/** Nats of one channel count as at most so many. */
const mostNats = 39;
/** Where the linear scale of the second tails begins, in the bins of the first. */
const linearOffset = 14;
const mostDeviation = 8;
const mostColumns = 1024;
/** Rows at least over which the evidence is averaged. */
const shortestAverage = 16;
const dispersion = ingredients.indexOf("dispersion");
const unchanged = ingredients.indexOf("unchanged");
const bounds = ingredients.indexOf("bounds");
const none = -1;
/** What somebody says was normal counts as one row in so many, so that its three strongest scores add up to no alarm. */
const partOfNormal = 0.03;
/** A level that moved by so many standard deviations, or scatter by so large a ratio of squares, is another one. */
const farLevel = 3;
const farScatter = 4;

/** Places of what is kept of a row of the latest episode. */
const found = {
  column: 0,
  ingredient: 1,
  seen: 2,
  expected: 3,
  evidence: 4,
  threshold: 5,
  since: 6,
  lowest: 7,
  highest: 8,
  mean: 9,
  deviation: 10,
  scatter: 11,
  latest: 12,
  change: 13,
  unchanged: 14,
  bound: 15,
  boundRows: 16,
  count: 17,
} as const;

export interface AnomalyDetectorOptions {
  /** Names of the columns to watch, 1 to 1024. */
  columns: readonly string[];
  /** Alarms a week, on average, at most; above 0, up to 100. Default 2. */
  alarmsPerWeek?: number;
  /** Rows before the first alarm. Default 500. */
  warmUpRows?: number;
  /** Time before the first alarm where rows are slower than one a second, in milliseconds. Default one day. */
  warmUpMs?: number;
  /** Time over which moments are ranked, in milliseconds. Default four weeks. */
  memoryMs?: number;
  /**
   * Time without anything unusual after which an episode is over, in milliseconds. Default null: a twentieth of what an
   * alarm has of a week, but 16 to 256 rows.
   */
  coolDownMs?: number | null;
}

/** Why a row was told as an anomaly. */
export interface AnomalyFinding {
  /** Column that is most unlike itself. */
  column: string;
  /** In which way; `joint` where only the columns together are unusual. */
  ingredient: Ingredient | "joint";
  /** Value that was seen, and what was expected of it. */
  seen: number;
  expected: number;
  /** Range of the column so far. */
  lowest: number;
  highest: number;
  /** Change of the column from row to row, root mean square of the latest 16 rows or so, and what is usual. */
  change: number;
  usualChange: number;
  /** Samples for which the column has had the same value; 0 after the first 256. */
  unchanged: number;
  /**
   * For `bounds`: the minimum of the latest `boundRows` samples, where it is above the usual minimum, or their maximum, where
   * it is below the usual maximum. `expected` is the usual one.
   */
  bound: number;
  boundRows: number;
  /** How unusual the row is, in nats, and how much an alarm needed. */
  evidence: number;
  threshold: number;
  /** Moments of the time remembered that were at least as unusual. */
  rank: number;
  /** Time of the row, milliseconds since the epoch. */
  since: number;
}

/** The row of an episode with the most evidence. */
export type StrongestFinding = Omit<AnomalyFinding, "rank">;

/** What became of an episode. */
export interface AnomalyOutcome {
  /** Largest evidence in it, in nats. */
  strongest: number;
  /** From its first row to the latest one that was unusual, in milliseconds. */
  lastedMs: number;
  /**
   * Whether the column stays different from before: `level` where it moved by more than three standard deviations, `scatter`
   * where changes from row to row are twice or half as large; null where it is as it was. What stays is normal from now on.
   */
  changed: "level" | "scatter" | null;
  /** Level of the column before the episode, and now; for `scatter` the usual change from row to row. */
  before: number;
  now: number;
}

/**
 * Creates a detector of anomalies in a stream without labels: eight scores a column (see `ChannelScores`), each beside its
 * own past, the strongest three added, and a gate that lets at most `alarmsPerWeek` through on average.
 *
 * @throws RivuletError where an option makes no sense
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createAnomalyDetector } from "rivulet";
 *
 * const detector = createAnomalyDetector({ columns: ["temperature"], alarmsPerWeek: 2 });
 * const row = new Float64Array(1);
 * const time = new Float64Array(1);
 * for (let minute = 0; minute < 3000; minute++) {
 *   row[0] = minute === 2500 ? 35 : 20 + Math.sin(minute / 200);
 *   time[0] = 60_000 * minute;
 *   detector.observe(row, 0, time, 0);
 * }
 * assert.equal(detector.finding()?.seen, 35);
 */
export function createAnomalyDetector(options: AnomalyDetectorOptions): AnomalyDetector {
  return new AnomalyDetector(options);
}

export class AnomalyDetector implements Stateful {
  readonly columns: readonly string[];
  readonly #gate: AlarmGate;
  readonly #channels: readonly ChannelScores[];
  /** Of several columns only: how far they are from one another, its tail, and those of each ingredient's maximum. */
  readonly #joint: JointDistance | null;
  readonly #jointTail: ScoreTail | null;
  readonly #tails: readonly ScoreTail[];
  /** Maximum of each ingredient over the columns. */
  readonly #maxima = new Surprises(ingredients.length);
  readonly #deviations: Float64Array;
  /** Of each ingredient, the joint one last. */
  readonly #surprises = new Surprises(ingredients.length + 1);
  readonly #cell = new Float64Array(1);
  readonly #evidence = new Float64Array(1);
  /** What counts of the evidence for the gate, [1]. */
  readonly #counted = new Float64Array(1);
  readonly #recurrence = new DailyRecurrence();
  /** What was reported and may be over soon is not learned as usual: the next fault would hardly be unusual. */
  readonly #pause: TailPause = { isOn: false };
  /** What is unusual of the latest row itself, and its running mean, [1]. */
  readonly #momentary = new Float64Array(1);
  readonly #sustained = new Float64Array(1);
  /** Strongest joint distance of the episode, as a logarithm, [1]. */
  readonly #strongestJoint = new Float64Array(1);
  readonly #jointLog = new Float64Array(1);
  /** The first row of the latest episode, and its most unusual one, see `found`. */
  readonly #found = new Float64Array(found.count);
  readonly #strongest = new Float64Array(found.count);
  /** [1] Rows. */
  readonly #rows = new Float64Array(1);
  #localOffset = 0;
  #knowsTime = true;

  /** Bytes of a detector of so many columns. */
  static bytes(columns: number): number {
    const own = 8 * (columns + 8 + 2 * found.count) + Surprises.bytes(2 * ingredients.length + 1);
    const tails = (ingredients.length + 1) * ScoreTail.bytes;
    const joint = columns > 1 ? JointDistance.bytes(columns) + tails : 0;
    return own + columns * ChannelScores.bytes + joint + AlarmGate.bytes + DailyRecurrence.bytes;
  }

  constructor({
    columns,
    alarmsPerWeek = 2,
    warmUpRows = 500,
    warmUpMs = 48 * halfHourMs,
    memoryMs,
    coolDownMs,
  }: AnomalyDetectorOptions) {
    if (columns.length < 1 || columns.length > mostColumns) {
      throw new RivuletError(
        "argument.bad-value",
        `found ${columns.length} columns to watch for anomalies, expected 1 to ${mostColumns}; name those to watch`,
      );
    }
    if (!(alarmsPerWeek > 0 && alarmsPerWeek <= 100)) {
      throw new RivuletError(
        "argument.bad-value",
        `found alarmsPerWeek ${alarmsPerWeek}, expected a number above 0, up to 100; correct it`,
      );
    }
    this.columns = [...columns];
    this.#channels = columns.map(() => new ChannelScores(this.#pause));
    const areSeveral = columns.length > 1;
    this.#joint = areSeveral ? new JointDistance(columns.length) : null;
    this.#jointTail = areSeveral ? new ScoreTail({ areLogarithms: true, pause: this.#pause }) : null;
    this.#deviations = new Float64Array(columns.length);
    // On a linear scale: nats are logarithms already.
    this.#tails = areSeveral
      ? ingredients.map(() => new ScoreTail({ leastExcess: 0.7, areLogarithms: true, pause: this.#pause }))
      : [];
    this.#gate = new AlarmGate({ alarmsPerWeek, warmUpRows, warmUpMs, memoryMs, coolDownMs });
  }

  /** Rows observed. */
  get rows(): number {
    return this.#rows[0];
  }

  /** How unusual the latest row is, in nats: the sum of its three strongest ingredients. */
  get evidence(): number {
    return this.#evidence[0];
  }

  /**
   * How unusual the rows of the latest while are, in nats: the running mean, over the rows after which an episode is over but
   * 16 at least, of the evidence without `bounds`, which looks back over a while itself. It ranks stretches of time, as the
   * evidence ranks moments.
   */
  get sustained(): number {
    return this.#sustained[0];
  }

  /** Whether the latest row was as unusual at this time on two of the last four days, so that it brings no alarm. */
  get recurs(): boolean {
    return this.#recurrence.recurs;
  }

  /** Evidence that an alarm needs now. */
  get threshold(): number {
    return this.#gate.threshold;
  }

  /** Alarms so far. */
  get alarms(): number {
    return this.#gate.alarms;
  }

  /** Whether the warm-up is over, so that alarms are possible. */
  get isWarm(): boolean {
    return this.#gate.isWarm;
  }

  /** What is left of the warm-up. */
  get warmUp(): WarmUp {
    return this.#gate.warmUp;
  }

  /** Milliseconds from the first row to the latest. */
  get elapsedMs(): number {
    return this.#gate.elapsedMs;
  }

  /** Whether the latest row is unusual enough to keep the episode going. */
  get isAbove(): boolean {
    return this.#gate.isAbove;
  }

  /** Rows without anything unusual after which an episode is over. */
  get coolDownRows(): number {
    return this.#gate.coolDownRows;
  }

  /** Whether an alarm's episode is under way. */
  get isOpen(): boolean {
    return this.#gate.isOpen;
  }

  /**
   * Tells how far local time is ahead of UTC, in whole milliseconds, for the profiles of the day and the week; null where the
   * time is not known, as before the clock of a board is set: then profiles neither learn nor score. 0 at first.
   */
  setLocalOffset(milliseconds: number | null): void {
    this.#localOffset = milliseconds ?? 0;
    this.#knowsTime = milliseconds !== null;
  }

  /**
   * Scores the row at `offset` of `values` [columns] and learns from it; true where an episode begins. Allocates nothing.
   *
   * @param times at `timeAt` the time of the row by a clock that never goes back, milliseconds since the epoch
   * @throws RivuletError, with nothing changed, where there is no whole row or no time
   */
  observe(values: Float64Array, offset: number, times: Float64Array, timeAt: number): boolean {
    requireWholeRow(values, offset, this.columns.length, "one for each column");
    // No function is asked, which would take the time in a box; only of a finite number the difference is 0.
    if (times[timeAt] - times[timeAt] !== 0) throw noTime(times, timeAt);
    // Whole half hours since the epoch are small, so that V8 keeps them without a box.
    const halfHours = Math.floor((times[timeAt] + this.#localOffset) / halfHourMs) | 0;
    const halfHour = this.#knowsTime ? modulo(halfHours, 48) : -1;
    const hourOfWeek = this.#knowsTime ? modulo((halfHours >> 1) + hoursBeforeMonday, 168) : -1;
    this.#pause.isOn = this.#gate.hasJustBegun;
    const { length } = this.#channels;
    const strongest = this.#joint === null ? this.#surprises : this.#maxima;
    for (let which = 0; which < ingredients.length; which++) strongest.clear(which);
    for (let column = 0; column < length; column++) {
      const channel = this.#channels[column];
      channel.observe(values, offset + column, times, timeAt, halfHour, hourOfWeek);
      const deviation = channel.deviation[0];
      this.#deviations[column] = Math.min(Math.max(deviation, -mostDeviation), mostDeviation);
      strongest.takeStronger(channel.surprises);
    }
    if (this.#joint !== null && this.#jointTail !== null) this.#scoreTogether(this.#joint, this.#jointTail);
    this.#rows[0]++;
    this.#weigh();
    this.#recurrence.observe(this.#evidence, halfHours, this.#knowsTime, this.#counted);
    const begins = this.#gate.observe(this.#counted, times, timeAt);
    const span = Math.max(this.#gate.coolDownRows, shortestAverage);
    this.#sustained[0] += (this.#momentary[0] - this.#sustained[0]) / span;
    if (begins) this.#begin(values, offset, times, timeAt);
    if (this.#gate.isAbove) this.#keepStrongest(values, offset, times, timeAt);
    return begins;
  }

  #begin(values: Float64Array, offset: number, times: Float64Array, timeAt: number): void {
    this.#note(this.#found, values, offset, times, timeAt);
    this.#strongest[found.evidence] = 0;
    for (const each of this.#channels) each.beginEpisode();
    this.#strongestJoint[0] = -linearOffset;
  }

  /** Keeps what an unusual row of the episode adds to it. */
  #keepStrongest(values: Float64Array, offset: number, times: Float64Array, timeAt: number): void {
    this.#found[found.latest] = times[timeAt];
    if (this.#evidence[0] > this.#strongest[found.evidence])
      this.#note(this.#strongest, values, offset, times, timeAt);
    for (let column = 0; column < this.#channels.length; column++) this.#channels[column].keepStrongest();
    this.#strongestJoint[0] = Math.max(this.#strongestJoint[0], this.#jointLog[0]);
  }

  /**
   * Takes the latest episode as normal, because somebody says that it was: what is no stronger brings no alarm for some
   * ten thousand rows. Ends the episode where it is under way; false where there was none.
   */
  takeAsNormal(): boolean {
    if (this.alarms === 0) return false;
    this.#gate.endEpisode();
    for (const channel of this.#channels) channel.takeAsNormal(partOfNormal);
    this.#jointTail?.takeAsNormal(this.#strongestJoint, 0, partOfNormal);
    return true;
  }

  /** Several columns: the largest of many numbers is large more often, so each maximum is compared with its own past. */
  #scoreTogether(joint: JointDistance, jointTail: ScoreTail): void {
    this.#maxima.settle();
    for (let which = 0; which < ingredients.length; which++) {
      this.#cell[0] = Math.min(this.#maxima.nats[which], mostNats) - linearOffset;
      this.#take(this.#tails[which], this.#cell, which);
    }
    joint.observe(this.#deviations);
    this.#jointLog[0] = joint.distance[0] + 0.02;
    takeLogarithm(this.#jointLog, 0);
    this.#take(jointTail, this.#jointLog, ingredients.length);
  }

  #take(tail: ScoreTail, logs: Float64Array, which: number): void {
    const row = this.#rows[0];
    if (row >= 2 * quietRows) tail.observe(logs, 0, this.#surprises, which);
    else {
      this.#surprises.clear(which);
      // Before, the nats of all columns are 0, beside which everything that follows would be unusual.
      if (row >= quietRows) tail.add(logs, 0);
    }
  }

  /** Writes the evidence of the row, with the bounds of the window and without them. */
  #weigh(): void {
    const surprises = this.#surprises;
    const { nats } = surprises;
    surprises.settle();
    // A constant value also lowers the scatter: both are one piece of evidence.
    const weaker = nats[dispersion] < nats[unchanged] ? dispersion : unchanged;
    this.#addStrongest(this.#evidence, weaker, none);
    this.#addStrongest(this.#momentary, weaker, bounds);
  }

  /** Writes the sum of the three strongest nats to `sum[0]`, without those of two ingredients. */
  #addStrongest(sum: Float64Array, weaker: number, leftOut: number): void {
    const { nats } = this.#surprises;
    let first = 0;
    let second = 0;
    let third = 0;
    for (let which = 0; which < nats.length; which++) {
      if (which === weaker || which === leftOut) continue;
      if (nats[which] > first) {
        third = second;
        second = first;
        first = nats[which];
      } else if (nats[which] > second) {
        third = second;
        second = nats[which];
      } else if (nats[which] > third) third = nats[which];
    }
    sum[0] = first + second + third;
  }

  /** Writes what is unusual about the row to `kept`, see `found`. Allocates nothing. */
  #note(kept: Float64Array, values: Float64Array, offset: number, times: Float64Array, timeAt: number): void {
    const { nats } = this.#surprises;
    let which = 0;
    for (let other = 1; other < nats.length; other++) if (nats[other] > nats[which]) which = other;
    const isJoint = which === ingredients.length;
    const column = isJoint ? this.#furthestColumn() : this.#strongestColumn(which);
    const channel = this.#channels[column];
    const ingredient = ingredients[which] ?? "joint";
    const usual = ingredient === "level" ? channel.mean : channel.usualNow;
    const isUsual = ingredient === "profile" || ingredient === "level";
    const expected = isUsual ? usual : ingredient === "bounds" ? channel.bounds.usual : channel.expected;
    kept[found.column] = column;
    kept[found.ingredient] = which;
    kept[found.seen] = values[offset + column];
    kept[found.expected] = expected;
    kept[found.evidence] = this.#evidence[0];
    kept[found.threshold] = this.threshold;
    kept[found.since] = times[timeAt];
    kept[found.lowest] = channel.lowest;
    kept[found.highest] = channel.highest;
    kept[found.mean] = channel.mean;
    kept[found.deviation] = channel.standardDeviation;
    kept[found.scatter] = channel.scatter;
    kept[found.change] = Math.sqrt(channel.scatterNow);
    kept[found.unchanged] = channel.unchangedRows;
    kept[found.bound] = channel.bounds.bound;
    kept[found.boundRows] = channel.bounds.windowRows;
  }

  /** The column in which an ingredient is the strongest. */
  #strongestColumn(which: number): number {
    let column = 0;
    for (let other = 0; other < this.#channels.length; other++) {
      const { nats } = this.#channels[other].surprises;
      this.#channels[other].surprises.settleOne(which);
      if (nats[which] > this.#channels[column].surprises.nats[which]) column = other;
    }
    return column;
  }

  #furthestColumn(): number {
    let column = 0;
    for (let other = 1; other < this.#deviations.length; other++) {
      if (Math.abs(this.#deviations[other]) > Math.abs(this.#deviations[column])) column = other;
    }
    return column;
  }

  /** What the latest alarm is about; null where there was none. */
  finding(): AnomalyFinding | null {
    return this.alarms === 0 ? null : { ...this.#findingIn(this.#found), rank: this.#gate.rank };
  }

  /** The most unusual row of the latest episode so far; null where there was none. */
  strongest(): StrongestFinding | null {
    return this.alarms === 0 ? null : this.#findingIn(this.#strongest);
  }

  #findingIn(kept: Float64Array): StrongestFinding {
    return {
      column: this.columns[kept[found.column]],
      ingredient: ingredients[kept[found.ingredient]] ?? "joint",
      seen: kept[found.seen],
      expected: kept[found.expected],
      lowest: kept[found.lowest],
      highest: kept[found.highest],
      change: kept[found.change],
      usualChange: Math.sqrt(kept[found.scatter]),
      unchanged: kept[found.unchanged],
      bound: kept[found.bound],
      boundRows: kept[found.boundRows],
      evidence: kept[found.evidence],
      threshold: kept[found.threshold],
      since: kept[found.since],
    };
  }

  /** What has become of the latest episode so far; null where there was none. */
  outcome(): AnomalyOutcome | null {
    if (this.alarms === 0) return null;
    const kept = this.#found;
    const channel = this.#channels[kept[found.column]];
    const hasMoved = Math.abs(channel.level - kept[found.mean]) > farLevel * kept[found.deviation];
    const scatter = kept[found.scatter];
    // Nights are quieter than days: only what the alarm was about, and in its direction, is a change.
    const isOfScatter = kept[found.ingredient] === dispersion || kept[found.ingredient] === unchanged;
    const wasMore = kept[found.change] ** 2 > scatter;
    const ratio = wasMore ? channel.scatterNow / scatter : scatter / channel.scatterNow;
    const isOther = isOfScatter && ratio > farScatter;
    const changed = hasMoved ? "level" : isOther ? "scatter" : null;
    return {
      strongest: this.#strongest[found.evidence],
      lastedMs: kept[found.latest] - kept[found.since],
      changed,
      before: changed === "scatter" ? Math.sqrt(scatter) : kept[found.mean],
      now: changed === "scatter" ? Math.sqrt(channel.scatterNow) : channel.level,
    };
  }

  get #arrays() {
    return {
      rows: this.#rows,
      evidence: this.#evidence,
      sustained: this.#sustained,
      found: this.#found,
      strongest: this.#strongest,
      strongestJoint: this.#strongestJoint,
    };
  }

  state(): State {
    return {
      columns: [...this.columns],
      own: this.#arrays,
      channels: this.#channels.map((channel) => channel.state()),
      joint: this.#joint?.state() ?? null,
      tails: this.#allTails.map((tail) => tail.state()),
      recurrence: this.#recurrence.state(),
      gate: this.#gate.state(),
    };
  }

  get #allTails(): ScoreTail[] {
    return [...this.#tails, ...(this.#jointTail === null ? [] : [this.#jointTail])];
  }

  get #checks() {
    const column = wholeWithin(0, this.columns.length - 1);
    const ingredient = wholeWithin(0, ingredients.length);
    // What was expected of a value may not be known.
    const expected: Check = (value) => finite(value.filter((number) => !Number.isNaN(number)));
    const row = parts(finite, [
      [found.column, column],
      [found.ingredient, ingredient],
      [found.expected, expected],
    ]);
    return { rows: whole, evidence: notNegative, sustained: notNegative, found: row, strongest: row };
  }

  /** @throws RivuletError, with nothing changed, where the state is of other columns */
  restore(state: State): void {
    const stored = (state ?? {}) as Record<string, State>;
    const columns = stored["columns"];
    if (!Array.isArray(columns) || columns.join("\n") !== this.columns.join("\n")) {
      throw new RivuletError(
        "state.mismatch",
        `found ${Array.isArray(columns) ? `the columns ${columns.join(", ")}` : "no columns"} in the stored anomaly detector, expected ${this.columns.join(", ")}; restore a state of the same columns`,
      );
    }
    const own: Stateful = {
      state: () => this.#arrays,
      restore: (state) => restoreArrays(this.#arrays, state, "anomaly detector", this.#checks),
    };
    const tails = this.#allTails;
    const listed = (name: string, count: number) => {
      const list = stored[name];
      return Array.from({ length: count }, (_, index) =>
        Array.isArray(list) ? (list[index] ?? null) : null,
      );
    };
    restoreTogether(
      [
        own,
        ...this.#channels,
        ...(this.#joint === null ? [] : [this.#joint]),
        ...tails,
        this.#recurrence,
        this.#gate,
      ],
      [
        stored["own"] ?? null,
        ...listed("channels", this.#channels.length),
        ...(this.#joint === null ? [] : [stored["joint"] ?? null]),
        ...listed("tails", tails.length),
        stored["recurrence"] ?? null,
        stored["gate"] ?? null,
      ],
    );
  }
}

function noTime(times: Float64Array, timeAt: number): RivuletError {
  return new RivuletError(
    "argument.bad-value",
    `found ${times[timeAt]} as the time of a row, expected milliseconds since the epoch in a Float64Array; give it, and where it is`,
  );
}

function modulo(value: number, modulus: number): number {
  const rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}
