/** Reads lines of cells: `21.5,40,0`, with commas, semicolons, tabs, vertical bars or blanks between them. */
import {
  apostrophe,
  bar,
  blank,
  comma,
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
} from "./ascii.ts";
import { type CellValues, noField, passedLine } from "./cell-values.ts";

/** The separators in the order in which a line is tried with those that it holds. */
export const separators = [semicolon, tab, bar, comma, blank] as const;

/** What a number or a missing value begins with that is no digit. */
const dataMarks: readonly number[] = [plus, minus, point];

/** The decimal mark; null: a point, or a comma where no comma separates cells. */
export type DecimalMark = "point" | "comma" | null;

/** Reads lines of cells by the places of the columns. */
export class DelimitedLines {
  #columns: Int32Array;
  /** Every field is a column, and a plain number. */
  #isPlain = false;
  /** Cells after those of the columns that a row may have and nobody wants: a header named them. */
  surplus = 0;
  /** A line had a plus with blanks before its number, so a minus may stand so too. */
  #hasPlusApart = false;
  readonly #values: CellValues;
  readonly #decimal: DecimalMark;

  constructor(values: CellValues, columns: Int32Array, decimal: DecimalMark) {
    this.#values = values;
    this.#columns = columns;
    this.#decimal = decimal;
    values.isCommaOnly = decimal === "comma";
    values.isPointOnly = decimal === "point";
    this.columns = columns;
  }

  /** Field of each column, or noField, [columns]. */
  get columns(): Int32Array {
    return this.#columns;
  }

  set columns(columns: Int32Array) {
    const { isPlain } = this.#values;
    this.#columns = columns;
    this.#isPlain =
      this.#decimal !== "comma" && isPlain.every((plain, field) => plain === 1 && columns.includes(field));
  }

  /** Reads the line of plain numbers that begins at `start`; returns the index of its end before `end`, or -1. */
  readAhead(bytes: Uint8Array, start: number, end: number, slot: number, separator: number): number {
    if (!this.#isPlain || separator === blank) return -1;
    return this.#values.readPlainAhead(bytes, start, end, slot, separator, this.#columns);
  }

  /** Reads the line `bytes[start..end)`, which neither begins nor ends with a blank, into the slot. */
  read(bytes: Uint8Array, start: number, end: number, slot: number, separator: number): number {
    const values = this.#values;
    const columns = this.#columns;
    const isWide = separator === blank;
    if (this.#isPlain && !isWide) {
      const outcome = values.readPlain(bytes, start, end, slot, separator, columns);
      if (outcome >= 0) return outcome;
    }
    values.begin(slot);
    values.decimalComma = this.#decimal === "comma" || (this.#decimal === null && separator !== comma);
    let column = 0;
    let at = start;
    while (at < end) {
      if (column === columns.length) {
        if (isEmptyRow(bytes, at, end)) break;
        if (this.surplus > 0 && countCells(bytes, at, end, separator) <= this.surplus) break;
        return values.refuse("columns", at, end);
      }
      const field = columns[column++];
      if (isWide && this.#hasSignApart(bytes, at, start, end)) {
        const stop = cellEnd(bytes, skipGap(bytes, at + 1, end), end, separator);
        if (field !== noField && !values.text(bytes, at, stop, field))
          return this.#refuseCell(bytes, start, end, separator);
        at = stop;
      } else if (field === noField) at = cellEnd(bytes, at, end, separator);
      else {
        let stop = values.number(bytes, at, end, field);
        if (stop >= 0 && !isWide) while (stop < end && isBlank(bytes[stop])) stop++;
        if (stop === end || (stop >= 0 && isCellEnd(bytes[stop], separator))) values.accept(field);
        else {
          stop = cellEnd(bytes, at, end, separator);
          if (!values.text(bytes, at, stop, field)) return this.#refuseCell(bytes, start, end, separator);
        }
        at = stop;
      }
      if (at === end) break;
      at = isWide ? skipGap(bytes, at, end) : skipBlanks(bytes, at + 1, end);
      // A line that ends in a separator may lack its last value, but not its last cells.
      if (at === end && column === columns.length - 1) {
        const last = columns[column++];
        if (last !== noField) values.missing(last);
      }
    }
    if (column < columns.length) return values.refuse("columns", start, end);
    if (!values.hasValue && isEmptyRow(bytes, start, end)) return passedLine;
    return values.finish();
  }

  /**
   * Whether blanks stand between the sign at `at` and its number, as scales write it. A minus alone is no value, and may
   * stand between two numbers, so it is a sign only where the line has a cell too many, and none but words before it.
   */
  #hasSignApart(bytes: Uint8Array, at: number, start: number, end: number): boolean {
    const sign = bytes[at];
    if ((sign !== plus && sign !== minus) || bytes[at + 1] !== blank) return false;
    const number = skipGap(bytes, at + 1, end);
    if (number >= end || !(isDigit(bytes[number]) || bytes[number] === point)) return false;
    if (sign === plus) {
      this.#hasPlusApart = true;
      return true;
    }
    if (!this.#hasPlusApart && !isBehindWords(bytes, start, at)) return false;
    return countCells(bytes, start, end, blank) > this.columns.length;
  }

  /** In a line with too many or too few cells, a fault in one of them is misleading. */
  #refuseCell(bytes: Uint8Array, start: number, end: number, separator: number): number {
    const values = this.#values;
    const { reason, faultStart, faultEnd, faultField } = values;
    const cells = countCells(bytes, start, end, separator);
    if (cells < this.columns.length || cells > this.columns.length + this.surplus)
      return values.refuse("columns", start, end);
    return values.refuse(reason, faultStart, faultEnd, faultField);
  }
}

/** Whether nothing but words stands between `start` and `at`: no cell there begins as a number does. */
function isBehindWords(bytes: Uint8Array, start: number, at: number): boolean {
  for (let word = start; word < at; word++) {
    const opens = word === start || isBlank(bytes[word - 1]) || bytes[word - 1] === tab;
    if (opens && (isDigit(bytes[word]) || dataMarks.includes(bytes[word]))) return false;
  }
  return true;
}

function isCellEnd(byte: number, separator: number): boolean {
  return byte === separator || (separator === blank && (byte === tab || isBlank(byte)));
}

/**
 * Returns the index of the separator or line end after the cell at `start`; separators in quotes do not count. Quotes open at
 * the beginning of a cell, `5" pipe` has none; where blanks separate cells also inside, as in `temp{room="the hall"}`.
 */
export function cellEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let at = start;
  while (at < end && !isCellEnd(bytes[at], separator)) {
    const byte = bytes[at++];
    const isFirst = at === start + 1;
    if (byte !== quote && !(byte === apostrophe && isFirst)) continue;
    if (!isFirst && separator !== blank) continue;
    const close = closingQuote(bytes, byte, at, end);
    if (close < 0 && !isFirst) continue;
    at = close < 0 ? end : close + 1;
  }
  return Math.min(at, end);
}

/** The quote that closes what begins at `start`, -1 where none does: two quotes within quotes are one that is meant. */
function closingQuote(bytes: Uint8Array, mark: number, start: number, end: number): number {
  let at = indexOfByte(bytes, mark, start, end);
  while (at >= 0 && at + 1 < end && bytes[at + 1] === mark) at = indexOfByte(bytes, mark, at + 2, end);
  return at;
}

/** Returns the index of the first byte from `start` on that is neither a blank nor a tab, or `end`. */
export function skipGap(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (isBlank(bytes[at]) || bytes[at] === tab)) at++;
  return at;
}

/** The number of cells in a line; a separator at its end begins none. */
export function countCells(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let cells = 0;
  for (let at = start; at < end; cells++) {
    at = cellEnd(bytes, at, end, separator);
    if (at < end) at = separator === blank ? skipGap(bytes, at, end) : skipBlanks(bytes, at + 1, end);
  }
  return cells;
}

/** Whether there is nothing but separators and blanks. */
function isEmptyRow(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (!isSeparator(bytes[at]) && !isBlank(bytes[at])) return false;
  }
  return true;
}
