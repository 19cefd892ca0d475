/** The clock of a device: makes times of samples of the columns that hold it, and counts what is wrong with it. */

import { formatCount } from "../wording/quantities.ts";
import { type PointedClock, pointedByName } from "./decoding/clock-text.ts";
import {
  dayOfDigits,
  mayBeDate,
  mustHaveSeconds,
  namesDate,
  timeOfDayOfDigits,
  timeOfDigits,
} from "./decoding/date-digits.ts";
import type { Field } from "./decoding/fields.ts";
import type { SampleRing } from "./ring.ts";

/** Units of a clock that counts, in milliseconds. */
export const clockUnits = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const;

/** Which of the two numbers of a date such as 10/03/2024 is the day; `auto`: by the first date that shows it. */
export const dateOrders = ["auto", "day-first", "month-first"] as const;

/** Columns whose values are the time of a sample. */
export interface ClockColumns {
  /** One column; or two, of which one holds the date and the other the time of day. */
  columns: readonly string[];
  /** Unit of a number; `auto`: by its size and the column's name. */
  unit: keyof typeof clockUnits | "auto";
  dateOrder: (typeof dateOrders)[number];
  /** The clock is no column: it is in the header of each frame. Default false. */
  isInHeader?: boolean;
}

/** What `source.time` calls the clock in the header of each frame, in milliseconds. */
export const headerClock = "header";

/** A clock of which only the columns are known. */
export const plainClock = (columns: readonly string[]): ClockColumns => ({
  ...{ columns, unit: "auto", dateOrder: "auto" },
});

/** The columns of a clock as fields of a decoder, after those that are learned from. */
export const clockFields = ({ columns, dateOrder, isInHeader = false }: ClockColumns): Field[] =>
  (isInHeader ? [] : columns).map((name, place) => ({
    ...{ name, type: "f64", scale: 1, offset: 0, optional: true },
    ...{ isTime: true, dateOrder, pointed: pointedIn(columns, place, dateOrder) },
  }));

/**
 * What 18.05.10 in a column of a clock is: as the names say, else a date in the first of two columns, and where the config
 * says in which order dates are written.
 */
function pointedIn(
  columns: readonly string[],
  place: number,
  dateOrder: ClockColumns["dateOrder"],
): PointedClock {
  const named = pointedByName(columns[place]);
  if (named !== null) return named;
  if (columns.length === 1) return dateOrder === "auto" ? "time of day" : "date";
  const other = pointedByName(columns[1 - place]);
  const isDate = other === null ? place === 0 : other === "time of day";
  return isDate ? "date" : "time of day";
}

/** What a clock has shown so far. */
export interface ClockReport {
  columns: readonly string[];
  /** Samples without a time. */
  absent: number;
  /** Samples with the time of the one before. */
  repeated: number;
  /** Steps back. */
  back: number;
  /** Steps of more than ten times the usual one. */
  gaps: number;
  longestGapMs: number;
  /** Time from one sample to the next, as it is usually; null while it is not known, and where gaps are frequent. */
  usualMs: number | null;
}

/** Times of this size are milliseconds since 1970: the year is 1973 or later. */
const leastSinceEpoch = 1e11;
/** No date lies beyond it, so that a damaged number is no time. */
const largestTime = 8.64e15;
/** A step of this many times the usual one is a gap. */
const gapFactor = 10;
/** Steps after which the usual one is known. */
const enoughSteps = 8;
/** Most gaps for each usual step: where more come, it was taken of steps that are not usual. */
const mostGaps = 0.1;
/** How fast the usual step follows: a part of itself each time. */
const following = 0.05;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The day 1970-01-01 where spreadsheets count days from 1899-12-30, and their days of the years 2000 to 2063. */
const spreadsheetEpoch = 25_569;
const spreadsheetYears = [36_526, 60_000] as const;
/** Stands for the unit of a clock that shows dates as digits. */
const dateDigits = -1;
/** A counter of 32 bits begins again after this value. */
const counterEnd = 2 ** 32;

/** Places in the array of the state. */
const at = { latest: 0, anchor: 1, usual: 2, steps: 3, raw: 4, turns: 5 } as const;

/**
 * Follows the clock of a stream. Times since 1970, as numbers or as dates, are taken as they are; a clock that counts
 * from the start of the device, or shows the time of day, is added to the time of arrival of its first sample, and starts
 * over where it steps back.
 */
export class SampleClock {
  readonly columns: readonly string[];
  /** Whether the latest sample brought a date, so that its time does not depend on when it arrived. */
  isSinceEpoch = false;
  readonly #isInHeader: boolean;
  absent = 0;
  repeated = 0;
  back = 0;
  gaps = 0;
  #longestGapMs = 0;
  #hasRestarted = false;
  /** Which of two columns may hold dates as digits; -1: none. */
  readonly #dateColumn: number;
  /** A time of day as digits beside such dates has seconds. */
  #hasSeconds: boolean;
  /** Milliseconds in a unit; 0 until it is known. */
  #factor: number;
  /** Numbers that change with each sample, in an array so that V8 boxes none. */
  readonly #state = new Float64Array(Object.keys(at).length).fill(Number.NaN);

  constructor({ columns, unit, isInHeader = false }: ClockColumns) {
    this.columns = columns;
    this.#isInHeader = isInHeader;
    this.#factor = unit === "auto" ? 0 : clockUnits[unit];
    this.#dateColumn = columns.length > 1 ? columns.findIndex(namesDate) : -1;
    this.#hasSeconds = columns.some((name) => /hhmmss/i.test(name));
    this.#state[at.steps] = 0;
    this.#state[at.turns] = 0;
  }

  /** Takes the time of the sample at the front of a ring whose clock comes after its `width` fields, or in its frame's header. */
  observeFront(ring: SampleRing, width: number): void {
    const { frontSlot } = ring;
    if (this.#isInHeader) this.observe(ring.deviceTimes, frontSlot, ring.measuredAt, frontSlot);
    else this.observe(ring.values, ring.front() + width, ring.measuredAt, frontSlot);
  }

  /**
   * Takes the time of the next sample from its columns, which begin at `offset` of `values`, and writes it to
   * `times[slot]`, in milliseconds since the epoch. That holds the time of arrival before, which remains where the sample
   * has no time; 0 or NaN: it is not known. Allocates nothing.
   */
  observe(values: Float64Array, offset: number, times: Float64Array, slot: number): void {
    let raw = 0;
    let isTimeOfDay = false;
    this.isSinceEpoch = false;
    const dateColumn = this.#dateColumn;
    const day = dateColumn < 0 ? Number.NaN : dayOfDigits(values[offset + dateColumn]);
    const isOfDigits = !Number.isNaN(day);
    for (let column = 0; column < this.columns.length; column++) {
      let value = values[offset + column];
      if (isOfDigits) value = column === dateColumn ? day : this.#timeOfDay(value);
      // A time of day as text is negative: the time that is left until midnight.
      isTimeOfDay = value < 0 && value >= -dayMs;
      raw += isTimeOfDay ? value + dayMs : value;
    }
    if (raw - raw !== 0) {
      this.absent++;
      return;
    }
    const state = this.#state;
    this.#hasRestarted = false;
    if (isTimeOfDay || isOfDigits) this.#factor = 1;
    if (this.#factor === 0) this.#factor = factorOf(raw, this.columns[0]);
    let time = raw * this.#factor;
    if (this.#factor === dayMs) time = (raw - spreadsheetEpoch) * dayMs;
    else if (this.#factor === dateDigits) time = timeOfDigits(raw);
    if (!(Math.abs(time) <= largestTime)) {
      this.absent++;
      return;
    }
    this.isSinceEpoch = time >= leastSinceEpoch;
    if (this.isSinceEpoch) times[slot] = time;
    else this.#place(raw, time, isTimeOfDay, times, slot);
    // A device that has started again is one step back, wherever its clock is placed then.
    if (!this.#hasRestarted) this.#count(times[slot] - state[at.latest]);
    state[at.latest] = times[slot];
    state[at.raw] = raw;
  }

  /** Returns a time of day as text as it is, and one as digits in milliseconds. */
  #timeOfDay(value: number): number {
    if (value < 0) return value;
    this.#hasSeconds ||= mustHaveSeconds(value);
    return timeOfDayOfDigits(value, this.#hasSeconds);
  }

  report(): ClockReport {
    const { columns, absent, repeated, back, gaps } = this;
    return {
      ...{ columns, absent, repeated, back, gaps },
      ...{ longestGapMs: this.#longestGapMs, usualMs: this.#usualMs() },
    };
  }

  /** Of a clock that is coarser than the samples are apart, several samples share a step. */
  #usualMs(): number | null {
    const state = this.#state;
    const steps = state[at.steps];
    if (steps < enoughSteps || this.gaps > mostGaps * steps) return null;
    return (state[at.usual] * steps) / (steps + this.repeated);
  }

  /** Adds the time of a clock that does not know the date to that of arrival. */
  #place(raw: number, time: number, isTimeOfDay: boolean, times: Float64Array, slot: number): void {
    const state = this.#state;
    const factor = this.#factor;
    const before = state[at.raw];
    if (raw < before) {
      if (isTimeOfDay && before - raw > dayMs / 2) state[at.turns] += dayMs;
      else if (factor < 1000 && before > 0.9 * counterEnd && raw < 0.1 * counterEnd) {
        state[at.turns] += counterEnd * factor;
      } else state[at.anchor] = Number.NaN; // the device has started again
    }
    if (Number.isNaN(state[at.anchor])) {
      const isKnown = times[slot] > 0;
      if (isKnown) state[at.anchor] = times[slot] - time;
      else state[at.anchor] = Number.isNaN(before) ? 0 : state[at.latest] - time;
      this.#hasRestarted = raw < before;
      if (this.#hasRestarted) this.back++;
      state[at.turns] = 0;
    }
    times[slot] = state[at.anchor] + state[at.turns] + time;
  }

  #count(step: number): void {
    if (step === 0) this.repeated++;
    else if (step < 0) this.back++;
    if (!(step > 0)) return;
    const state = this.#state;
    if (state[at.steps] === 0) state[at.usual] = step;
    const usual = state[at.usual];
    if (state[at.steps] >= enoughSteps && step > gapFactor * usual) {
      this.gaps++;
      if (step > this.#longestGapMs) this.#longestGapMs = step;
      return;
    }
    state[at.steps]++;
    state[at.usual] += Math.sign(step - usual) * following * usual;
  }
}

/** Whether a number is a day of a spreadsheet: whole ones may count anything, so "data" needs the part of a day after it. */
function isSpreadsheetDay(raw: number, name: string): boolean {
  if (!(raw >= spreadsheetYears[0] && raw < spreadsheetYears[1])) return false;
  return /^(date|datum|fecha)\b/i.test(name) || (/^data\b/i.test(name) && !Number.isInteger(raw));
}

/** Units at the end of a clock's name, as in `time (ms)`, with their milliseconds; one of a letter stands apart. */
const namedUnits: readonly (readonly [name: RegExp, factor: number])[] = [
  [/[Mm]icro|MICRO|(?:^|[^A-Za-z])[uµμ]s[)\]]?$|[_([]US[)\]]?$/, clockUnits.us],
  [/milli|(?:^|[^a-z])ms(?:ecs?)?[)\]]?$/i, clockUnits.ms],
  [/(?:^|[^a-z'])(?:s|secs?|seconds)[)\]]?$/i, clockUnits.s],
  [/[([](?:min|minutes?)[)\]]$/i, 60_000],
  [/[([](?:h|hours?)[)\]]$/i, hourMs],
];

/** Milliseconds in the unit of a clock that shows `raw`: by its size since 1970, else by its name. */
function factorOf(raw: number, name: string): number {
  if (isSpreadsheetDay(raw, name)) return dayMs;
  if (mayBeDate(name, raw) && !Number.isNaN(timeOfDigits(raw))) return dateDigits;
  if (raw >= 1e17) return clockUnits.ns;
  if (raw >= 1e14) return clockUnits.us;
  const named = namedUnits.find(([unit]) => unit.test(name))?.[1];
  // Microseconds reach the size of milliseconds since 1970 within a day.
  if (raw >= leastSinceEpoch) return named === clockUnits.us ? clockUnits.us : clockUnits.ms;
  if (named !== undefined && (named < 1000 || raw < 1e9)) return named;
  if (/^t$/i.test(name)) return clockUnits.ms;
  if (raw >= 1e9 || /(sec|(^|_)s$|time|stamp|epoch)/i.test(name)) return clockUnits.s;
  return clockUnits.ms;
}

/** Describes what is wrong with a clock in words: `3 gaps, the longest of 2 h; 6 repeated`; null where nothing is. */
export function clockText({ absent, repeated, back, gaps, longestGapMs }: ClockReport): string | null {
  const parts = [
    gaps === 0
      ? ""
      : `${formatCount(gaps, "gap")}, ${gaps === 1 ? "" : "the longest "}of ${roundDuration(longestGapMs)}`,
    repeated === 0 ? "" : `${formatCount(repeated, "sample")} with the time of the one before`,
    back === 0 ? "" : `${formatCount(back, "step")} back`,
    absent === 0 ? "" : `${formatCount(absent, "sample")} without a time`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? null : parts.join("; ");
}

/** A duration in one unit, rounded: gaps are looked at, not computed with. */
function roundDuration(milliseconds: number): string {
  const units = [
    [dayMs, "days"],
    [hourMs, "h"],
    [60_000, "min"],
    [1000, "s"],
  ] as const;
  const [size, name] = units.find(([size]) => milliseconds >= 2 * size) ?? [1, "ms"];
  return `${Number((milliseconds / size).toPrecision(3))} ${name}`;
}
