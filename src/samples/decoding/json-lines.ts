/**
 * A line of JSON (RFC 8259): an object whose values are taken by name, or an array whose values are taken by position.
 * Parsed from the bytes in place. What no field asks for is passed over whatever it is, but its brackets and strings
 * must close, since a line of which the middle is lost must not look like a whole one.
 */

import type { SampleRing } from "../ring.ts";
import { COLON, COMMA, isBlank, QUOTE, TAB } from "./ascii.ts";
import type { Field } from "./fields.ts";
import { NamedValues, NO_FIELD, NON_NUMERIC, WRONG_COLUMNS } from "./named-values.ts";

export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const BACKSLASH = 0x5c;

/** Brackets that may be open inside a value that is passed over: as many as one integer has bits to remember them. */
const DEEPEST = 31;

const TRUE = Uint8Array.from("true", (letter) => letter.charCodeAt(0));
const FALSE = Uint8Array.from("false", (letter) => letter.charCodeAt(0));
const NULL = Uint8Array.from("null", (letter) => letter.charCodeAt(0));

/**
 * Reads lines of JSON to samples. A field's value is a number, or `true` or `false` for 1 and 0. `null` is what
 * serializers make of NaN, so it makes the line one with a value that is not finite, and so do the bare words NaN and
 * Infinity of those that do not know JSON well. Text or a bracket in a field's place is not a number, even where the
 * text would read as one: a device that quotes its numbers is set right once, where a guess would be wrong for months.
 */
export class JsonLines {
  readonly #values: NamedValues;

  constructor(fields: readonly Field[], ring: SampleRing) {
    this.#values = new NamedValues(fields, ring, spellings);
  }

  /** Reads the line `bytes[start..end)`, whose first byte is the opening brace and whose last is no blank. */
  readObject(bytes: Uint8Array, start: number, end: number, slot: number): number {
    const values = this.#values;
    values.begin(slot);
    let at = skipBlanks(bytes, start + 1, end);
    if (at === end - 1 && bytes[at] === CLOSE_BRACE) return WRONG_COLUMNS;
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return NON_NUMERIC;
      const name = at + 1;
      at = stringEnd(bytes, at, end);
      if (at < 0) return NON_NUMERIC;
      const field = values.find(bytes, name, at - 1);
      at = skipBlanks(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) return NON_NUMERIC;
      at = this.#readValue(bytes, skipBlanks(bytes, at + 1, end), end, field);
      if (at < 0) return NON_NUMERIC;
      at = skipBlanks(bytes, at, end);
      if (at >= end) return NON_NUMERIC;
      if (bytes[at] === CLOSE_BRACE) return at === end - 1 ? values.finish() : NON_NUMERIC;
      if (bytes[at] !== COMMA) return NON_NUMERIC;
      at = skipBlanks(bytes, at + 1, end);
    }
  }

  /**
   * Reads the line `bytes[start..end)`, whose first byte is the opening bracket and whose last is no blank.
   *
   * @param columns field of each column or NO_FIELD, [columns]
   */
  readArray(bytes: Uint8Array, start: number, end: number, slot: number, columns: Int32Array): number {
    const values = this.#values;
    values.begin(slot);
    let at = skipBlanks(bytes, start + 1, end);
    if (at === end - 1 && bytes[at] === CLOSE_BRACKET) return WRONG_COLUMNS;
    let column = 0;
    for (;;) {
      const field = column < columns.length ? columns[column] : NO_FIELD;
      column++;
      at = this.#readValue(bytes, at, end, field);
      if (at < 0) return NON_NUMERIC;
      at = skipBlanks(bytes, at, end);
      if (at >= end) return NON_NUMERIC;
      if (bytes[at] === CLOSE_BRACKET) {
        if (at !== end - 1) return NON_NUMERIC;
        return column === columns.length ? values.finish() : WRONG_COLUMNS;
      }
      if (bytes[at] !== COMMA) return NON_NUMERIC;
      at = skipBlanks(bytes, at + 1, end);
    }
  }

  /** Reads the value at `start`, or passes over it where it is no field's; the index after it, or -1. */
  #readValue(bytes: Uint8Array, start: number, end: number, field: number): number {
    if (field === NO_FIELD) return valueEnd(bytes, start, end);
    const values = this.#values;
    const after = values.read(bytes, start, end, field);
    if (after >= 0) return after;
    if (hasWord(bytes, start, end, TRUE)) {
      values.setTruth(field, 1);
      return start + TRUE.length;
    }
    if (hasWord(bytes, start, end, FALSE)) {
      values.setTruth(field, 0);
      return start + FALSE.length;
    }
    if (hasWord(bytes, start, end, NULL)) {
      values.setMissing(field);
      return start + NULL.length;
    }
    return -1;
  }
}

/** A name as it stands between quotes: as it is, and with all but ASCII escaped, as Python writes it. */
function spellings(name: string): string[] {
  const plain = JSON.stringify(name).slice(1, -1);
  const escaped = (upper: boolean) =>
    plain.replace(/[^ -~]/g, (unit) => {
      const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
      return `\\u${upper ? digits.toUpperCase() : digits}`;
    });
  return [...new Set([plain, escaped(false), escaped(true)])];
}

/** The index after the string that begins at `start`, or -1 when it does not close. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at++;
  }
  return -1;
}

/** The index after any value, or -1 where none begins at `start`, it does not close, or it is nested too deep. */
function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  /** One bit for each open bracket, the innermost lowest: 1 for a brace. */
  let braces = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at, end);
      if (at < 0) return -1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === DEEPEST) return -1;
      depth++;
      braces = (braces << 1) | (byte === OPEN_BRACE ? 1 : 0);
      at++;
      continue;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0 || (braces & 1) !== (byte === CLOSE_BRACE ? 1 : 0)) return -1;
      depth--;
      braces >>>= 1;
      at++;
    } else if (depth > 0) {
      at++;
      continue;
    } else {
      const word = at;
      while (at < end && isWord(bytes[at])) at++;
      return at > word ? at : -1;
    }
    if (depth === 0) return at;
  }
  return -1;
}

/** Bytes of a number, of `true`, `false`, `null` and the words for values that are not finite. */
function isWord(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

function hasWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (start + word.length > end) return false;
  for (let at = 0; at < word.length; at++) {
    if (bytes[start + at] !== word[at]) return false;
  }
  return true;
}

/** Tabs too, which JSON has between its parts. */
function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (isBlank(bytes[at]) || bytes[at] === TAB)) at++;
  return at;
}
