/**
 * Reads lines of JSON (RFC 8259): an object with values by name, or an array with values by position. The bytes are
 * parsed in place. Values that belong to no field are skipped, of any type; but their brackets and strings must close,
 * because a line whose middle is lost must not be accepted.
 */

import type { SampleRing } from "../ring.ts";
import { colon, comma, isBlank, quote, tab } from "./ascii.ts";
import type { Field } from "./fields.ts";
import { NamedValues, noField, nonNumericLine, wrongColumnsLine } from "./named-values.ts";

export const openBrace = 0x7b;
export const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;
const backslash = 0x5c;

/** Most nested brackets in a skipped value: one bit of an integer each. */
const deepest = 31;

const trueBytes = Uint8Array.from("true", (letter) => letter.charCodeAt(0));
const falseBytes = Uint8Array.from("false", (letter) => letter.charCodeAt(0));
const nullBytes = Uint8Array.from("null", (letter) => letter.charCodeAt(0));

/**
 * Reads lines of JSON to samples. A field's value is a number, or `true` or `false` for 1 and 0. `null`, which
 * serializers write for NaN, counts as a value that is not finite; so do the bare words NaN and Infinity, which some
 * serializers write. A string or a bracket is not a number, even if the string holds one: a device that quotes its
 * numbers is corrected once, but a wrong guess would go unnoticed.
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
    if (at === end - 1 && bytes[at] === closeBrace) return wrongColumnsLine;
    for (;;) {
      if (at >= end || bytes[at] !== quote) return nonNumericLine;
      const name = at + 1;
      at = stringEnd(bytes, at, end);
      if (at < 0) return nonNumericLine;
      const field = values.find(bytes, name, at - 1);
      at = skipBlanks(bytes, at, end);
      if (at >= end || bytes[at] !== colon) return nonNumericLine;
      at = this.#readValue(bytes, skipBlanks(bytes, at + 1, end), end, field);
      if (at < 0) return nonNumericLine;
      at = skipBlanks(bytes, at, end);
      if (at >= end) return nonNumericLine;
      if (bytes[at] === closeBrace) return at === end - 1 ? values.finish() : nonNumericLine;
      if (bytes[at] !== comma) return nonNumericLine;
      at = skipBlanks(bytes, at + 1, end);
    }
  }

  /**
   * Reads the line `bytes[start..end)`, whose first byte is the opening bracket and whose last is no blank.
   *
   * @param columns field of each column or noField, [columns]
   */
  readArray(bytes: Uint8Array, start: number, end: number, slot: number, columns: Int32Array): number {
    const values = this.#values;
    values.begin(slot);
    let at = skipBlanks(bytes, start + 1, end);
    if (at === end - 1 && bytes[at] === closeBracket) return wrongColumnsLine;
    let column = 0;
    for (;;) {
      const field = column < columns.length ? columns[column] : noField;
      column++;
      at = this.#readValue(bytes, at, end, field);
      if (at < 0) return nonNumericLine;
      at = skipBlanks(bytes, at, end);
      if (at >= end) return nonNumericLine;
      if (bytes[at] === closeBracket) {
        if (at !== end - 1) return nonNumericLine;
        return column === columns.length ? values.finish() : wrongColumnsLine;
      }
      if (bytes[at] !== comma) return nonNumericLine;
      at = skipBlanks(bytes, at + 1, end);
    }
  }

  /** Reads the value at `start`, or skips it where it belongs to no field; returns the index after it, or -1. */
  #readValue(bytes: Uint8Array, start: number, end: number, field: number): number {
    if (field === noField) return valueEnd(bytes, start, end);
    const values = this.#values;
    const after = values.read(bytes, start, end, field);
    if (after >= 0) return after;
    if (hasWord(bytes, start, end, trueBytes)) {
      values.setTruth(field, 1);
      return start + trueBytes.length;
    }
    if (hasWord(bytes, start, end, falseBytes)) {
      values.setTruth(field, 0);
      return start + falseBytes.length;
    }
    if (hasWord(bytes, start, end, nullBytes)) {
      values.setMissing(field);
      return start + nullBytes.length;
    }
    return -1;
  }
}

/** Spells a name as between quotes: unchanged, and with all but ASCII escaped, as Python writes it. */
function spellings(name: string): string[] {
  const plain = JSON.stringify(name).slice(1, -1);
  const escaped = (upper: boolean) =>
    plain.replace(/[^ -~]/g, (unit) => {
      const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
      return `\\u${upper ? digits.toUpperCase() : digits}`;
    });
  return [...new Set([plain, escaped(false), escaped(true)])];
}

/** Returns the index after the string that begins at `start`, or -1 when it does not close. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === quote) return at + 1;
    if (bytes[at] === backslash) at++;
  }
  return -1;
}

/**
 * Returns the index after any value, or -1 when none begins at `start`, it does not close, or it is nested too deep.
 */
function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  /** One bit for each open bracket, the innermost lowest: 1 for a brace. */
  let braces = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte === quote) {
      at = stringEnd(bytes, at, end);
      if (at < 0) return -1;
    } else if (byte === openBrace || byte === openBracket) {
      if (depth === deepest) return -1;
      depth++;
      braces = (braces << 1) | (byte === openBrace ? 1 : 0);
      at++;
      continue;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0 || (braces & 1) !== (byte === closeBrace ? 1 : 0)) return -1;
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

/** Whether the byte is a blank or a tab, which JSON allows between its parts. */
function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (isBlank(bytes[at]) || bytes[at] === tab)) at++;
  return at;
}
