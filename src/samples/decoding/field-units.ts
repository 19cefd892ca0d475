/** Units after numbers, as in `20.5C` or `45 %`. Only the unit of a field's first value is one: with another, the value
 * means something else. */
import { apostrophe, asterisk, blank, indexOfByte, isDigit, isLetter, percent, slash } from "./ascii.ts";

const caret = 0x5e;
const backtick = 0x60;
/** Behind a zero it begins a hexadecimal number. */
const letterX = 0x78;

/** Longest unit, in bytes. */
const longestBytes = 12;

/** Bytes beyond ASCII that units hold: of the signs for degree, micro, ohm, square and cube, in UTF-8 or Latin-1. */
const signBytes = Uint8Array.of(
  ...[0xc2, 0xb0, 0xba, 0xb5, 0xb2, 0xb3, 0xce, 0xbc, 0xa9, 0xe2, 0x84, 0x83, 0x89, 0xa6],
);

/** Words that are units where a name may stand as well. */
export const surelyUnits: readonly string[] = [
  ...["hPa", "kPa", "Pa", "mbar", "lux", "lx", "ppm", "ppb", "mA", "mV", "kW", "kWh", "Wh", "mAh"],
  ...["rpm", "cm", "mm", "km/h", "m/s", "dB", "dBm", "Hz", "kHz", "ug/m3"],
];
/** What may stand before another word in a unit: `deg C`, `% RH`. */
export const unitOpeners: readonly string[] = ["deg", "degree", "degrees", "°", "º", "%"];
/** The words after these. */
export const unitEndings: readonly string[] = ["C", "F", "K", "RH", "rH"];

/** Units of temperatures, of which each may begin a name as well: `C level: 5`. */
export const temperatureUnits: readonly string[] = ["C", "F"];

/** Units of one quantity each, so that a device may print its value in two of them. */
const quantities: readonly (readonly string[])[] = [
  ["C", "F", "K"],
  ["hPa", "kPa", "Pa", "mbar", "inHg", "mmHg", "psi"],
  ["mm", "cm", "m", "in", "inch", "inches", "ft"],
];

const bytesOf = (words: readonly string[]) => words.map((word) => new TextEncoder().encode(word));
const sureBytes = bytesOf([...surelyUnits, ...temperatureUnits]);
const openerBytes = bytesOf(unitOpeners);
const endingBytes = bytesOf(unitEndings);

const quantityBytes = quantities.map(bytesOf);

/** Returns which quantity the unit `bytes[start..end)` is of, signs and `deg` before it aside; -1: none that is known. */
function quantityOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const gap = wordEnd(bytes, start, end);
  if (gap < end) at = gap + 1;
  while (at < end && (standsForDegree(bytes[at]) || bytes[at] > 0x7f)) at++;
  for (let index = 0; index < quantityBytes.length; index++)
    if (isAmong(quantityBytes[index], bytes, at, end)) return index;
  return -1;
}

/** Whether `bytes[start..end)` is one of the words; `% C` is a unit, but `% c` a unit and a name. */
function isAmong(words: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = 0; index < words.length; index++) if (isWord(words[index], bytes, start, end)) return true;
  return false;
}

function isWord(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let at = 0; at < word.length; at++) if (word[at] !== bytes[start + at]) return false;
  return true;
}

/** Returns the index after the word at `start` or, where both are one unit, after it and the word next to it. */
export function unitEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = wordEnd(bytes, start, end);
  const second = wordEnd(bytes, first + 1, end);
  return isPair(bytes, start, first, second) ? second : first;
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  const gap = indexOfByte(bytes, blank, start, end);
  return gap < 0 ? end : gap;
}

const isPair = (bytes: Uint8Array, start: number, gap: number, end: number) =>
  gap < end && isAmong(openerBytes, bytes, start, gap) && isAmong(endingBytes, bytes, gap + 1, end);

/** Whether `bytes[start..end)` is a unit rather than a part of a name: it begins with a sign, or is known as one. */
export function isSurelyUnit(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isUnit(bytes, start, end)) return false;
  return (
    !isLetter(bytes[start]) ||
    isPair(bytes, start, wordEnd(bytes, start, end), end) ||
    isAmong(sureBytes, bytes, start, end)
  );
}

/** Whether `bytes[start..end)` may be a unit: letters and signs, and single digits after them, as in `m/s2`. */
export function isUnit(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length <= longestBytes && isPair(bytes, start, wordEnd(bytes, start, end), end)) return true;
  if (length < 1 || length > longestBytes || (length === 1 && isFactor(bytes[start]))) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    // Where there is no sign for degrees, sketches print *C, 'C or `C.
    if (at === start && standsForDegree(byte) && length === 2 && isTemperature(bytes[at + 1])) continue;
    if (isDigit(byte) ? at === start || isDigit(bytes[at - 1]) : !isUnitByte(byte)) return false;
    if (at === start && (byte === slash || byte === caret || (byte | 0x20) === letterX)) return false;
  }
  return true;
}

/** A lone k, M or G multiplies the number, so it cannot be dropped. */
function isFactor(byte: number): boolean {
  return byte === 0x6b || byte === 0x4d || byte === 0x47;
}

const standsForDegree = (byte: number) => byte === asterisk || byte === apostrophe || byte === backtick;
const isTemperature = (byte: number) => byte === 0x43 || byte === 0x46;

function isUnitByte(byte: number): boolean {
  if (isLetter(byte)) return true;
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

  /** Whether the unit `bytes[start..end)` is another one of the quantity that the field's unit is of. */
  isOther(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    const at = field * longestBytes;
    const quantity = quantityOf(this.#units, at, at + this.#lengths[field]);
    return (
      quantity >= 0 && quantity === quantityOf(bytes, start, end) && !this.#isSame(bytes, start, end, field)
    );
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
    return this.#isSame(bytes, start, end, field);
  }

  #isSame(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    const units = this.#units;
    const at = field * longestBytes;
    const length = end - start;
    if (this.#lengths[field] !== length) return false;
    for (let index = 0; index < length; index++) {
      if (units[at + index] !== bytes[start + index]) return false;
    }
    return true;
  }
}
