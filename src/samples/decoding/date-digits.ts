/** Dates written as digits without marks, 20260301 or 202603011530: numbers by their text, but no count of anything. */
import { daysTo } from "./clock-text.ts";

const dayMs = 86_400_000;
const firstYear = 1900;
const lastYear = 2100;

/** Names of columns that hold dates, in several languages. */
const dateName = /date|datum|fecha|(?:^|[^a-z])(?:data|day|tag|yyyymmdd\w*)(?:[^a-z]|$)/i;

/** Whether a column of this name may hold dates. */
export const namesDate = (name: string): boolean => dateName.test(name);

/** Whether this number in a column of this name may be a date: in a timestamp it has at least hour and minute. */
export const mayBeDate = (name: string, number: number): boolean =>
  namesDate(name) || (number >= 1e11 && /(?:^|[^a-z]|time)stamp/i.test(name));

/**
 * Returns the milliseconds since 1970 of a date as digits: year, month and day, and perhaps hour, minute and second; NaN
 * where the number is none. Allocates nothing.
 */
export function timeOfDigits(number: number): number {
  let rest = number;
  let seconds = 0;
  let minutes = 0;
  let hours = 0;
  if (!Number.isInteger(rest)) return Number.NaN;
  if (rest >= 1e13) {
    seconds = rest % 100;
    rest = Math.floor(rest / 100);
  }
  if (rest >= 1e11) {
    minutes = rest % 100;
    rest = Math.floor(rest / 100);
  }
  if (rest >= 1e9) {
    hours = rest % 100;
    rest = Math.floor(rest / 100);
  }
  const day = rest % 100;
  const month = Math.floor(rest / 100) % 100;
  const year = Math.floor(rest / 1e4);
  const isDate = year >= firstYear && year <= lastYear && month >= 1 && month <= 12;
  if (!isDate || day < 1 || day > daysIn(year, month)) return Number.NaN;
  if (hours > 24 || minutes > 59 || seconds > 60) return Number.NaN;
  return daysTo(year, month, day) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Returns the milliseconds since 1970 of year, month and day as digits, without a time of day; NaN where the number is none. */
export const dayOfDigits = (number: number): number => (number < 1e8 ? timeOfDigits(number) : Number.NaN);

/** Names of columns that hold times of day. */
const timeOfDayName =
  /^(?:time(?:[_ ]?of[_ ]?day)?|uhrzeit|zeit|hora|hhmm(?:ss)?)(?:[_ ](?:utc|gmt|local))?(?: ?[([].*[)\]])?$/i;

/** Whether a column of this name may hold times of day as digits. */
export const namesTimeOfDay = (name: string): boolean => timeOfDayName.test(name);

/**
 * Returns the milliseconds since midnight of a time of day as digits: hour and minute, and perhaps second; NaN where the
 * number is none. Allocates nothing.
 */
export function timeOfDayOfDigits(number: number, hasSeconds: boolean): number {
  const whole = hasSeconds ? number : 100 * number;
  const seconds = whole % 100;
  const minutes = Math.floor(whole / 100) % 100;
  const isTime = Number.isInteger(whole) && whole >= 0 && whole <= 240_000 && seconds <= 60 && minutes < 60;
  return isTime ? ((Math.floor(whole / 1e4) * 60 + minutes) * 60 + seconds) * 1000 : Number.NaN;
}

/** Whether a time of day as digits has seconds for certain: without them it ends at 24:00. */
export const mustHaveSeconds = (number: number): boolean => number > 2400;
