/**
 * Writes the values of one line at a time to a slot of the ring, whatever form the line has: which cell belongs to which
 * field, what a cell says, and why it is refused.
 */
import type { SampleRing } from "../ring.ts";
import {
  apostrophe,
  blank,
  carriageReturn,
  comma,
  isDigit,
  isSeparator,
  lineFeed,
  minus,
  plus,
  point,
  quote,
  skipBlanks,
  trimEnd,
} from "./ascii.ts";
import { ClassWords } from "./class-words.ts";
import { ClockText, noClock } from "./clock-text.ts";
import { readDecimal } from "./decimal.ts";
import { FieldUnits, isUnit } from "./field-units.ts";
import type { Field } from "./fields.ts";
import { readGrouped } from "./grouped-number.ts";
import { isMissingWord, truthOf } from "./words.ts";

/** What reading a line came to. */
export const goodLine = 0;
/** A field has no value, or one that is not finite. */
export const missingLine = 1;
/** A header: its names set the columns of the lines below it. */
export const headerLine = 2;
/** A comment, a title, or a row of separators. */
export const passedLine = 3;
export const refusedLine = 4;

/** Why a line is refused, with what is said of it. */
export const refusals = {
  columns: "another number of columns",
  "no-field": "a line that does not name all fields",
  twice: "a field is named twice",
  syntax: "no row of numbers",
  "not-a-number": "a value that is not a number",
  unit: "another unit than before",
  "no-class": "a value that is not a class",
  "other-header": "below a header that lacks a field",
  quote: "a quote that is not closed",
  "other-logger": "a line of another logger or channel",
  reply: "an echo of a reply",
  "too-long": "longer than a line may be",
} as const;

export type Refusal = keyof typeof refusals;

/** A table for each separator, [256]: 1 for each byte at which skipping a cell that nobody wants must stop. */
const stopsBefore: readonly Uint8Array[] = Array.from({ length: 128 }, (_, separator) => {
  const stops = new Uint8Array(isSeparator(separator) ? 256 : 0);
  for (const byte of [separator, quote, apostrophe, lineFeed, carriageReturn]) stops[byte] = 1;
  return stops;
});

/** Longest number in bytes whose sign is apart from it. */
const longestSigned = 64;

/** Stands for the field of a cell that no field wants. */
export const noField = -1;

const encoder = new TextEncoder();

/**
 * The values of the line that is being read. Names are compared as bytes, and values are never returned, because a
 * function that returns a fractional number allocates on the heap.
 */
export class CellValues {
  /** Why the latest line was refused, and which of its bytes are at fault. */
  reason: Refusal = "syntax";
  faultStart = 0;
  faultEnd = 0;
  faultField = noField;
  /** A comma may be the mark before decimals in this line. */
  decimalComma = false;
  /** A comma is the mark before decimals, so a point between groups of three digits is not one. */
  isCommaOnly = false;
  /** A point is the mark before decimals, so a comma between groups of three digits is not one. */
  isPointOnly = false;
  /** 1 for each field that is a number as it is sent, without classes or numbers that stand for none, [fields]. */
  readonly isPlain: Uint8Array;
  readonly #ring: SampleRing;
  readonly #scales: Float64Array;
  readonly #offsets: Float64Array;
  /** The ways in which each field's name may be written, in UTF-8 and Latin-1, [fields]. */
  readonly #spellings: readonly (readonly Uint8Array[])[];
  /** The classes of a field, null where it holds numbers, [fields]. */
  readonly #classes: readonly (ClassWords | null)[];
  /** The reader of each field that is a clock, null for the others, [fields]. */
  readonly #clocks: readonly (ClockText | null)[];
  /** Numbers that stand for a missing value, null where there are none, [fields]. */
  readonly #codes: readonly (Float64Array | null)[];
  readonly #units: FieldUnits;
  readonly #isOptional: Uint8Array;
  /** For each field the number of the latest line that has named it, counted in 32 bits, [fields]. */
  readonly #given: Uint32Array;
  /** A number with the sign directly before it. */
  readonly #signed = new Uint8Array(longestSigned);
  #line = 0;
  #slot = 0;
  #found = 0;
  #present = 0;
  #finite = true;
  #twice = false;
  /** The field after the latest one: devices keep an order, so it is compared first. */
  #next = 0;

  constructor(fields: readonly Field[], ring: SampleRing) {
    this.#ring = ring;
    this.#scales = Float64Array.from(fields, (field) => field.scale);
    this.#offsets = Float64Array.from(fields, (field) => field.offset);
    this.#spellings = fields.map(({ name }) => spellingsOf(name));
    this.#classes = fields.map(({ name, classes, mostClasses }) =>
      classes === undefined ? null : new ClassWords(classes, name, mostClasses),
    );
    this.#clocks = fields.map(({ isTime, dateOrder, pointed }) =>
      isTime ? new ClockText(dateOrder, pointed) : null,
    );
    this.#codes = fields.map(({ missing }) => (missing === undefined ? null : Float64Array.from(missing)));
    this.isPlain = Uint8Array.from(fields, ({ classes, missing }) => (classes || missing ? 0 : 1));
    this.#units = new FieldUnits(fields.length);
    this.#isOptional = Uint8Array.from(fields, ({ optional }) => (optional === true ? 1 : 0));
    this.#given = new Uint32Array(fields.length);
  }

  /** Begins a line whose sample goes to `slot`. */
  begin(slot: number): void {
    this.#slot = slot;
    this.#found = 0;
    this.#present = 0;
    this.#finite = true;
    this.#twice = false;
    this.#next = 0;
    // Filling the array for each line would cost a tenth of its time.
    this.#line = (this.#line + 1) >>> 0;
    if (this.#line === 0) this.#forgetLines();
  }

  #forgetLines(): void {
    this.#given.fill(0);
    this.#line = 1;
  }

  /**
   * Reads a line of plain numbers, at a part of the cost of any other: all that `read` of delimited-lines.ts asks of each
   * cell is done in one loop.
   *
   * @param columns the field of each column or noField; each field is one of them
   * @returns the result of the line, or -1 where it holds anything else
   */
  readPlain(
    bytes: Uint8Array,
    start: number,
    end: number,
    slot: number,
    separator: number,
    columns: Int32Array,
  ): number {
    const values = this.#ring.values;
    const scales = this.#scales;
    const offsets = this.#offsets;
    const last = columns.length - 1;
    let finite = true;
    let at = start;
    for (let column = 0; column <= last; column++) {
      const field = columns[column];
      if (field === noField) {
        while (at < end && bytes[at] !== separator && bytes[at] !== quote && bytes[at] !== apostrophe) at++;
      } else {
        const cell = slot + field;
        at = readDecimal(bytes, at, end, values, cell);
        if (at < 0) return -1;
        const value = values[cell] * scales[field] + offsets[field];
        values[cell] = value;
        // Infinity minus itself is NaN, and NaN is not equal to itself.
        if (value - value !== 0) finite = false;
      }
      if (at === end) {
        if (column < last) return -1;
        this.#units.noteAll();
        return finite ? goodLine : missingLine;
      }
      if (bytes[at] !== separator) return -1;
      at++;
      while (at < end && bytes[at] === blank) at++;
    }
    return -1;
  }

  /**
   * Reads a line of plain numbers of which only the start is known.
   *
   * @returns the index of its line end before `end`, or -1 where it holds anything else
   */
  readPlainAhead(
    bytes: Uint8Array,
    start: number,
    end: number,
    slot: number,
    separator: number,
    columns: Int32Array,
  ): number {
    const values = this.#ring.values;
    const scales = this.#scales;
    const offsets = this.#offsets;
    const last = columns.length - 1;
    const stops = stopsBefore[separator];
    let at = start;
    for (let column = 0; column <= last; column++) {
      const field = columns[column];
      if (field === noField) {
        while (at < end && stops[bytes[at]] === 0) at++;
        if (at < end && (bytes[at] === quote || bytes[at] === apostrophe)) return -1;
      } else {
        const cell = slot + field;
        at = readDecimal(bytes, at, end, values, cell);
        if (at < 0) return -1;
        const value = values[cell] * scales[field] + offsets[field];
        // Infinity minus itself is NaN, and NaN is not equal to itself.
        if (value - value !== 0) return -1;
        values[cell] = value;
      }
      // A number at the end of a chunk may go on in the next.
      if (at >= end) return -1;
      if (column === last) break;
      if (bytes[at] !== separator) return -1;
      at++;
      while (at < end && bytes[at] === blank) at++;
    }
    if (bytes[at] !== lineFeed && bytes[at] !== carriageReturn) return -1;
    this.#units.noteAll();
    return at;
  }

  /** Whether the line has named a field so far. */
  get hasAny(): boolean {
    return this.#found > 0;
  }

  /** Whether the line has named the field so far. */
  hasNamed(field: number): boolean {
    return this.#given[field] === this.#line;
  }

  /** Whether the line has had a value so far, even one that is not finite. */
  get hasValue(): boolean {
    return this.#present > 0;
  }

  /** Returns the result of the line, once it has been read to its end: a field that it does not name is missing. */
  finish(): number {
    if (this.#twice) return this.refuse("twice", 0, 0);
    const given = this.#given;
    // A line with less than half of the fields is a part of a sample.
    if (2 * this.#found < given.length) return this.refuse("no-field", 0, 0);
    const line = this.#line;
    this.#units.note(given, line);
    for (let field = 0; this.#found < given.length && field < given.length; field++) {
      if (given[field] === line) continue;
      // What has never been there is another name, not a value left out.
      if (this.#isOptional[field] === 0 && !this.#units.hasSeen(field)) return this.refuse("no-field", 0, 0);
      this.missing(field);
    }
    return this.#finite ? goodLine : missingLine;
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
   * Reads the plain number that begins at `start`; the caller looks whether the cell ends with it, and accepts it then.
   *
   * @returns the index after it, or -1 where none begins there or the field holds words
   */
  number(bytes: Uint8Array, start: number, end: number, field: number): number {
    if (this.#classes[field] !== null || (this.isCommaOnly && this.decimalComma)) return -1;
    return readDecimal(bytes, start, end, this.#ring.values, this.#slot + field);
  }

  /**
   * Reads the plain number that begins at `start` and accepts it, where a byte follows that ends a value: `number` and
   * `accept` in one, for the forms with names.
   *
   * @param ends 0 for each byte that ends no value, 1 for one that does, 2 for one that does unless a digit follows, [256]
   * @returns the index after it, or -1 where it is anything else
   */
  take(bytes: Uint8Array, start: number, end: number, field: number, ends: Uint8Array): number {
    if (this.#classes[field] !== null || (this.isCommaOnly && this.decimalComma)) return -1;
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const after = readDecimal(bytes, start, end, values, cell);
    if (after < 0) return -1;
    if (after < end) {
      const ending = ends[bytes[after]];
      if (ending === 0 || (ending === 2 && after + 1 < end && isDigit(bytes[after + 1]))) return -1;
    }
    if (this.#codes[field] !== null) {
      this.accept(field);
      return after;
    }
    const value = values[cell] * this.#scales[field] + this.#offsets[field];
    values[cell] = value;
    // Infinity minus itself is NaN, and NaN is not equal to itself.
    if (value - value !== 0) this.#finite = false;
    this.#present++;
    const given = this.#given;
    const line = this.#line;
    if (given[field] === line) this.#twice = true;
    else this.#found++;
    given[field] = line;
    return after;
  }

  /** Makes the number that was read last the value of `field`, scaled. */
  accept(field: number): void {
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const codes = this.#codes[field];
    if (codes !== null && codes.indexOf(values[cell]) >= 0) {
      this.missing(field);
      return;
    }
    const value = values[cell] * this.#scales[field] + this.#offsets[field];
    values[cell] = value;
    // Infinity minus itself is NaN, and NaN is not equal to itself.
    if (value - value !== 0) this.#finite = false;
    this.#present++;
    this.#mark(field);
  }

  /** Makes `raw` the value of `field`, scaled. */
  set(field: number, raw: number): void {
    this.#ring.values[this.#slot + field] = raw;
    this.accept(field);
  }

  /** Notes that `field` has no value. */
  missing(field: number): void {
    this.#ring.values[this.#slot + field] = Number.NaN;
    if (this.#isOptional[field] === 0) this.#finite = false;
    this.#mark(field);
  }

  /**
   * Reads the cell `bytes[start..end)` whatever it holds: nothing, a number with its unit or in quotes, a word for a
   * missing value, for yes or no, or for a class. Returns false, with the reason noted, where it is something else.
   */
  text(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    let first = skipBlanks(bytes, start, end);
    let last = trimEnd(bytes, first, end);
    const isQuoted = last - first >= 2 && isQuote(bytes[first]) && bytes[last - 1] === bytes[first];
    if (isQuoted) {
      first = skipBlanks(bytes, first + 1, last - 1);
      last = trimEnd(bytes, first, last - 1);
    }
    if (first === last) {
      this.missing(field);
      return true;
    }
    if (this.#clocks[field] !== null) {
      this.#readTime(bytes, first, last, field);
      return true;
    }
    const refusal =
      this.#classes[field] === null
        ? this.#readSigned(bytes, first, last, field, isQuoted)
        : this.#readClass(bytes, first, last, field);
    if (refusal !== null) this.refuse(refusal, first, last, field);
    return refusal === null;
  }

  /** Takes `bytes[start..end)`, which stands apart after the value of a field, as its unit; false where it is none. */
  unit(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    return isUnit(bytes, start, end) && this.#units.isUsual(bytes, start, end, field);
  }

  /** Whether `bytes[start..end)` is a unit in which a device may print the value of the field too, `*F` after `*C`. */
  isOtherUnit(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    return isUnit(bytes, start, end) && this.#units.isOther(bytes, start, end, field);
  }

  /** Notes why the line is refused, and returns the result of the line. */
  refuse(reason: Refusal, start: number, end: number, field = noField): typeof refusedLine {
    this.reason = reason;
    this.faultStart = start;
    this.faultEnd = end;
    this.faultField = field;
    return refusedLine;
  }

  #readClass(bytes: Uint8Array, start: number, end: number, field: number): Refusal | null {
    const classes = this.#classes[field] as ClassWords;
    // A class may have the name that is elsewhere a missing value, such as "unknown".
    let index = classes.findNamed(bytes, start, end);
    if (index < 0 && isMissingWord(bytes, start, end)) {
      this.missing(field);
      return null;
    }
    if (index < 0) index = classes.find(bytes, start, end);
    if (index < 0) return "no-class";
    this.set(field, index);
    return null;
  }

  /** What is no time is a missing one: a clock that was not set spoils no values. */
  #readTime(bytes: Uint8Array, start: number, end: number, field: number): void {
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const isClock = (this.#clocks[field] as ClockText).read(bytes, start, end, values, cell) !== noClock;
    if (
      isClock ||
      readDecimal(bytes, start, end, values, cell) === end ||
      (this.decimalComma && readDecimal(bytes, start, end, values, cell, comma) === end)
    ) {
      this.accept(field);
    } else this.missing(field);
  }

  /** Reads a number whose sign blanks may separate from it. */
  #readSigned(
    bytes: Uint8Array,
    start: number,
    end: number,
    field: number,
    isQuoted: boolean,
  ): Refusal | null {
    const isApart = (bytes[start] === plus || bytes[start] === minus) && bytes[start + 1] === blank;
    if (!isApart || end - start > longestSigned) return this.#readNumber(bytes, start, end, field, isQuoted);
    const joined = this.#signed;
    joined[0] = bytes[start];
    let length = 1;
    for (let at = skipBlanks(bytes, start + 1, end); at < end; at++) joined[length++] = bytes[at];
    return this.#readNumber(joined, 0, length, field, isQuoted);
  }

  #readNumber(
    bytes: Uint8Array,
    start: number,
    end: number,
    field: number,
    isQuoted: boolean,
  ): Refusal | null {
    const values = this.#ring.values;
    const cell = this.#slot + field;
    const after =
      this.isCommaOnly && this.decimalComma
        ? this.#readCommaDecimal(bytes, start, end, cell)
        : this.#readDecimal(bytes, start, end, cell, isQuoted);
    if (after === end) {
      this.accept(field);
      return null;
    }
    if (isMissingWord(bytes, start, end)) {
      this.missing(field);
      return null;
    }
    if (readGrouped(bytes, start, end, this.isPointOnly ? "point" : null, values, cell)) {
      this.accept(field);
      return null;
    }
    if (after > start) return this.#acceptWithUnit(bytes, skipBlanks(bytes, after, end), end, field);
    const truth = truthOf(bytes, start, end);
    if (truth < 0) return "not-a-number";
    this.set(field, truth);
    return null;
  }

  /** Reads a number with either mark before its decimals; returns the index after it, or -1. */
  #readDecimal(bytes: Uint8Array, start: number, end: number, cell: number, isQuoted: boolean): number {
    const values = this.#ring.values;
    const after = readDecimal(bytes, start, end, values, cell);
    // A comma in quotes separates nothing; before three digits it may stand between groups.
    const hasComma =
      this.decimalComma || (isQuoted && after >= 0 && bytes[after] === comma && end - after !== 4);
    if (!hasComma || after === end) return after;
    const mark = after < 0 || bytes[after] === comma ? comma : point;
    return readDecimal(bytes, start, end, values, cell, mark);
  }

  /**
   * Reads a number with a decimal comma, so that points in it can only separate groups of three digits:
   * 21.38 is none, as 21.375 would be another one. Returns the index after it, or -1.
   */
  #readCommaDecimal(bytes: Uint8Array, start: number, end: number, cell: number): number {
    const values = this.#ring.values;
    let last = end;
    while (last > start && !isDigit(bytes[last - 1])) last--;
    if (readGrouped(bytes, start, last, "comma", values, cell)) return last;
    return readDecimal(bytes, start, end, values, cell, comma);
  }

  #acceptWithUnit(bytes: Uint8Array, start: number, end: number, field: number): Refusal | null {
    if (!isUnit(bytes, start, end)) return "not-a-number";
    if (!this.#units.isUsual(bytes, start, end, field)) return "unit";
    this.accept(field);
    return null;
  }

  #mark(field: number): void {
    const line = this.#line;
    if (this.#given[field] === line) this.#twice = true;
    else this.#found++;
    this.#given[field] = line;
  }
}

function isQuote(byte: number): boolean {
  return byte === quote || byte === apostrophe;
}

/** Spells a name in UTF-8, in Latin-1, and with all but ASCII escaped, as Python writes JSON. */
function spellingsOf(name: string): Uint8Array[] {
  const plain = JSON.stringify(name).slice(1, -1);
  const escaped = (upper: boolean) =>
    plain.replace(/[^ -~]/g, (unit) => {
      const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
      return `\\u${upper ? digits.toUpperCase() : digits}`;
    });
  // InfluxDB's line protocol escapes what separates its parts.
  const influx = name.replace(/[ ,=]/g, "\\$&");
  const utf8 = [name, plain, influx, escaped(false), escaped(true)].map((spelling) =>
    encoder.encode(spelling),
  );
  const latin1 = Uint8Array.from(Buffer.from(name, "latin1"));
  const all = /[^\0-\xff]/.test(name) ? utf8 : [...utf8, latin1];
  return all.filter(
    (bytes, index) => all.findIndex((other) => isSame(bytes, 0, bytes.length, other)) === index,
  );
}

function isSame(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  const length = end - start;
  if (length !== name.length) return false;
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== name[at]) return false;
  }
  return true;
}
