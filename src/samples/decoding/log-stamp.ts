/**
 * The time that a program such as `ts` writes before each line: `Mar 28 22:00:00 21.5,40`, `1774735200.123456 21.5,40,1`.
 * Only a blank stands between it and the first value, so it is no cell of its own where something else separates cells.
 */
import {
  blank,
  closeBrace,
  comma,
  isDigit,
  isLetter,
  isSeparator,
  letterT,
  minus,
  openBrace,
  percent,
  plus,
  point,
  quote,
  skipBlanks,
  slash,
} from "./ascii.ts";
import { readDecimal } from "./decimal.ts";
import { isDateByte, partEnd, timeEnd, zoneEnd } from "./log-time.ts";
import { isMissingWord } from "./words.ts";

/** Shortest time of day with its seconds, 1:00:00. */
const shortestTime = 7;
const shortestDate = 8;
/** Digits of the seconds since 1970, and of their decimals. */
const epochDigits = 10;
const epochDecimals = 6;

/** Receives a number that is not needed. */
const ignored = new Float64Array(1);

/**
 * Returns where the cells of the line `bytes[start..end)` begin after a time, or `start` where there is no time.
 * @param isKnown lines before it had such a time, so that no number after it is a part of the time
 */
export function stampEnd(bytes: Uint8Array, start: number, end: number, isKnown: boolean): number {
  const hasMonth = isLetter(bytes[start]);
  const time = hasMonth ? behindMonth(bytes, start, end) : behindNumbers(bytes, start, end, isKnown);
  if (time === start || bytes[time] !== blank) return start;
  const data = skipBlanks(bytes, time, end);
  if (bytes[data] === openBrace && bytes[end - 1] === closeBrace) return data;
  if (!areCells(bytes, data, end)) return start;
  const cell = partEnd(bytes, data, end, isInCell);
  if (isKnown) return data;
  const mayBeOfTime = partEnd(bytes, start, time, isDigit) !== start + epochDigits;
  const isRow = isValue(bytes, data, cell) && !(mayBeOfTime && isOfTime(bytes, data, cell, hasMonth));
  return isRow || areNames(bytes, data, end) ? data : start;
}

/** `Mar 28 22:00:00` */
function behindMonth(bytes: Uint8Array, start: number, end: number): number {
  const month = partEnd(bytes, start, end, isLetter);
  const day = skipBlanks(bytes, month, end);
  const dayEnd = partEnd(bytes, day, end, isDigit);
  const isDay = month === start + 3 && day > month && dayEnd > day && dayEnd - day <= 2;
  if (!isDay || bytes[dayEnd] !== blank) return start;
  const time = timeEnd(bytes, dayEnd + 1, end);
  return time - dayEnd > shortestTime ? time : start;
}

/** `2026-03-28 22:00:00.123`, `22:00:00`, `1774735200.123456` */
function behindNumbers(bytes: Uint8Array, start: number, end: number, isKnown: boolean): number {
  const digits = partEnd(bytes, start, end, isDigit);
  if (digits === start + epochDigits) {
    if (bytes[digits] !== point) return digits;
    const decimals = partEnd(bytes, digits + 1, end, isDigit);
    return decimals === digits + 1 + epochDecimals ? decimals : start;
  }
  const date = partEnd(bytes, start, end, isDateByte);
  const hasDate = date - start >= shortestDate && (bytes[date] === blank || bytes[date] === letterT);
  const from = hasDate ? date + 1 : start;
  const time = timeEnd(bytes, from, end);
  if (time - from < shortestTime) return start;
  const zone = zoneEnd(bytes, time, end);
  // What looks like an offset is the first value where no blank follows it: -1180, or any number where lines have a time.
  const isValue = bytes[time] === blank && bytes[zone] !== blank;
  return isValue && (isKnown || !isOffset(bytes, skipBlanks(bytes, time, end), zone)) ? time : zone;
}

/** Whether a cell holds a number, also one with its unit or in quotes, or stands for none. */
function isValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === quote || isMissingWord(bytes, start, end)) return true;
  const number = readDecimal(bytes, start, end, ignored, 0);
  return number > start && partEnd(bytes, number, end, isOfUnit) === end;
}

/** Whether separators make cells of `bytes[start..end)`: a comma alone may be of decimals, as may any where blanks do too. */
function areCells(bytes: Uint8Array, start: number, end: number): boolean {
  let commas = 0;
  let others = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === comma) commas++;
    else if (isSeparator(byte)) others++;
    else if (byte === blank && !isSeparator(bytes[at - 1]) && bytes[at - 1] !== blank) {
      const next = skipBlanks(bytes, at, end);
      if (next < end && !isSeparator(bytes[next])) return false;
    }
  }
  return others > 0 || commas > 1;
}

/**
 * Whether a number belongs to the time before it: the offset of a zone, `+0100`, or after a month and a day the year,
 * `Mar 28 22:00:00 2026`.
 */
function isOfTime(bytes: Uint8Array, start: number, end: number, hasMonth: boolean): boolean {
  if (isOffset(bytes, start, end)) return true;
  return hasMonth && end - start === 4 && isYear(numberOf(bytes, start, end));
}

const isYear = (number: number) => number >= 1970 && number < 2100;

/** Whether `bytes[start..end)` is the offset of a zone, from -1200 to +1400 by quarters of an hour, or its hours, +01. */
function isOffset(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== plus && bytes[start] !== minus) return false;
  const offset = numberOf(bytes, start + 1, end);
  if (end - start === 3) return offset <= 14 && bytes[start + 1] === 0x30;
  return end - start === 5 && offset <= 1400 && offset % 100 < 60 && (offset % 100) % 15 === 0;
}

/** The number that digits write; NaN where anything else stands among them. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at])) return Number.NaN;
    number = 10 * number + bytes[at] - 0x30;
  }
  return number;
}

/** Whether all cells begin with letters, as those of a header do. */
function areNames(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const stop = partEnd(bytes, at, end, isInCell);
    // The name of a zone is in capitals, and ends in T, C or M: CEST, UTC, PM.
    if (!isLetter(bytes[at]) || (at === start && isZone(bytes, at, stop))) return false;
    at = skipBlanks(bytes, stop + 1, end);
  }
  return true;
}

function isZone(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] < 0x41 || bytes[at] > 0x5a) return false;
  const last = bytes[end - 1];
  return end - start <= 5 && (last === letterT || last === 0x43 || last === 0x4d || last === 0x5a);
}

const isInCell = (byte: number) => !isSeparator(byte);
/** Letters and signs of units: %, ° and others beyond ASCII, and the slash of km/h. */
const isOfUnit = (byte: number) => isLetter(byte) || byte === percent || byte === slash || byte > 0x7f;
