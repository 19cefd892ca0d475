/**
 * Reads lines of the InfluxDB line protocol: `weather,place=cellar temp=21.5,hum=40i 1700000000000000000`. Tags and
 * fields are read alike, by name.
 */
import { backslash, blank, comma, equals, isDigit, quote } from "./ascii.ts";
import { type CellValues, noField, refusedLine } from "./cell-values.ts";

const letterI = 0x69;
const letterU = 0x75;

const timeName = new TextEncoder().encode("time");
/** Digits of a whole number that is exact. */
const mostDigits = 15;

export class InfluxLines {
  readonly #values: CellValues;

  constructor(values: CellValues) {
    this.#values = values;
  }

  /** Whether the line has the three parts of the protocol: measurement with tags, fields, and perhaps a time. */
  recognizes(bytes: Uint8Array, start: number, end: number): boolean {
    const fields = partEnd(bytes, start, end, blank);
    // Without tags the first comma stands between fields.
    const measurementEnd = partEnd(bytes, start, fields, comma);
    if (measurementEnd === start || fields === end || hasEquals(bytes, start, measurementEnd)) return false;
    const time = partEnd(bytes, fields + 1, end, blank);
    if (!hasEquals(bytes, fields + 1, time)) return false;
    for (let at = time + 1; at < end; at++) if (!isDigit(bytes[at])) return false;
    return true;
  }

  /** Reads the line `bytes[start..end)`, which `recognizes` has accepted. */
  read(bytes: Uint8Array, start: number, end: number, slot: number): number {
    const values = this.#values;
    values.begin(slot);
    values.decimalComma = false;
    const fields = partEnd(bytes, start, end, blank);
    const time = partEnd(bytes, fields + 1, end, blank);
    for (let at = partEnd(bytes, start, fields, comma) + 1; at < time; ) {
      const last = at < fields ? fields : time;
      const pairEnd = partEnd(bytes, at, last, comma);
      const name = partEnd(bytes, at, pairEnd, equals);
      if (name === pairEnd) return values.refuse("syntax", at, pairEnd);
      const field = values.find(bytes, at, name);
      if (field !== noField) {
        const valueEnd = withoutSuffix(bytes, name + 1, pairEnd);
        if (!values.text(bytes, name + 1, valueEnd, field)) return refusedLine;
      }
      at = pairEnd + 1;
    }
    if (time < end) this.#readTime(bytes, time + 1, end);
    return values.finish();
  }

  /** Reads the time at the end of a line as a value called time, unless the line has another of this name. */
  #readTime(bytes: Uint8Array, start: number, end: number): void {
    const values = this.#values;
    const field = values.find(timeName, 0, timeName.length);
    if (field === noField || values.hasNamed(field)) return;
    let number = 0;
    // Nanoseconds have more digits than a number holds; reading them as text would allocate.
    for (let at = start; at < end; at++) {
      const digit = at - start < mostDigits ? bytes[at] - 0x30 : 0;
      number = number * 10 + digit;
    }
    values.set(field, number);
  }
}

/** Whole numbers end in i or u. */
function withoutSuffix(bytes: Uint8Array, start: number, end: number): number {
  const last = bytes[end - 1];
  return end - start > 1 && (last === letterI || last === letterU) && isDigit(bytes[end - 2]) ? end - 1 : end;
}

function hasEquals(bytes: Uint8Array, start: number, end: number): boolean {
  return partEnd(bytes, start, end, equals) < end;
}

/** Returns the index of the next `separator` that is neither escaped nor in quotes, or `end`. */
function partEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let isQuoted = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === quote) isQuoted = !isQuoted;
    else if (byte === separator && !isQuoted) return at;
  }
  return end;
}
