/** The values of a sample whose names and numbers come in several lines. */
import type { SampleRing } from "../ring.ts";
import { isBlank, tab } from "./ascii.ts";
import { ClockText, noClock } from "./clock-text.ts";
import { readDecimal } from "./decimal.ts";
import type { Field } from "./fields.ts";

/** Result of a block. */
export const wholeBlock = 0;
export const incompleteBlock = 1;
export const notFiniteBlock = 2;

/** Returned for a name that belongs to no field. */
export const noSuchField = -1;

const encoder = new TextEncoder();
const truths = ["ON", "on", "On", "true", "True"].map((word) => encoder.encode(word));
const untruths = ["OFF", "off", "Off", "false", "False"].map((word) => encoder.encode(word));
const missing = ["", "-", "--", "---", "nan", "NaN", "NAN", "NA", "N/A", "null"].map((word) =>
  encoder.encode(word),
);

/** Collects the values of one block at a time in a slot of the ring. Allocates nothing per block. */
export class BlockValues {
  readonly #ring: SampleRing;
  readonly #scales: Float64Array;
  readonly #offsets: Float64Array;
  /** In UTF-8, [fields]. */
  readonly #names: readonly Uint8Array[];
  /** The reader of each field that is a clock, null for the others, [fields]. */
  readonly #clocks: readonly (ClockText | null)[];
  /** 1 for a field that a block may lack, [fields]. */
  readonly #isOptional: Uint8Array;
  /** 1 for a field that the block has given, [fields]. */
  readonly #given: Uint8Array;
  #slot = 0;
  #found = 0;
  #isFinite = true;
  /** The field after the latest one: devices keep an order, so it is compared first. */
  #next = 0;

  constructor(fields: readonly Field[], ring: SampleRing) {
    this.#ring = ring;
    this.#scales = Float64Array.from(fields, (field) => field.scale);
    this.#offsets = Float64Array.from(fields, (field) => field.offset);
    this.#names = fields.map(({ name }) => encoder.encode(name));
    this.#clocks = fields.map(({ isTime, dateOrder, pointed }) =>
      isTime ? new ClockText(dateOrder, pointed) : null,
    );
    this.#isOptional = Uint8Array.from(fields, ({ optional }) => (optional === true ? 1 : 0));
    this.#given = new Uint8Array(fields.length);
  }

  /** Chooses the slot of the ring that takes the block; before its first value. */
  place(slot: number): void {
    this.#slot = slot;
  }

  /** Begins a block. */
  begin(): void {
    this.#found = 0;
    this.#isFinite = true;
    this.#next = 0;
    this.#given.fill(0);
  }

  /** Whether the block has given no field yet. */
  get isEmpty(): boolean {
    return this.#found === 0;
  }

  /** Whether the block has given every field. */
  get isFull(): boolean {
    return this.#found === this.#given.length;
  }

  /** Returns the result of the block at its end. A field that it may lack is NaN then. */
  finish(): number {
    const given = this.#given;
    for (let field = 0; field < given.length; field++) {
      if (given[field] === 1) continue;
      if (this.#isOptional[field] === 0) return incompleteBlock;
      this.#ring.values[this.#slot + field] = Number.NaN;
    }
    return this.#isFinite ? wholeBlock : notFiniteBlock;
  }

  /** Returns the field whose name is `bytes[start..end)`, or noSuchField. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const names = this.#names;
    let field = this.#next;
    for (let turn = 0; turn < names.length; turn++) {
      if (field >= names.length) field = 0;
      if (isSame(bytes, start, end, names[field])) {
        this.#next = field + 1;
        return field;
      }
      field++;
    }
    return noSuchField;
  }

  /**
   * Reads the value of a field from `bytes[start..end)`: a decimal number with or without a unit after it, a
   * hexadecimal one, or on and off. A later value of the same block replaces an earlier one.
   *
   * @returns false where it is no number
   */
  read(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    let at = start;
    let last = end;
    while (at < last && (isBlank(bytes[at]) || bytes[at] === tab)) at++;
    while (last > at && (isBlank(bytes[last - 1]) || bytes[last - 1] === tab)) last--;
    const values = this.#ring.values;
    const cell = this.#slot + field;
    if (isOneOf(bytes, at, last, missing)) return this.#take(field, cell, false);
    const clock = this.#clocks[field];
    if (clock !== null && clock.read(bytes, at, last, values, cell) !== noClock) {
      return this.#take(field, cell, true);
    }
    const after = readDecimal(bytes, at, last, values, cell);
    if (clock !== null && after !== last) return this.#take(field, cell, false);
    if (after < 0) {
      const isTrue = isOneOf(bytes, at, last, truths);
      if (!isTrue && !isOneOf(bytes, at, last, untruths)) return false;
      values[cell] = isTrue ? 1 : 0;
    } else if (after < last && !mayFollow(bytes[after])) {
      return false;
    } else if (after === at + 1 && after < last && (bytes[after] | 0x20) === 0x78) {
      if (!readHexadecimal(bytes, after + 1, last, values, cell)) return false;
    }
    return this.#take(field, cell, true);
  }

  /** Writes `computed[0]`, which was computed for a field. */
  set(field: number, computed: Float64Array): void {
    this.#ring.values[this.#slot + field] = computed[0];
    this.#take(field, this.#slot + field, true);
  }

  #take(field: number, cell: number, isNumber: boolean): true {
    const values = this.#ring.values;
    const value = isNumber ? values[cell] * this.#scales[field] + this.#offsets[field] : Number.NaN;
    values[cell] = value;
    // Infinity minus itself is NaN, and NaN is not equal to itself.
    if (value - value !== 0 && this.#clocks[field] === null) this.#isFinite = false;
    if (this.#given[field] === 0) {
      this.#given[field] = 1;
      this.#found++;
    }
    return true;
  }
}

/** Whether a byte may follow a number: a blank, or the first of a unit. A digit or a mark makes it a date or a version. */
function mayFollow(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    isBlank(byte) ||
    byte === tab ||
    byte === 0x25 ||
    byte === 0x2a ||
    byte >= 0x80 ||
    (lower >= 0x61 && lower <= 0x7a)
  );
}

function readHexadecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Float64Array,
  at: number,
): boolean {
  let value = 0;
  for (let read = start; read < end; read++) {
    const lower = bytes[read] | 0x20;
    const digit = bytes[read] <= 0x39 ? bytes[read] - 0x30 : lower - 0x57;
    if (digit < 0 || digit > 15 || (bytes[read] > 0x39 && lower < 0x61)) return false;
    value = 16 * value + digit;
  }
  target[at] = value;
  return end > start;
}

function isOneOf(bytes: Uint8Array, start: number, end: number, words: readonly Uint8Array[]): boolean {
  for (let index = 0; index < words.length; index++) {
    if (isSame(bytes, start, end, words[index])) return true;
  }
  return false;
}

function isSame(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) if (bytes[start + at] !== word[at]) return false;
  return true;
}
