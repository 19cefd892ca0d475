/**
 * Reads lines of JSON (RFC 8259): an object with values by name, nested ones as `a.b`, or an array with values by place.
 * Python prints its dictionaries and tuples much alike, with other quotes and brackets; they are read too. The bytes
 * are parsed in place. Values that belong to no field are skipped, of any type; but their brackets and strings must
 * close, because a line whose middle is lost must not be accepted.
 */
import {
  apostrophe,
  backslash,
  blank,
  carriageReturn,
  closeBrace,
  closeBracket,
  closeParenthesis,
  colon,
  comma,
  isBlank,
  lineFeed,
  openBrace,
  openBracket,
  openParenthesis,
  quote,
  tab,
} from "./ascii.ts";
import { type CellValues, goodLine, noField, refusedLine } from "./cell-values.ts";
import type { Field } from "./fields.ts";

const pathPoint = 0x2e;

/** Most nested brackets in a skipped value: one bit of an integer each. */
const deepest = 31;
/** Lines after one that is not plain until another is tried. */
const linesToPass = 16;
/** Longest path of a nested name in bytes. */
const longestPath = 256;

/** 1 for each byte that ends a value, [256]. */
const endings = new Uint8Array(256);
for (const byte of [comma, closeBrace, closeBracket, closeParenthesis, blank, carriageReturn, tab]) {
  endings[byte] = 1;
}

/** Whether a line that begins with this byte is JSON. */
export function opensJson(byte: number): boolean {
  return byte === openBrace || byte === openBracket || byte === openParenthesis;
}

/** Reads lines of JSON. A field's value is a number, a word, or either of them in quotes. */
export class JsonLines {
  readonly #values: CellValues;
  /** Whether a field has the name of a nested value. */
  readonly #hasNested: boolean;
  /** The path of the nested value that is being read, in UTF-8. */
  readonly #path = new Uint8Array(longestPath);
  /** Lines that are not read ahead, because one before them was not plain: most are alike. */
  #linesToPass = 0;

  constructor(values: CellValues, fields: readonly Field[]) {
    this.#values = values;
    this.#hasNested = fields.some(({ name }) => name.includes("."));
  }

  /**
   * Reads the line `bytes[start..end)`, whose first byte opens it and whose last is no blank.
   *
   * @param columns field of each place of an array or noField, [columns]
   */
  read(bytes: Uint8Array, start: number, end: number, slot: number, columns: Int32Array): number {
    const values = this.#values;
    values.begin(slot);
    values.decimalComma = false;
    // An array of objects in a file opens in its first line, closes in its last, and has a comma after each.
    let first = start;
    if (bytes[start] === openBracket && bytes[end - 1] !== closeBracket) {
      const object = skipSpace(bytes, start + 1, end);
      if (object < end && bytes[object] === openBrace) first = object;
    }
    const isObject = bytes[first] === openBrace;
    const after = isObject
      ? this.#readObject(bytes, first, end, 0)
      : this.#readArray(bytes, start, end, columns);
    if (after < 0) return refusedLine;
    const isEnding = bytes[after] === comma || (isObject && bytes[after] === closeBracket);
    if (after < end && !(after === end - 1 && isEnding)) {
      return values.refuse("syntax", after, end);
    }
    return values.finish();
  }

  /**
   * Reads the line of which only the start is known, where it is an object of numbers, with words or numbers under names that
   * nobody wants.
   *
   * @returns the index of its line end before `end`, or -1 where it is anything else
   */
  readAhead(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (this.#hasNested) return -1;
    if (this.#linesToPass > 0) {
      this.#linesToPass--;
      return -1;
    }
    const values = this.#values;
    values.begin(slot);
    values.decimalComma = false;
    const after = this.#readPlainObject(bytes, start, end);
    const isEnd = after > 0 && after < end && (bytes[after] === lineFeed || bytes[after] === carriageReturn);
    if (isEnd && values.finish() === goodLine) return after;
    this.#linesToPass = linesToPass;
    return -1;
  }

  /** Reads the object at `start` as far as it is plain, on one line; returns the index after it, or -1. */
  #readPlainObject(bytes: Uint8Array, start: number, end: number): number {
    const values = this.#values;
    let at = start;
    do {
      at++;
      while (at < end && bytes[at] === blank) at++;
      const name = at + 1;
      at = plainStringEnd(bytes, at, end);
      if (at < 0) return -1;
      const field = values.find(bytes, name, at - 1);
      while (at < end && bytes[at] === blank) at++;
      if (at >= end || bytes[at] !== colon) return -1;
      at++;
      while (at < end && bytes[at] === blank) at++;
      if (field !== noField) at = values.take(bytes, at, end, field, endings);
      else if (at < end && bytes[at] === quote) at = plainStringEnd(bytes, at, end);
      else {
        const word = at;
        at = wordEnd(bytes, at, end);
        if (at === word) return -1;
      }
      if (at < 0) return -1;
      while (at < end && bytes[at] === blank) at++;
    } while (at < end && bytes[at] === comma);
    return at < end && bytes[at] === closeBrace ? at + 1 : -1;
  }

  /** Reads the object at `start`, whose names follow `pathLength` bytes of a path; returns the index after it, or -1. */
  #readObject(bytes: Uint8Array, start: number, end: number, pathLength: number): number {
    let at = skipSpace(bytes, start + 1, end);
    if (at < end && bytes[at] === closeBrace) return at + 1;
    for (;;) {
      const name = at + 1;
      at = at < end && isQuote(bytes[at]) ? stringEnd(bytes, at, end) : -1;
      if (at < 0) return this.#refuse(name - 1, end);
      const nameEnd = at - 1;
      at = skipSpace(bytes, at, end);
      if (at >= end || bytes[at] !== colon) return this.#refuse(at, end);
      at = this.#readNamed(bytes, name, nameEnd, skipSpace(bytes, at + 1, end), end, pathLength);
      if (at < 0) return -1;
      at = skipSpace(bytes, at, end);
      if (at < end && bytes[at] === closeBrace) return at + 1;
      if (at >= end || bytes[at] !== comma) return this.#refuse(at, end);
      at = skipSpace(bytes, at + 1, end);
    }
  }

  /** Reads the value at `start` of the name `bytes[name..nameEnd)`. */
  #readNamed(
    bytes: Uint8Array,
    name: number,
    nameEnd: number,
    start: number,
    end: number,
    pathLength: number,
  ): number {
    if (!this.#hasNested) return this.#readValue(bytes, start, end, this.#values.find(bytes, name, nameEnd));
    const length = this.#extend(bytes, name, nameEnd, pathLength);
    return length < 0 ? this.#skip(bytes, start, end) : this.#readAt(bytes, start, end, length);
  }

  /** Reads the value at `start` whose path is the first `length` bytes of `#path`. */
  #readAt(bytes: Uint8Array, start: number, end: number, length: number): number {
    const field = this.#values.find(this.#path, 0, length);
    const first = start < end ? bytes[start] : 0;
    if (field === noField && first === openBrace) return this.#readObject(bytes, start, end, length);
    if (field === noField && first === openBracket) return this.#readNestedArray(bytes, start, end, length);
    return this.#readValue(bytes, start, end, field);
  }

  #readNestedArray(bytes: Uint8Array, start: number, end: number, pathLength: number): number {
    let at = skipSpace(bytes, start + 1, end);
    if (at < end && bytes[at] === closeBracket) return at + 1;
    for (let place = 0; ; place++) {
      const length = this.#extendByPlace(place, pathLength);
      at = length < 0 ? this.#skip(bytes, at, end) : this.#readAt(bytes, at, end, length);
      if (at < 0) return -1;
      at = skipSpace(bytes, at, end);
      if (at < end && bytes[at] === closeBracket) return at + 1;
      if (at >= end || bytes[at] !== comma) return this.#refuse(at, end);
      at = skipSpace(bytes, at + 1, end);
    }
  }

  #readArray(bytes: Uint8Array, start: number, end: number, columns: Int32Array): number {
    const close = bytes[start] === openBracket ? closeBracket : closeParenthesis;
    let at = skipSpace(bytes, start + 1, end);
    let column = 0;
    while (at < end && bytes[at] !== close) {
      at = this.#readValue(bytes, at, end, column < columns.length ? columns[column] : noField);
      if (at < 0) return -1;
      column++;
      at = skipSpace(bytes, at, end);
      if (at < end && bytes[at] === close) break;
      if (at >= end || bytes[at] !== comma) return this.#refuse(at, end);
      at = skipSpace(bytes, at + 1, end);
    }
    if (at >= end) return this.#refuse(start, end);
    if (column === columns.length) return at + 1;
    this.#values.refuse("columns", start, end);
    return -1;
  }

  /** Reads the value at `start`, or skips it where it belongs to no field; returns the index after it, or -1. */
  #readValue(bytes: Uint8Array, start: number, end: number, field: number): number {
    if (field === noField) return this.#skip(bytes, start, end);
    const values = this.#values;
    let after = values.take(bytes, start, end, field, endings);
    if (after >= 0) return after;
    if (start < end && isQuote(bytes[start])) after = stringEnd(bytes, start, end);
    else after = wordEnd(bytes, start, end);
    if (after <= start) {
      values.refuse("not-a-number", start, end, field);
      return -1;
    }
    return values.text(bytes, start, after, field) ? after : -1;
  }

  #skip(bytes: Uint8Array, start: number, end: number): number {
    const after = valueEnd(bytes, start, end);
    return after < 0 ? this.#refuse(start, end) : after;
  }

  #refuse(start: number, end: number): -1 {
    this.#values.refuse("syntax", start, end);
    return -1;
  }

  /** Appends a name to the path, with a point between; returns the new length, -1 where it is too long. */
  #extend(bytes: Uint8Array, start: number, end: number, pathLength: number): number {
    const path = this.#path;
    let length = pathLength;
    if (length + 1 + end - start > path.length) return -1;
    if (length > 0) path[length++] = pathPoint;
    for (let at = start; at < end; at++) path[length++] = bytes[at];
    return length;
  }

  #extendByPlace(place: number, pathLength: number): number {
    const path = this.#path;
    let length = pathLength;
    if (length + 12 > path.length) return -1;
    path[length++] = pathPoint;
    let power = 1;
    while (10 * power <= place) power *= 10;
    for (; power >= 1; power = Math.floor(power / 10))
      path[length++] = 0x30 + (Math.floor(place / power) % 10);
    return length;
  }
}

function isQuote(byte: number): boolean {
  return byte === quote || byte === apostrophe;
}

/** Returns the index after the string that begins at `start`, or -1 when it does not close. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  const closing = bytes[start];
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === closing) return at + 1;
    if (bytes[at] === backslash) at++;
  }
  return -1;
}

/** Returns the index after the string that begins at `start`, or -1 where it holds an escape or goes beyond the line. */
function plainStringEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== quote) return -1;
  let at = start + 1;
  while (at < end && bytes[at] !== quote) {
    if (bytes[at] < blank || bytes[at] === backslash) return -1;
    at++;
  }
  return at < end ? at + 1 : -1;
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
    if (isQuote(byte)) {
      at = stringEnd(bytes, at, end);
      if (at < 0) return -1;
    } else if (opensJson(byte)) {
      if (depth === deepest) return -1;
      depth++;
      braces = (braces << 1) | (byte === openBrace ? 1 : 0);
      at++;
      continue;
    } else if (byte === closeBrace || byte === closeBracket || byte === closeParenthesis) {
      if (depth === 0 || (braces & 1) !== (byte === closeBrace ? 1 : 0)) return -1;
      depth--;
      braces >>>= 1;
      at++;
    } else if (depth > 0) {
      at++;
      continue;
    } else {
      const after = wordEnd(bytes, at, end);
      return after > at ? after : -1;
    }
    if (depth === 0) return at;
  }
  return -1;
}

/** Returns the index after the number or word at `start`: `true`, `null`, `None` and the like. */
function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isWord(bytes[at])) at++;
  return at;
}

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

function isSpace(byte: number): boolean {
  return isBlank(byte) || byte === tab;
}

/** Skips blanks and tabs, which JSON allows between its parts. */
function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}
