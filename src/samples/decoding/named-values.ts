/** Reads a line with names into a sample: which name belongs to which field, and which fields have been read. */

import type { SampleRing } from "../ring.ts";
import { readDecimal, readNonFiniteWord } from "./decimal.ts";
import type { Field } from "./fields.ts";

/** Result of reading a line. */
export const goodLine = 0;
/** A field is missing or repeated, or there are too many columns. */
export const wrongColumnsLine = 1;
export const nonNumericLine = 2;
export const notFiniteLine = 3;

/** Returned for a name that belongs to no field. */
export const noField = -1;

const encoder = new TextEncoder();

/**
 * Writes the values of one line at a time to a slot of the ring, by name. Names are compared as bytes, and values are
 * never returned, because a function that returns a fractional number allocates on the heap.
 */
export class NamedValues {
  readonly #ring: SampleRing;
  readonly #scales: Float64Array;
  readonly #offsets: Float64Array;
  /** The ways in which each field's name may be written, in UTF-8, [fields]. */
  readonly #spellings: readonly (readonly Uint8Array[])[];
  /** 1 for each field that the line has named, [fields]. */
  readonly #given: Uint8Array;
  /** The field that a line may lack; noField where there is none. */
  readonly #optional: number;
  #slot = 0;
  #found = 0;
  #finite = true;
  #twice = false;
  /** The field after the latest one: devices keep an order, so it is compared first. */
  #next = 0;

  /** @param spell the ways in which a name may be written in this kind of line */
  constructor(fields: readonly Field[], ring: SampleRing, spell: (name: string) => string[]) {
    this.#ring = ring;
    this.#scales = Float64Array.from(fields, (field) => field.scale);
    this.#offsets = Float64Array.from(fields, (field) => field.offset);
    this.#spellings = fields.map(({ name }) => spell(name).map((spelling) => encoder.encode(spelling)));
    this.#given = new Uint8Array(fields.length);
    this.#optional = optionalField(fields);
  }

  /** Begins a line whose sample goes to `slot`. */
  begin(slot: number): void {
    this.#slot = slot;
    this.#found = 0;
    this.#finite = true;
    this.#twice = false;
    this.#next = 0;
    this.#given.fill(0);
  }

  /** Whether the line has named a field so far. */
  get hasAny(): boolean {
    return this.#found > 0;
  }

  /** Returns the result of the line, once it has been read to its end. */
  finish(): number {
    const optional = this.#optional;
    if (optional !== noField && this.#given[optional] === 0) {
      this.#ring.values[this.#slot + optional] = Number.NaN;
      this.#mark(optional);
    }
    if (this.#twice || this.#found !== this.#given.length) return wrongColumnsLine;
    return this.#finite ? goodLine : notFiniteLine;
  }

  /** Returns the field whose name is `bytes[start..end)`, or noField. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const spellings = this.#spellings;
    const fields = spellings.length;
    let field = this.#next;
    for (let turn = 0; turn < fields; turn++) {
      if (field >= fields) field = 0;
      const ways = spellings[field];
      for (let way = 0; way < ways.length; way++) {
        if (isSame(bytes, start, end, ways[way])) {
          this.#next = field + 1;
          return field;
        }
      }
      field++;
    }
    return noField;
  }

  /**
   * Reads the value of `field`, a decimal number or a word for one that is not finite.
   *
   * @returns the index after it, or -1 when none begins at `start`
   */
  read(bytes: Uint8Array, start: number, end: number, field: number): number {
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const after = readDecimal(bytes, start, end, values, cell);
    if (after < 0) {
      const word = readNonFiniteWord(bytes, start, end);
      if (word >= 0) this.setMissing(field);
      return word;
    }
    this.#scale(field);
    return after;
  }

  /** Sets `field` to the raw value 0 or 1. */
  setTruth(field: number, raw: number): void {
    this.#ring.values[this.#slot + field] = raw;
    this.#scale(field);
  }

  /** Notes that the line names `field` but has no number for it. */
  setMissing(field: number): void {
    this.#ring.values[this.#slot + field] = Number.NaN;
    this.#finite = false;
    this.#mark(field);
  }

  #scale(field: number): void {
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const value = values[cell] * this.#scales[field] + this.#offsets[field];
    values[cell] = value;
    // Infinity minus itself is NaN, and NaN is not equal to itself.
    if (value - value !== 0) this.#finite = false;
    this.#mark(field);
  }

  #mark(field: number): void {
    if (this.#given[field] === 1) this.#twice = true;
    this.#given[field] = 1;
    this.#found++;
  }
}

/** The field that a line may lack, or noField. */
export function optionalField(fields: readonly Field[]): number {
  return fields.findIndex(({ optional }) => optional === true);
}

function isSame(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  const length = end - start;
  if (length !== name.length) return false;
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== name[at]) return false;
  }
  return true;
}
