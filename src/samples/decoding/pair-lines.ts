/**
 * Reads lines of `name:value` pairs, as the serial plotter of the Arduino IDE does: `temp:21.5,hum:40`, with a comma,
 * semicolon, tab or blanks between the pairs and blanks around the colon. The bytes are parsed in place.
 */

import type { SampleRing } from "../ring.ts";
import { colon, isBlank, isSeparator, tab } from "./ascii.ts";
import type { Field } from "./fields.ts";
import { NamedValues, noField, nonNumericLine } from "./named-values.ts";

/** Reads lines of pairs to samples. Pairs whose name belongs to no field are skipped, whatever their value is. */
export class PairLines {
  readonly #values: NamedValues;

  constructor(fields: readonly Field[], ring: SampleRing) {
    this.#values = new NamedValues(fields, ring, (name) => [name]);
  }

  /** Whether the latest line named a field: if not, it was no line of pairs, or of other pairs only. */
  get hasAny(): boolean {
    return this.#values.hasAny;
  }

  /** Reads the line `bytes[start..end)`, which neither begins nor ends with a blank. */
  read(bytes: Uint8Array, start: number, end: number, slot: number): number {
    const values = this.#values;
    values.begin(slot);
    /** The pair before was skipped, so more words of its value may follow. */
    let isLoose = false;
    let at = start;
    while (at < end) {
      const name = at;
      while (at < end && bytes[at] !== colon && !isSeparator(bytes[at])) at++;
      if (at === end || bytes[at] !== colon) {
        if (!isLoose) return nonNumericLine;
        at = skipBlanks(bytes, at + 1, end);
        continue;
      }
      let nameEnd = at;
      while (nameEnd > name && isBlank(bytes[nameEnd - 1])) nameEnd--;
      const field = values.find(bytes, name, nameEnd);
      at = skipBlanks(bytes, at + 1, end);
      isLoose = field === noField;
      if (isLoose) {
        while (at < end && !isSeparator(bytes[at]) && !isBlank(bytes[at])) at++;
      } else {
        // A tab after the colon is part of the pair: a value must follow.
        while (at < end && (isBlank(bytes[at]) || bytes[at] === tab)) at++;
        at = values.read(bytes, at, end, field);
        if (at < 0) return nonNumericLine;
      }
      const valueEnd = at;
      at = skipBlanks(bytes, at, end);
      if (at < end && isSeparator(bytes[at])) at = skipBlanks(bytes, at + 1, end);
      else if (at < end && at === valueEnd) return nonNumericLine;
    }
    return values.finish();
  }
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}
