/**
 * What a logger puts before the data of a line: a time, a level and a name, as `I (1234) dht: 21.5`,
 * `[12:00:01.123] temp=21.5`, `2026-03-28 22:00:00,123 - dht - INFO - temp: 21.5` or `Mar 28 22:00:00 pi dht[812]: 21.5`;
 * and the topic that a broker's client writes before JSON, as `tele/SENSOR = {"temp":21.5}`.
 */
import {
  apostrophe,
  blank,
  closeBrace,
  closeBracket,
  closeParenthesis,
  colon,
  comma,
  equals,
  greaterThan,
  isBlank,
  isDigit,
  isLetter,
  isSameWord,
  isSeparator,
  letterT,
  letterZ,
  minus,
  openBrace,
  openBracket,
  openParenthesis,
  plus,
  point,
  quote,
  skipBlanks,
  slash,
  underscore,
} from "./ascii.ts";
import { stampEnd } from "./log-stamp.ts";
import { isDateByte, partEnd, timeEnd, zoneEnd } from "./log-time.ts";

const lessThan = 0x3c;

/** Longest part of a prefix in bytes. */
const longestPart = 48;
/** Shortest time of day that a logger writes, 12:00:00. */
const shortestTime = 8;
/** Fewest decimals of the seconds since a start: brackets with fewer may hold a value, `[21.5] 40`. */
const fewestDecimals = 3;
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

/**
 * Returns where the data of the line `bytes[start..end)` begins: `start` where no logger has written before it.
 * @param isKnown a logger has written before other lines of the stream
 */
export function logPrefixEnd(bytes: Uint8Array, start: number, end: number, isKnown = false): number {
  let at = behindBrackets(bytes, start, end);
  if (at === start) at = behindLevelLetter(bytes, start, end);
  if (at === start) at = behindArrow(bytes, start, end);
  if (at === start) at = behindDate(bytes, start, end);
  if (at === start) at = behindHost(bytes, start, end);
  if (at === start) at = stampEnd(bytes, start, end, isKnown);
  if (at === start) at = topicEnd(bytes, start, end);
  return at < end ? at : start;
}

/**
 * Returns where a JSON object to the end of the line follows words, as a broker's client writes a topic before it; `start`
 * where none does. What has a number or a separator among the words is cells or pairs.
 */
export function topicEnd(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[end - 1] !== closeBrace) return start;
  if (!isLetter(bytes[start]) && bytes[start] !== slash) return start;
  for (let at = start + 1; at < end; at++) {
    const opensWord = bytes[at - 1] === blank;
    const opensValue = opensWord || bytes[at - 1] === equals || bytes[at - 1] === colon;
    if (bytes[at] === openBrace && (bytes[at + 1] === quote || bytes[at + 1] === apostrophe))
      return opensWord ? at : start;
    if (isSeparator(bytes[at]) || (opensValue && opensNumber(bytes[at], bytes[at + 1]))) return start;
  }
  return start;
}

const opensNumber = (byte: number, next: number) =>
  isDigit(byte) || ((byte === plus || byte === minus || byte === point) && (isDigit(next) || next === point));

/**
 * Writes what names the logger in the prefix `bytes[start..end)` to `name`: its words without times, levels and process
 * ids. Lines of one logger have the same name; those of others, or of another channel, have another. Allocates nothing.
 *
 * @returns the bytes of the name, at most the length of `name`; 0 where the prefix has none
 */
export function readLogName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): number {
  let length = 0;
  for (let at = start; at < end; ) {
    let word = at;
    if (bytes[at] === openBracket) {
      const close = bracketEnd(bytes, at, end);
      word = at + 1;
      at = Math.max(close, word);
      if (close < 0 || !namesLogger(bytes, start, word, close)) continue;
    } else {
      at = partEnd(bytes, at, end, isWordByte);
      if (at === word) at++;
      if (isTimeOrLevel(bytes, start, word, at)) continue;
    }
    while (word < at && length < name.length) name[length++] = bytes[word++];
  }
  return length;
}

/** Whether the brackets around `bytes[start..end)` hold neither time nor level, nor a process id after a word or a date. */
function namesLogger(bytes: Uint8Array, prefix: number, start: number, end: number): boolean {
  if (holdsTimeOrLevel(bytes, start, end)) return false;
  // A letter alone may be a channel, unless the name stands after it: [D][sensor].
  if (end === start + 1 && levelLetters.includes(bytes[start])) return bytes[end + 1] !== openBracket;
  const mayBeProcess = isDigit(bytes[prefix]) || (start - 2 >= prefix && isWordByte(bytes[start - 2]));
  return !mayBeProcess || partEnd(bytes, start, end, isDigit) < end;
}

/** Whether a word outside brackets says when or how urgent: a level, a number, a date, a month; or is no word at all. */
function isTimeOrLevel(bytes: Uint8Array, prefix: number, start: number, end: number): boolean {
  const last = bytes[end - 1] === colon ? end - 1 : end;
  if (isLevelWord(bytes, start, last) || partEnd(bytes, start, end, isClockByte) === end) return true;
  const isLevelLetter = end === start + 1 && bytes[end + 1] === openParenthesis;
  const isMonth = end === start + 3 && bytes[end] === blank;
  return (start === prefix && (isLevelLetter || isMonth)) || !isWordByte(bytes[start]);
}

/** `[12:00:01] `, `[   12.345678] `, `[INFO] `, `[00:00:01.234,000] <inf> main: `, several of them. */
function behindBrackets(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let isLogged = false;
  while (at < end && bytes[at] === openBracket) {
    const close = bracketEnd(bytes, at, end);
    if (close < 0) return start;
    // A word or a number alone in brackets may be the name of a channel.
    isLogged ||= holdsTimeOrLevel(bytes, at + 1, close);
    at = skipBlanks(bytes, close + 1, end);
  }
  if (!isLogged || at === end) return start;
  if (bytes[at] === colon) return skipBlanks(bytes, at + 1, end);
  if (bytes[at] !== lessThan) return isDataStart(bytes[at]) ? at : start;
  let close = at;
  while (close < end && bytes[close] !== greaterThan) close++;
  return behindName(bytes, skipBlanks(bytes, close + 1, end), end);
}

/** Returns the index of the bracket that closes what may be a time, a level or a name; -1 where it is anything else. */
function bracketEnd(bytes: Uint8Array, start: number, end: number): number {
  let hasColon = false;
  const first = skipBlanks(bytes, start + 1, end);
  for (let at = first; at < end && at - start < longestPart; at++) {
    const byte = bytes[at];
    if (byte === closeBracket) return at > first ? at : -1;
    if (byte === colon) hasColon = true;
    if (byte === comma ? !hasColon : !isWordByte(byte) && byte !== blank) return -1;
  }
  return -1;
}

/** Whether brackets hold a level, a time of day, or the seconds since a start with their decimals. */
function holdsTimeOrLevel(bytes: Uint8Array, start: number, end: number): boolean {
  const first = skipBlanks(bytes, start, end);
  if (isLevelWord(bytes, first, end)) return true;
  const seconds = partEnd(bytes, first, end, isDigit);
  if (seconds > first && bytes[seconds] === point) {
    return end - seconds > fewestDecimals && partEnd(bytes, seconds + 1, end, isDigit) === end;
  }
  for (let at = first; at < end; at++) {
    if (at > first && bytes[at - 1] !== blank && bytes[at - 1] !== letterT) continue;
    const time = timeEnd(bytes, at, end);
    // What has more parts is an address, 12:34:56:78:90:12.
    if (time > at && bytes[time] !== colon && (!isLetter(bytes[time]) || bytes[time] === letterZ))
      return true;
  }
  return false;
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
  let at = timeEnd(bytes, start, end);
  if (at - start < shortestTime || bytes[at] !== blank) return start;
  at++;
  if (bytes[at] === minus) at++;
  return bytes[at] === greaterThan && bytes[at + 1] === blank ? skipBlanks(bytes, at + 1, end) : start;
}

/**
 * `2026-03-28 22:00:00,123 - dht - INFO - `: without a level it is a time in separate columns. The same holds where a
 * separator of cells or a number comes before the level, or a separator after it: then the level is a cell too.
 */
function behindDate(bytes: Uint8Array, start: number, end: number): number {
  if (!isDigit(bytes[start])) return start;
  const date = partEnd(bytes, start, end, isDateByte);
  const isDate = date - start >= 8 && partEnd(bytes, start, end, isDigit) < date;
  if (!isDate || (bytes[date] !== blank && bytes[date] !== letterT)) return start;
  const time = timeEnd(bytes, date + 1, end);
  if (time - date <= shortestTime) return start;
  let at = zoneEnd(bytes, time, end);
  while (at < end && at - time < longestPart) {
    while (at < end && !isLetter(bytes[at]) && !isDigit(bytes[at])) {
      if (isSeparator(bytes[at])) return start;
      at++;
    }
    const word = at;
    at = partEnd(bytes, at, end, isNameByte);
    if (isLevelWord(bytes, word, at)) {
      while (at < end && isBehindLevel(bytes[at])) at++;
      return at < end && isSeparator(bytes[at]) ? start : at;
    }
    if (bytes[word - 1] !== openBracket && partEnd(bytes, word, at, isNumberByte) === at) return start;
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
  const host = timeEnd(bytes, time, end);
  if (time - day < 2 || host - time < shortestTime || bytes[host] !== blank) return start;
  let name = host + 1;
  while (name < end && bytes[name] !== blank) name++;
  const data = behindName(bytes, name + 1, end);
  return data > name + 1 ? data : start;
}

/** Returns the index after a name with a colon and a blank at its end, or `start` where none is there. */
function behindName(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end && at - start < longestPart; at++) {
    if (bytes[at] === blank || bytes[at] === comma) return start;
    if (bytes[at] === colon && bytes[at + 1] === blank && at > start) return skipBlanks(bytes, at + 1, end);
  }
  return start;
}

function isLevelWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = 0; index < levels.length; index++) {
    if (isSameWord(bytes, start, end, levels[index])) return true;
  }
  return false;
}

const isNameByte = (byte: number) => isLetter(byte) || isDigit(byte) || byte === point || byte === underscore;
const isNumberByte = (byte: number) => isDigit(byte) || byte === point;
const isWordByte = (byte: number) =>
  isNameByte(byte) || byte === colon || byte === minus || byte === slash || byte > 0x7f;
/** Whether the byte may be of a date with its time and zone. */
const isClockByte = (byte: number) =>
  isDateByte(byte) || byte === colon || byte === plus || byte === letterT || byte === letterZ;
/** Whether data may begin with the byte: after brackets that are data themselves a separator follows. */
const isDataStart = (byte: number) =>
  isLetter(byte) || isDigit(byte) || byte > 0x7f || dataMarks.includes(byte);
const isBehindLevel = (byte: number) =>
  isBlank(byte) || byte === minus || byte === colon || byte === closeBracket;
