/** Units behind numbers, as in `20.5C` or `45 %`. Only the unit of a field's first value is one: with another, the value
 * means something else. */
import { isDigit, percent, slash } from "./ascii.ts";

const caret = 0x5e;
const asterisk = 0x2a;
/** Behind a zero it begins a hexadecimal number. */
const letterX = 0x78;

/** Longest unit, in bytes. */
const longestBytes = 12;

/** Bytes beyond ASCII that units hold: of the signs for degree, micro, ohm, square and cube, in UTF-8 or Latin-1. */
const signBytes = Uint8Array.of(
  ...[0xc2, 0xb0, 0xb5, 0xb2, 0xb3, 0xce, 0xbc, 0xa9, 0xe2, 0x84, 0x83, 0x89, 0xa6],
);

/** Whether `bytes[start..end)` may be a unit: letters and signs, and single digits behind them, as in `m/s2`. */
export function isUnit(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 1 || length > longestBytes || (length === 1 && isFactor(bytes[start]))) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    // Where there is no sign for degrees, sketches print *C.
    if (byte === asterisk && at === start && length === 2 && isTemperature(bytes[at + 1])) continue;
    if (isDigit(byte) ? at === start || isDigit(bytes[at - 1]) : !isUnitByte(byte)) return false;
    if (at === start && (byte === slash || byte === caret || (byte | 0x20) === letterX)) return false;
  }
  return true;
}

/** A lone k, M or G multiplies the number, so it cannot be dropped. */
function isFactor(byte: number): boolean {
  return byte === 0x6b || byte === 0x4d || byte === 0x47;
}

const isTemperature = (byte: number) => byte === 0x43 || byte === 0x46;

function isUnitByte(byte: number): boolean {
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return byte < 0x80;
  return byte === percent || byte === slash || byte === caret || signBytes.indexOf(byte) >= 0;
}

/** The unit of each field. */
export class FieldUnits {
  /** 1 for each field that has had a value in an earlier line, [fields]. */
  readonly #seen: Uint8Array;
  #unseen: number;
  /** The unit of each field, [fields, longestBytes], and its length, [fields]. */
  readonly #units: Uint8Array;
  readonly #lengths: Uint8Array;

  constructor(fields: number) {
    this.#seen = new Uint8Array(fields);
    this.#unseen = fields;
    this.#units = new Uint8Array(fields * longestBytes);
    this.#lengths = new Uint8Array(fields);
  }

  /** Whether the field has been in a line. */
  hasSeen(field: number): boolean {
    return this.#seen[field] === 1;
  }

  /** Notes which fields a line has: `given` is the number of the line for them, [fields]. */
  note(given: Uint32Array, line: number): void {
    if (this.#unseen === 0) return;
    for (let field = 0; field < given.length; field++) {
      if (given[field] !== line || this.#seen[field] === 1) continue;
      this.#seen[field] = 1;
      this.#unseen--;
    }
  }

  /** Notes that a line has all fields. */
  noteAll(): void {
    if (this.#unseen === 0) return;
    this.#seen.fill(1);
    this.#unseen = 0;
  }

  /** Whether the unit `bytes[start..end)` is the field's. Where the field has had no value yet, it becomes so. */
  isUsual(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    const units = this.#units;
    const at = field * longestBytes;
    const length = end - start;
    if (this.#seen[field] === 0) {
      this.#lengths[field] = length;
      for (let index = 0; index < length; index++) units[at + index] = bytes[start + index];
      return true;
    }
    if (this.#lengths[field] !== length) return false;
    for (let index = 0; index < length; index++) {
      if (units[at + index] !== bytes[start + index]) return false;
    }
    return true;
  }
}
