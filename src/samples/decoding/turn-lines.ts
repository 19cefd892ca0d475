/** Reads lines in which names and values take turns: `Time\t0.1\tTemp\t20.4`, with any separator between them. */
import { blank, skipBlanks, tab, trimEnd } from "./ascii.ts";
import { type CellValues, noField, refusedLine } from "./cell-values.ts";

/** Reads lines of names and values. A name that belongs to no field is skipped with its value. */
export class TurnLines {
  readonly #values: CellValues;

  constructor(values: CellValues) {
    this.#values = values;
  }

  /** Reads the line `bytes[start..end)`, which neither begins nor ends with a blank. */
  read(bytes: Uint8Array, start: number, end: number, slot: number, separator: number): number {
    const values = this.#values;
    values.begin(slot);
    let at = start;
    while (at < end) {
      const nameEnd = itemEnd(bytes, at, end, separator);
      const field = values.find(bytes, at, trimEnd(bytes, at, nameEnd));
      const value = nextItem(bytes, nameEnd, end, separator);
      const valueEnd = itemEnd(bytes, value, end, separator);
      if (field !== noField && !values.text(bytes, value, valueEnd, field)) return refusedLine;
      at = nextItem(bytes, valueEnd, end, separator);
    }
    return values.finish();
  }
}

function itemEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let at = start;
  while (at < end && !isBetween(bytes[at], separator)) at++;
  return at;
}

/** The index of the item after the separator at `at`; several separators in a row lay out columns. */
function nextItem(bytes: Uint8Array, at: number, end: number, separator: number): number {
  let next = at;
  while (next < end && isBetween(bytes[next], separator)) next = skipBlanks(bytes, next + 1, end);
  return next;
}

function isBetween(byte: number, separator: number): boolean {
  return byte === separator || (separator === blank && byte === tab);
}
