/**
 * What a logger puts before the data of a line: a time, a level and a name, as `I (1234) dht: 21.5`,
 * `[12:00:01.123] temp=21.5`, `2026-03-28 22:00:00,123 - dht - INFO - temp: 21.5` or `Mar 28 22:00:00 pi dht[812]: 21.5`.
 */
import { blank, colon, comma, isBlank, isDigit, isSameWord, skipBlanks, tab } from "./ascii.ts";

const openBracket = 0x5b;
const closeBracket = 0x5d;
const openParenthesis = 0x28;
const closeParenthesis = 0x29;
const lessThan = 0x3c;
const greaterThan = 0x3e;
const minus = 0x2d;
const point = 0x2e;
const slash = 0x2f;
const letterT = 0x54;

/** Longest part of a prefix in bytes. */
const longestPart = 48;
/** The letters of levels in ESP-IDF: error, warning, information, debug, verbose. */
const levelLetters = new TextEncoder().encode("EWIDV");
const levels = [
  "debug",
  "info",
  "notice",
  "warn",
  "warning",
  "error",
  "critical",
  "trace",
  "err",
  "wrn",
  "inf",
].map((word) => new TextEncoder().encode(word));

/** Signs, quotes and brackets that data may begin with. */
const dataMarks = new TextEncoder().encode("+-.\"'{(_");

/** Returns where the data of the line `bytes[start..end)` begins: `start` where no logger has written before it. */
export function logPrefixEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = behindBrackets(bytes, start, end);
  if (at === start) at = behindLevelLetter(bytes, start, end);
  if (at === start) at = behindArrow(bytes, start, end);
  if (at === start) at = behindDate(bytes, start, end);
  if (at === start) at = behindHost(bytes, start, end);
  return at < end ? at : start;
}

/**
 * Returns where the name in the prefix `bytes[start..end)` begins: its last word before a colon; `end` where it has none.
 * Lines of one logger have the same name, those of others have another.
 */
export function logNameStart(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && (isBlank(bytes[last - 1]) || bytes[last - 1] === tab)) last--;
  if (last === start || bytes[last - 1] !== colon) return end;
  let first = last - 1;
  while (first > start && bytes[first - 1] !== blank && bytes[first - 1] !== openBracket) first--;
  return first;
}

/** `[12:00:01] `, `[   12.345678] `, `[INFO] `, `[00:00:01.234,000] <inf> main: `, several of them. */
function behindBrackets(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === openBracket) {
    const close = bracketEnd(bytes, at, end);
    if (close < 0) return start;
    at = skipBlanks(bytes, close + 1, end);
  }
  if (at === start || at === end) return start;
  if (bytes[at] === colon) return skipBlanks(bytes, at + 1, end);
  if (bytes[at] !== lessThan) return isDataStart(bytes[at]) ? at : start;
  let close = at;
  while (close < end && bytes[close] !== greaterThan) close++;
  return behindName(bytes, skipBlanks(bytes, close + 1, end), end);
}

/** Returns the index of the bracket that closes a time or a level, -1 where the brackets hold anything else. */
function bracketEnd(bytes: Uint8Array, start: number, end: number): number {
  let hasColon = false;
  let first = start + 1;
  while (first < end && bytes[first] === blank) first++;
  for (let at = first; at < end && at - start < longestPart; at++) {
    const byte = bytes[at];
    if (byte === closeBracket) return at > first ? at : -1;
    if (byte === colon) hasColon = true;
    const isWord = isDigit(byte) || isLetter(byte);
    const isMark = byte === colon || byte === point || byte === minus || byte === slash || byte === blank;
    if (!isWord && !isMark && !(byte === comma && hasColon)) return -1;
  }
  return -1;
}

/** `I (1234) dht: ` of ESP-IDF. */
function behindLevelLetter(bytes: Uint8Array, start: number, end: number): number {
  const isLevel = end - start > 6 && levelLetters.includes(bytes[start]);
  if (!isLevel || bytes[start + 1] !== blank || bytes[start + 2] !== openParenthesis) return start;
  let at = start + 3;
  while (at < end && (isDigit(bytes[at]) || bytes[at] === colon || bytes[at] === point)) at++;
  if (at === start + 3 || at + 1 >= end || bytes[at] !== closeParenthesis) return start;
  const name = skipBlanks(bytes, at + 1, end);
  const data = behindName(bytes, name, end);
  return data > name ? data : start;
}

/** `22:00:00.456 -> ` of the Arduino IDE, `22:00:00.456 > ` of PlatformIO. */
function behindArrow(bytes: Uint8Array, start: number, end: number): number {
  let at = partEnd(bytes, start, end, isTimeByte);
  if (at - start < 8 || bytes[at] !== blank) return start;
  at++;
  if (bytes[at] === minus) at++;
  return bytes[at] === greaterThan && bytes[at + 1] === blank ? skipBlanks(bytes, at + 1, end) : start;
}

/** `2026-03-28 22:00:00,123 - dht - INFO - `: without a level it is a time that stands in columns of its own. */
function behindDate(bytes: Uint8Array, start: number, end: number): number {
  if (!isDigit(bytes[start])) return start;
  const date = partEnd(bytes, start, end, isDateByte);
  if (date - start < 8 || date >= end || (bytes[date] !== blank && bytes[date] !== letterT)) return start;
  const time = partEnd(bytes, date + 1, end, isTimeByte);
  if (time - date < 8) return start;
  let at = time;
  while (at < end && at - time < longestPart) {
    while (at < end && !isLetter(bytes[at]) && !isDigit(bytes[at])) {
      if (bytes[at] === comma) return start;
      at++;
    }
    const word = at;
    at = partEnd(bytes, at, end, isNameByte);
    if (!isLevelWord(bytes, word, at)) continue;
    while (at < end && isBehindLevel(bytes[at])) at++;
    return at;
  }
  return start;
}

/** `Mar 28 22:00:00 host name[812]: ` of a system log. */
function behindHost(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 18 || partEnd(bytes, start, end, isLetter) !== start + 3 || bytes[start + 3] !== blank) {
    return start;
  }
  const day = skipBlanks(bytes, start + 3, end);
  const time = partEnd(bytes, day, end, isDigit) + 1;
  const timeEnd = partEnd(bytes, time, end, isTimeByte);
  if (time - day < 2 || timeEnd - time < 8 || bytes[timeEnd] !== blank) return start;
  let name = timeEnd + 1;
  while (name < end && bytes[name] !== blank) name++;
  const data = behindName(bytes, name + 1, end);
  return data > name + 1 ? data : start;
}

/** Returns the index behind a name with a colon and a blank at its end, or `start` where none is there. */
function behindName(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end && at - start < longestPart; at++) {
    if (bytes[at] === blank || bytes[at] === comma) return start;
    if (bytes[at] === colon && bytes[at + 1] === blank && at > start) return skipBlanks(bytes, at + 1, end);
  }
  return start;
}

function partEnd(bytes: Uint8Array, start: number, end: number, isPart: (byte: number) => boolean): number {
  let at = start;
  while (at < end && isPart(bytes[at])) at++;
  return at;
}

function isLevelWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = 0; index < levels.length; index++) {
    if (isSameWord(bytes, start, end, levels[index])) return true;
  }
  return false;
}

const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
const isNameByte = (byte: number) => isLetter(byte) || isDigit(byte) || byte === point || byte === 0x5f;
const isDateByte = (byte: number) => isDigit(byte) || byte === minus || byte === slash || byte === point;
const isTimeByte = (byte: number) => isDigit(byte) || byte === colon || byte === point || byte === comma;
/** Whether data may begin with the byte: behind brackets that are data themselves a separator follows. */
const isDataStart = (byte: number) =>
  isLetter(byte) || isDigit(byte) || byte > 0x7f || dataMarks.includes(byte);
const isBehindLevel = (byte: number) =>
  byte === blank ||
  byte === tab ||
  byte === minus ||
  byte === colon ||
  byte === closeBracket ||
  byte === 0x7c;
