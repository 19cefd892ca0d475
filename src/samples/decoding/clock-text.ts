/** Times as text: ISO 8601, dates of other orders, and times of day. */
import {
  colon,
  comma,
  isBlank,
  isDigit,
  letterT,
  letterZ,
  minus,
  plus,
  point,
  slash,
  underscore,
} from "./ascii.ts";

const date = "(?:\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2}))";
const timeOfDay = "(?:\\d{1,2}:\\d{1,2}:\\d{1,2}|\\d{1,2}\\.\\d{2}\\.\\d{2})(?:[.,]\\d+)?";
const shortTime = "\\d{1,2}:\\d{2}";
const half = "(?: ?[AaPp][Mm])?";
const zone = "(?:\\s?(?:Z|UTC|[+-]\\d{2}(?::?\\d{2})?))?";
const clock = new RegExp(
  `^(?:${date}(?:[T \\-_]+(?:${timeOfDay}|${shortTime})${half}${zone})?|${timeOfDay}${half}${zone}|${shortTime}${half})$`,
);

const dateText = new RegExp(`^${date}$`);
const timeText = new RegExp(`^(?:${timeOfDay}|${shortTime})`);

/** Whether a text is a date, a time of day, or both. */
export function isClockText(text: string): boolean {
  // Compiling the whole expression takes ten milliseconds, which a file without times need not pay.
  return opensClock.test(text) && clock.test(text.trim());
}

const opensClock = /^\s*\d{1,4}[-/.:]\d/;

/** Whether a text is a date without a time of day, or a time of day without a date; null: neither. */
export function partOfClock(written: string): "date" | "time of day" | null {
  const text = written.trim();
  // With points and two digits each it is a time of day, 18.00.00, unless the first is no hour.
  const isDate = dateText.test(text) && !/^(?:[01]?\d|2[0-4])\.\d{2}\.\d{2}$/.test(text);
  if (isDate) return "date";
  return isClockText(text) && timeText.test(text) ? "time of day" : null;
}

/** What a text such as 18.05.10 is: what a column holds, since the text alone does not tell. */
export type PointedClock = "date" | "time of day";

const dateName = /(?:^|[^a-z])(?:date|datum|fecha|data|day|dia|giorno|jour|tag)(?:[^a-z]|$)/i;
const timeName = /(?:^|[^a-z])(?:time|uhrzeit|zeit|hora|ora|heure|hour|clock)(?:[^a-z]|$)/i;

/** What 18.05.10 in a column of this name is; null where the name does not tell. */
export function pointedByName(name: string): PointedClock | null {
  if (dateName.test(name) === timeName.test(name)) return null;
  return dateName.test(name) ? "date" : "time of day";
}

/** What a text is. */
export const noClock = 0;
export const dateOnly = 1;
export const timeOfDayOnly = 2;
export const dateAndTime = 3;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"). */
export function daysTo(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - 400 * era;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return 146_097 * era + dayOfEra - 719_468;
}

/**
 * Reads times of one column. A date without a zone is taken as universal time: only its steps are certain. Which number
 * of 10/03/2024 is the day shows with the first date that has one above 12, unless the caller knows it; until then it is
 * the first.
 */
export class ClockText {
  #order: "auto" | "day-first" | "month-first";
  /** The byte after what was read last. */
  #at = 0;
  /** The number that was read last, and how many digits it had. */
  #number = 0;
  #digits = 0;
  readonly #pointed: PointedClock;

  /** @param pointed what 18.05.10 alone is: it must not change from one text to the next */
  constructor(order: "auto" | "day-first" | "month-first" = "auto", pointed: PointedClock = "time of day") {
    this.#order = order;
    this.#pointed = pointed;
  }

  /**
   * Reads the time `bytes[start..end)` into `target[place]`, in milliseconds: since 1970, or before the next midnight, as a
   * negative number, which tells a time of day from a number as the device sent it. Allocates nothing.
   *
   * @returns what it is: noClock, and `target` unchanged; dateOnly, timeOfDayOnly, dateAndTime
   */
  read(bytes: Uint8Array, start: number, end: number, target: Float64Array, place: number): number {
    this.#at = start;
    const days = this.#readDate(bytes, start, end);
    const hasDate = this.#at > start;
    if (hasDate && this.#at === end) {
      target[place] = days * dayMs;
      return dateOnly;
    }
    if (hasDate) {
      while (this.#at < end && isBetween(bytes[this.#at])) this.#at++;
    }
    if (!this.#readTimeOfDay(bytes, end, target, place)) return noClock;
    if (!hasDate) {
      target[place] -= dayMs;
      return timeOfDayOnly;
    }
    target[place] += days * dayMs;
    return dateAndTime;
  }

  /** Returns the days of the date at `start` since 1970, with the byte after it in `#at`, which is `start` where there is none. */
  #readDate(bytes: Uint8Array, start: number, end: number): number {
    if (!this.#readNumber(bytes, end)) return 0;
    const first = this.#number;
    const firstDigits = this.#digits;
    const mark = this.#at < end ? bytes[this.#at] : 0;
    this.#at++;
    const isMarked = mark === minus || mark === slash || mark === point;
    if (!isMarked || !this.#readNumber(bytes, end) || this.#at >= end || bytes[this.#at] !== mark) {
      this.#at = start;
      return 0;
    }
    const second = this.#number;
    this.#at++;
    const hasThird = this.#readNumber(bytes, end);
    const third = this.#number;
    // A time of day may have points too, 18.00.00, but no other time after it.
    const isFollowed =
      this.#at + 1 < end &&
      bytes[this.#at] !== minus &&
      isBetween(bytes[this.#at]) &&
      isDigit(bytes[this.#at + 1]);
    const isShort = this.#digits === 2 && (mark !== point || this.#pointed === "date" || isFollowed);
    const isDate = firstDigits === 4 || this.#digits === 4 || isShort;
    if (!hasThird || !isDate || firstDigits > 4 || this.#digits > 4) {
      this.#at = start;
      return 0;
    }
    if (firstDigits === 4) return this.#daysTo(first, second, third, start);
    const year = this.#digits === 4 ? third : 2000 + third;
    if (this.#order === "auto") this.#observeOrder(first, second);
    return this.#order === "month-first"
      ? this.#daysTo(year, first, second, start)
      : this.#daysTo(year, second, first, start);
  }

  /** Notes which of two numbers is the day, where they show it: a damaged date does not. */
  #observeOrder(first: number, second: number): void {
    if (first > 12 && first <= 31 && second >= 1 && second <= 12) this.#order = "day-first";
    else if (second > 12 && second <= 31 && first >= 1 && first <= 12) this.#order = "month-first";
  }

  #daysTo(year: number, month: number, day: number, start: number): number {
    if (month >= 1 && month <= 12 && day >= 1 && day <= 31) return daysTo(year, month, day);
    this.#at = start;
    return 0;
  }

  /** Reads the rest of a text as the time of day, with its zone, in milliseconds. */
  #readTimeOfDay(bytes: Uint8Array, end: number, target: Float64Array, place: number): boolean {
    if (!this.#readNumber(bytes, end) || this.#digits > 2 || this.#number > 24) return false;
    let hours = this.#number;
    const mark = this.#at < end ? bytes[this.#at] : 0;
    this.#at++;
    if ((mark !== colon && mark !== point) || !this.#readNumber(bytes, end)) return false;
    const hasSeconds = this.#at < end && bytes[this.#at] === mark;
    // Sketches print 10:5:9, but 16:9 is no time.
    const fewestDigits = mark === colon && hasSeconds ? 1 : 2;
    if (this.#digits < fewestDigits || this.#digits > 2 || this.#number > 59) return false;
    const minutes = this.#number;
    let seconds = 0;
    let fraction = 0;
    let power = 1;
    if (hasSeconds) {
      this.#at++;
      if (!this.#readNumber(bytes, end) || this.#digits < fewestDigits) return false;
      if (this.#digits > 2 || this.#number > 60) return false;
      seconds = this.#number;
      if (this.#at < end && (bytes[this.#at] === point || bytes[this.#at] === comma)) {
        this.#at++;
        while (this.#at < end && isDigit(bytes[this.#at])) {
          fraction = 10 * fraction + bytes[this.#at++] - 0x30;
          power *= 10;
        }
      }
    } else if (mark === point) return false;
    const half = this.#readHalf(bytes, end);
    if (half !== 0 && hours > 12) return false;
    if (half !== 0) hours = (hours % 12) + (half === 2 ? 12 : 0);
    const offset = this.#readZone(bytes, end);
    if (this.#at !== end) return false;
    target[place] =
      hours * hourMs + (minutes - offset) * minuteMs + seconds * 1000 + (1000 * fraction) / power;
    return true;
  }

  /** Returns 1 for AM, 2 for PM, 0 for neither. */
  #readHalf(bytes: Uint8Array, end: number): number {
    let at = this.#at;
    while (at < end && isBlank(bytes[at])) at++;
    if (at + 1 >= end || (bytes[at + 1] | 0x20) !== 0x6d) return 0;
    const letter = bytes[at] | 0x20;
    if (letter !== 0x61 && letter !== 0x70) return 0;
    this.#at = at + 2;
    return letter === 0x61 ? 1 : 2;
  }

  /** Returns the minutes by which a zone is ahead of universal time. */
  #readZone(bytes: Uint8Array, end: number): number {
    while (this.#at < end && isBlank(bytes[this.#at])) this.#at++;
    if (this.#at === end) return 0;
    const sign = bytes[this.#at];
    if (sign === letterZ || (sign === 0x55 && end - this.#at === 3)) {
      this.#at = sign === letterZ ? this.#at + 1 : end;
      return 0;
    }
    if (sign !== plus && sign !== minus) return 0;
    this.#at++;
    if (!this.#readNumber(bytes, end)) return 0;
    let minutes =
      this.#digits <= 2 ? 60 * this.#number : 60 * Math.floor(this.#number / 100) + (this.#number % 100);
    if (this.#at < end && bytes[this.#at] === colon) {
      this.#at++;
      if (!this.#readNumber(bytes, end)) return 0;
      minutes += this.#number;
    }
    return sign === minus ? -minutes : minutes;
  }

  /** Reads digits at `#at`; false where there are none, or too many. */
  #readNumber(bytes: Uint8Array, end: number): boolean {
    const start = this.#at;
    let number = 0;
    while (this.#at < end && this.#at - start < 9 && isDigit(bytes[this.#at])) {
      number = 10 * number + bytes[this.#at++] - 0x30;
    }
    this.#number = number;
    this.#digits = this.#at - start;
    return this.#digits > 0;
  }
}

/** Whether a byte may stand between date and time of day. */
function isBetween(byte: number): boolean {
  return byte === letterT || byte === 0x74 || byte === underscore || byte === minus || isBlank(byte);
}
