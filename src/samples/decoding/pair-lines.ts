/**
 * Reads lines of `name:value` or `name=value` pairs, as the serial plotter of the Arduino IDE does: `temp:21.5,hum:40`,
 * with a comma, semicolon, tab or blanks between the pairs and blanks around the mark. The bytes are parsed in place.
 */
import {
  bar,
  blank,
  carriageReturn,
  colon,
  comma,
  equals,
  indexOfByte,
  isBlank,
  isDigit,
  isSeparator,
  minus,
  plus,
  point,
  quote,
  semicolon,
  skipBlanks,
  tab,
  trimEnd,
} from "./ascii.ts";
import { type CellValues, noField, refusedLine } from "./cell-values.ts";
import type { DecimalMark } from "./delimited-lines.ts";
import { isSurelyUnit, unitEnd } from "./field-units.ts";

/** What the commas between digits of a line are. */
const unknownCommas = 0;
const separatingCommas = 1;
const decimalCommas = 2;

/** 1 for each byte that ends a value, 2 for the comma, which may be the decimal mark, [256]. */
const endings = new Uint8Array(256);
for (const byte of [blank, carriageReturn, tab, semicolon, bar]) endings[byte] = 1;
endings[comma] = 2;

/** The byte between a name and its value. */
export type PairMark = typeof colon | typeof equals;

/** Reads lines of pairs. Pairs whose name belongs to no field are skipped, whatever their value is. */
export class PairLines {
  readonly #values: CellValues;
  readonly #decimal: DecimalMark;
  /** Where the line begins, and what its commas are: most lines need not be asked. */
  #lineStart = 0;
  #commas = unknownCommas;
  /** The field of the latest pair, or noField: a unit may follow its value. */
  #field = noField;

  constructor(values: CellValues, decimal: DecimalMark) {
    this.#values = values;
    this.#decimal = decimal;
  }

  /** Reads the line `bytes[start..end)`, which neither begins nor ends with a blank. */
  read(bytes: Uint8Array, start: number, end: number, slot: number, mark: PairMark): number {
    const values = this.#values;
    values.begin(slot);
    values.decimalComma = this.#decimal === "comma";
    this.#lineStart = start;
    this.#commas =
      this.#decimal === null ? unknownCommas : this.#decimal === "comma" ? decimalCommas : separatingCommas;
    this.#field = noField;
    /** The pair before was skipped, so more words of its value may follow. */
    let isLoose = false;
    let at = start;
    while (at < end) {
      const name = at;
      while (at < end) {
        const byte = bytes[at];
        if (byte === mark || (isSeparator(byte) && this.#isSeparator(bytes, at, end))) break;
        at++;
      }
      if (at === end || bytes[at] !== mark) {
        if (!isLoose && !this.#isOfValue(bytes, name, at)) return values.refuse("syntax", name, at);
        at = skipBlanks(bytes, at + 1, end);
        continue;
      }
      const field = this.#find(bytes, name, trimEnd(bytes, name, at), mark);
      at = skipBlanks(bytes, at + 1, end);
      isLoose = field === noField;
      this.#field = field;
      at = isLoose ? this.#skip(bytes, at, end) : this.#readValue(bytes, at, end, field);
      if (at < 0) return refusedLine;
      const valueEnd = at;
      at = skipBlanks(bytes, at, end);
      if (at < end && this.#isSeparator(bytes, at, end)) at = behindSeparator(bytes, at, end);
      else if (at < end && at === valueEnd) return values.refuse("syntax", at, end);
    }
    return values.finish();
  }

  /** Returns the field of a name; a unit with a blank after it may come before the name, and `=` ends a word. */
  #find(bytes: Uint8Array, start: number, end: number, mark: PairMark): number {
    const field = this.#values.find(bytes, start, end);
    if (field !== noField) return field;
    const isQuoted = end - start > 2 && bytes[start] === quote && bytes[end - 1] === quote;
    if (isQuoted) return this.#values.find(bytes, start + 1, end - 1);
    if (indexOfByte(bytes, blank, start, end) < 0) return noField;
    for (let at = this.#behindUnit(bytes, start, end); at < end; ) {
      const behind = this.#values.find(bytes, at, end);
      if (behind !== noField) return behind;
      const next = this.#behindOtherValue(bytes, at, end);
      if (next === at) break;
      at = next;
    }
    if (mark !== equals) return noField;
    let last = end;
    while (bytes[last - 1] !== blank) last--;
    return this.#values.find(bytes, last, end);
  }

  /** Whether `bytes[start..end)` belongs to the value before it: its unit, and the same in other units, `*C 75.0 *F`. */
  #isOfValue(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#field === noField) return false;
    const last = trimEnd(bytes, start, end);
    let at = this.#behindUnit(bytes, start, last);
    if (at === last) return at > start;
    for (let from = -1; at !== from && at < last; ) {
      from = at;
      at = this.#behindOtherValue(bytes, at, last);
    }
    return at === last;
  }

  /** Returns the index after the unit at `start` of the value before it and the blanks after; `start` where none is there. */
  #behindUnit(bytes: Uint8Array, start: number, end: number): number {
    const stop = unitEnd(bytes, start, end);
    const field = this.#field;
    // Whatever the unit of a value that no field wants is, a word may begin the name.
    const isUnit =
      field === noField ? isSurelyUnit(bytes, start, stop) : this.#values.unit(bytes, start, stop, field);
    return isUnit ? skipBlanks(bytes, stop, end) : start;
  }

  /**
   * Returns the index after the value before `start` in another unit, `75.0 *F`, and the blanks after; `start` where none
   * is there. Any other number is a value of its own, which nothing names.
   */
  #behindOtherValue(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && isInNumber(bytes[at])) at++;
    if (at === start) return start;
    at = skipBlanks(bytes, at, end);
    const stop = unitEnd(bytes, at, end);
    const field = this.#field;
    const isOther =
      field === noField ? isSurelyUnit(bytes, at, stop) : this.#values.isOtherUnit(bytes, at, stop, field);
    return isOther ? skipBlanks(bytes, stop, end) : start;
  }

  /** Returns the index after the value of a pair that no field wants. */
  #skip(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (at < end && bytes[at] === quote) {
      at = Math.max(at, indexOfByte(bytes, quote, at + 1, end) + 1);
    }
    while (at < end && !isSeparator(bytes[at]) && !isBlank(bytes[at])) at++;
    return at;
  }

  /** Reads the value at `start`; returns the index after it, or -1 where it is refused. */
  #readValue(bytes: Uint8Array, start: number, end: number, field: number): number {
    const values = this.#values;
    let at = start;
    // A tab after the mark is part of the pair: a value must follow.
    while (at < end && (isBlank(bytes[at]) || bytes[at] === tab)) at++;
    const taken = values.take(bytes, at, end, field, endings);
    if (taken >= 0) return taken;
    const after = values.number(bytes, at, end, field);
    if (after >= 0 && (after === end || isBlank(bytes[after]) || this.#isSeparator(bytes, after, end))) {
      values.accept(field);
      return after;
    }
    values.decimalComma = this.#haveDecimalComma(bytes, end);
    let stop = at;
    if (bytes[at] === quote) stop = Math.max(at, indexOfByte(bytes, quote, at + 1, end) + 1);
    while (stop < end && !isBlank(bytes[stop]) && !this.#isSeparator(bytes, stop, end)) stop++;
    // A name without a value has lost it: a missing value has a word, or its name is left out.
    if (stop === at) values.refuse("not-a-number", at, stop, field);
    return stop > at && values.text(bytes, at, stop, field) ? stop : -1;
  }

  /** Whether the byte at `at` separates pairs: not the comma before decimals. */
  #isSeparator(bytes: Uint8Array, at: number, end: number): boolean {
    const byte = bytes[at];
    if (!isSeparator(byte)) return false;
    return byte !== comma || !isBetweenDigits(bytes, at, end) || !this.#haveDecimalComma(bytes, end);
  }

  /** Whether the commas between digits of this line are decimal marks. */
  #haveDecimalComma(bytes: Uint8Array, end: number): boolean {
    if (this.#commas === unknownCommas) {
      this.#commas = commasSeparate(bytes, this.#lineStart, end) ? separatingCommas : decimalCommas;
    }
    return this.#commas === decimalCommas;
  }
}

const isInNumber = (byte: number) => isDigit(byte) || byte === plus || byte === minus || byte === point;

/** The index after the separator at `start`; tabs and bars may stand together to lay out columns. */
function behindSeparator(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  const isLaidOut = bytes[start] === tab || bytes[start] === bar;
  while (at < end && (isBlank(bytes[at]) || (isLaidOut && (bytes[at] === tab || bytes[at] === bar)))) at++;
  return at;
}

function isBetweenDigits(bytes: Uint8Array, at: number, end: number): boolean {
  return at > 0 && at + 1 < end && isDigit(bytes[at - 1]) && isDigit(bytes[at + 1]);
}

/** Whether commas stand between pairs: any that is not between digits, or after whose digits another name begins. */
function commasSeparate(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== comma) continue;
    if (!isBetweenDigits(bytes, at, end)) return true;
    let after = at + 1;
    while (after < end && isDigit(bytes[after])) after++;
    if (after < end && (bytes[after] === comma || bytes[after] === colon || bytes[after] === equals))
      return true;
  }
  return false;
}
