/**
 * The one reading of text, for ports, pipes, connections and files: takes a line of any form, and writes the values of
 * the fields or says why it is refused. Each form is a file of its own: delimited-lines.ts, pair-lines.ts,
 * turn-lines.ts, json-lines.ts, influx-lines.ts; what a cell may say is in cell-values.ts.
 */
import { nearest } from "../../wording/nearest.ts";
import type { SampleRing } from "../ring.ts";
import {
  beginsAsComment,
  blank,
  colon,
  comma,
  equals,
  hash,
  indexOfByte,
  isBlank,
  isDigit,
  isSameWord,
  isSeparator,
  openBrace,
  percent,
  quote,
  skipBlanks,
  slash,
  tab,
  trimEnd,
} from "./ascii.ts";
import {
  CellValues,
  goodLine,
  headerLine,
  missingLine,
  noField,
  passedLine,
  type Refusal,
  refusedLine,
} from "./cell-values.ts";
import { countCells, type DecimalMark, DelimitedLines, separators } from "./delimited-lines.ts";
import type { Field } from "./fields.ts";
import { cellsOf, type HeaderMatch, matchHeader, separatorsIn } from "./header.ts";
import { InfluxLines } from "./influx-lines.ts";
import { JsonLines, opensJson } from "./json-lines.ts";
import { cleanLine, needsCleaning } from "./line-cleaning.ts";
import { markBytes } from "./line-marks.ts";
import { logPrefixEnd, topicEnd } from "./log-prefix.ts";
import { LoggerName } from "./logger-name.ts";
import { PairLines } from "./pair-lines.ts";
import { textOf } from "./text.ts";
import { TurnLines } from "./turn-lines.ts";

/** Stands in a list of columns for one that nobody wants. */
export const unwanted = "_";

export interface ReadingOptions {
  /** Names of all columns of a line by place, `_` for one that nobody wants. Default: the fields. */
  columns?: readonly string[];
  /** The decimal mark. Default: as the separator shows. */
  decimal?: DecimalMark;
  /** Cells of a row, where a header names more. Default: as many as the header. */
  width?: number;
}

/** Forms in which a line names its values itself; JSON shows by its first byte. */
const namedForms = ["influx", "colons", "equals", "turns"] as const;
type NamedForm = (typeof namedForms)[number];

const atSign = 0x40;

/** Reads lines into the slots of a ring. A line that is read the first time as another form keeps nothing of it. */
export class LineReading {
  /** The result of the latest line: why it is refused, and which of its bytes are at fault. */
  readonly values: CellValues;
  /** The header that lacks fields, and their names; null where none does. Below it no line of cells is read. */
  contradiction: { header: string[]; absent: string[] } | null = null;
  readonly #fields: readonly Field[];
  readonly #delimited: DelimitedLines;
  readonly #json: JsonLines;
  readonly #pairs: PairLines;
  readonly #turns: TurnLines;
  readonly #influx: InfluxLines;
  readonly #decimal: DecimalMark;
  readonly #width: number;
  /** Shortest line that could be a header: names of a letter with a separator between them. */
  readonly #shortestHeader: number;
  /** The form of the latest line that named its values, or null where it had cells only. */
  #form: NamedForm | null = null;
  /** The separator of the latest line of cells, or of names and values that take turns. */
  #separator: number = comma;
  /** The separator of the header above lines of which none has been read yet; null elsewhere. */
  #headerSeparator: number | null = null;
  #hasHeader = false;
  #hasSample = false;
  /** The byte that opens the mark before the cells of the first sample; -1 where there is none. */
  #mark = -1;
  /** The line that is read is the data after a logger's prefix; and whether samples have come so. */
  #isBehindPrefix = false;
  #havePrefix = false;
  readonly #logger = new LoggerName();
  /** A line without what is no text. It grows to the longest such line. */
  #clean: Uint8Array = new Uint8Array(0);

  constructor(
    fields: readonly Field[],
    ring: SampleRing,
    { columns, decimal = null, width = Number.POSITIVE_INFINITY }: ReadingOptions = {},
  ) {
    const names = fields.map(({ name }) => name);
    const places = Int32Array.from(columns ?? names, (name) => names.indexOf(name));
    this.#fields = fields;
    this.#decimal = decimal;
    this.#width = width;
    this.values = new CellValues(fields, ring);
    this.#delimited = new DelimitedLines(this.values, places, decimal);
    this.#json = new JsonLines(this.values, fields);
    this.#pairs = new PairLines(this.values, decimal);
    this.#turns = new TurnLines(this.values);
    this.#influx = new InfluxLines(this.values);
    this.#shortestHeader = 2 * fields.filter(({ optional }) => optional !== true).length - 1;
  }

  /**
   * Reads the line `bytes[start..end)`, which neither begins nor ends with a blank, into the slot.
   *
   * @returns goodLine, missingLine, headerLine, passedLine or refusedLine, of which `values` says why
   */
  read(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (bytes[start] === hash && this.#isComment(bytes[start + 1]))
      return this.#readComment(bytes, start, end);
    if (this.#havePrefix && !this.#isBehindPrefix) {
      const data = logPrefixEnd(bytes, start, end, true);
      if (data > start) return this.#readBehindPrefix(bytes, start, data, end, slot);
    }
    let outcome = this.#readAsBefore(bytes, start, end, slot);
    if (outcome === refusedLine) outcome = this.#readOther(bytes, start, end, slot);
    // Colours of a terminal may hide the name of a field.
    else if (outcome === missingLine && bytes !== this.#clean && needsCleaning(bytes, start, end))
      outcome = this.#readCleaned(bytes, start, end, slot);
    if (outcome === goodLine || outcome === missingLine) {
      this.#hasSample = true;
      this.#headerSeparator = null;
    }
    return outcome;
  }

  /**
   * Reads the line of plain numbers that begins at `start`, where the lines before it were such, into the slot.
   *
   * @returns the index of its end before `end`, or -1 where it is anything else
   */
  readAhead(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (!this.#hasSample || this.contradiction !== null) return -1;
    const first = bytes[start];
    let ending = -1;
    if (first === openBrace) {
      if (!this.#havePrefix) ending = this.#json.readAhead(bytes, start, end, slot);
    } else if (this.#form === null && first !== hash)
      ending = this.#delimited.readAhead(bytes, start, end, slot, this.#separator);
    if (ending >= 0) this.#headerSeparator = null;
    return ending;
  }

  /** Sets the columns by a line that names every field; returns false for any other line. */
  takeHeader(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < this.#shortestHeader) return false;
    const line = textOf(bytes, start, end);
    for (const separator of separatorsIn(line)) {
      const cells = cellsOf(line, separator);
      const match = matchHeader(cells, this.#fields);
      if (match === null || match.found === 0) continue;
      const lacks = match.absent.filter((name) => !this.#isOptional(name));
      if (lacks.length === 0) {
        this.#follow(match, separator);
        return true;
      }
      if (this.#contradicts(cells, match)) this.contradiction = { header: cells, absent: lacks };
    }
    return false;
  }

  /** Reads a line as the one before it: most are alike. */
  #readAsBefore(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (opensJson(bytes[start])) return this.#json.read(bytes, start, end, slot, this.#delimited.columns);
    if (this.#form === null) return this.#readCells(bytes, start, end, slot, this.#separator);
    return this.#readNamed(bytes, start, end, slot, this.#form, this.#separator);
  }

  #readCells(bytes: Uint8Array, start: number, end: number, slot: number, separator: number): number {
    if (this.contradiction !== null) return this.values.refuse("other-header", start, end);
    return this.#delimited.read(bytes, start, end, slot, separator);
  }

  #readNamed(
    bytes: Uint8Array,
    start: number,
    end: number,
    slot: number,
    form: NamedForm,
    separator: number,
  ): number {
    if (form === "turns") return this.#turns.read(bytes, start, end, slot, separator);
    if (form !== "influx")
      return this.#pairs.read(bytes, start, end, slot, form === "colons" ? colon : equals);
    if (!this.#influx.recognizes(bytes, start, end)) {
      this.values.begin(slot);
      return this.values.refuse("syntax", start, end);
    }
    return this.#influx.read(bytes, start, end, slot);
  }

  /** Reads a line that is not as the one before it. */
  #readOther(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (isComment(bytes, start, end)) return this.#readComment(bytes, start, end);
    if (bytes !== this.#clean && needsCleaning(bytes, start, end))
      return this.#readCleaned(bytes, start, end, slot);
    if (isSeparatorLine(bytes, start, end)) {
      this.#separator = bytes[end - 1];
      return passedLine;
    }
    const mark = this.#hasSample && bytes[start] !== this.#mark ? 0 : markBytes(bytes, start, end);
    if (mark > 0) return this.#readBetweenMarks(bytes, start, end, mark, slot);
    const data =
      this.#isBehindPrefix || (this.#hasSample && !this.#havePrefix)
        ? start
        : logPrefixEnd(bytes, start, end);
    const { values } = this;
    if (data > start) {
      const outcome = this.#readBehindPrefix(bytes, start, data, end, slot);
      if (outcome !== refusedLine || topicEnd(bytes, start, end) !== data) return outcome;
      // The words and the object may be cells, of which nobody wants the object.
      const { reason, faultStart, faultEnd, faultField } = values;
      const ofCells = this.#tryCells(bytes, start, end, slot);
      return ofCells === refusedLine ? values.refuse(reason, faultStart, faultEnd, faultField) : ofCells;
    }
    if (opensJson(bytes[start])) return this.#readOtherLine(bytes, start, end);
    const ofCells = this.#tryCells(bytes, start, end, slot);
    if (ofCells !== refusedLine) return ofCells;
    const { reason, faultStart, faultEnd, faultField } = values;
    const named = this.#tryNamed(bytes, start, end, slot);
    if (named !== refusedLine) return named;
    // Where the line has named a field, it is of that form, and its fault is the one to report.
    if (!values.hasAny) values.refuse(reason, faultStart, faultEnd, faultField);
    return this.#readOtherLine(bytes, start, end);
  }

  /** Reads a line of cells with any separator that it holds. */
  #tryCells(bytes: Uint8Array, start: number, end: number, slot: number): number {
    const { values } = this;
    let reason: Refusal = "syntax";
    let [faultStart, faultEnd, faultField] = [start, end, noField];
    for (let index = 0; index < separators.length; index++) {
      const separator = separators[index];
      if (!this.#mayUse(bytes, start, end, separator)) continue;
      let outcome = this.#readCells(bytes, start, end, slot, separator);
      if (outcome === refusedLine) outcome = this.#readBelowHeader(bytes, start, end, slot, separator);
      if (outcome !== refusedLine) {
        if (outcome !== passedLine) this.#form = null;
        if (outcome !== passedLine) this.#separator = separator;
        return outcome;
      }
      // A fault in a single cell says more than the number of cells.
      if (reason !== "syntax" && (reason !== "columns" || values.reason === "columns")) continue;
      if (values.reason === "columns" && !opensNumber(bytes[start])) continue;
      reason = values.reason;
      [faultStart, faultEnd, faultField] = [values.faultStart, values.faultEnd, values.faultField];
    }
    return values.refuse(reason, faultStart, faultEnd, faultField);
  }

  /** Reads a line that names its values, in any form. */
  #tryNamed(bytes: Uint8Array, start: number, end: number, slot: number): number {
    for (let index = 0; index < namedForms.length; index++) {
      const form = namedForms[index];
      for (let place = 0; place < separators.length; place++) {
        const separator = separators[place];
        if (form !== "turns" && place > 0) break;
        if (form === "turns" && !this.#mayUse(bytes, start, end, separator)) continue;
        const outcome = this.#readNamed(bytes, start, end, slot, form, separator);
        if (!this.values.hasAny || (form === "turns" && !this.values.hasValue)) continue;
        if (outcome === refusedLine) return outcome;
        this.#form = form;
        if (form === "turns") this.#separator = separator;
        return outcome;
      }
    }
    this.values.begin(slot);
    return refusedLine;
  }

  /** Reads a line that is no sample: a header, or what stands between a header and its rows. */
  #readOtherLine(bytes: Uint8Array, start: number, end: number): number {
    const { reason, faultStart, faultEnd, faultField } = this.values;
    if (this.takeHeader(bytes, start, end)) return headerLine;
    const separator = this.#headerSeparator;
    if (separator !== null) {
      const cells = cellsOf(textOf(bytes, start, end), separator);
      if (cells.every((cell) => cell === "" || Number.isNaN(Number(cell)))) return passedLine;
    }
    return this.values.refuse(reason, faultStart, faultEnd, faultField);
  }

  /** The first row below a header decides whether rows have a number in front that the header does not name. */
  #readBelowHeader(bytes: Uint8Array, start: number, end: number, slot: number, separator: number): number {
    const { columns } = this.#delimited;
    const isFirst = separator === this.#headerSeparator;
    // Where the header names more than the rows have, a row that has it all is no row with a number in front.
    if (!isFirst || this.#delimited.surplus > 0) return refusedLine;
    if (countCells(bytes, start, end, separator) !== columns.length + 1) return refusedLine;
    const longer = new Int32Array(columns.length + 1).fill(noField);
    longer.set(columns, 1);
    this.#delimited.columns = longer;
    const outcome = this.#readCells(bytes, start, end, slot, separator);
    if (outcome === refusedLine) this.#delimited.columns = columns;
    return outcome;
  }

  /**
   * Whether a line that begins with # and this byte is a comment, before it is read: cells that nobody wants may hold
   * anything. A number directly after # may count the rows of a device, which writes no header.
   */
  #isComment(second: number): boolean {
    return this.#hasHeader || !isDigit(second);
  }

  #readComment(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] === atSign) return passedLine;
    let first = start;
    while (first < end && (isBlank(bytes[first]) || isCommentMark(bytes[first]))) first++;
    return !this.#hasSample && this.takeHeader(bytes, first, end) ? headerLine : passedLine;
  }

  #readCleaned(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (this.#clean.length < end - start) this.#clean = new Uint8Array(2 * (end - start));
    const clean = this.#clean;
    const length = cleanLine(bytes, start, end, clean);
    const first = skipBlanks(clean, 0, length);
    const last = trimEnd(clean, first, length);
    return first === last ? passedLine : this.read(clean, first, last, slot);
  }

  /** Reads the line whose data begin at `data`. Cells of another logger mean something else. */
  #readBehindPrefix(bytes: Uint8Array, start: number, data: number, end: number, slot: number): number {
    const isOther = this.#logger.isOther(bytes, start, data);
    const isNamed = this.#form !== null || bytes[data] === openBrace;
    // It is refused before it is read, as a cell may bring a new class.
    if (isOther && !isNamed) return this.values.refuse("other-logger", start, end);
    this.#isBehindPrefix = true;
    const outcome = isOther ? this.#readAsBefore(bytes, data, end, slot) : this.read(bytes, data, end, slot);
    this.#isBehindPrefix = false;
    if (outcome !== goodLine && outcome !== missingLine) return outcome;
    this.#havePrefix = true;
    if (!isOther) this.#logger.take(bytes, start, data);
    return outcome;
  }

  /** Reads a line between marks, where the first sample stood between such: others mean something else. */
  #readBetweenMarks(bytes: Uint8Array, start: number, end: number, length: number, slot: number): number {
    const first = skipBlanks(bytes, start + length, end);
    const outcome = this.read(bytes, first, trimEnd(bytes, start, end - length), slot);
    if (outcome === goodLine || outcome === missingLine) this.#mark = bytes[start];
    return outcome;
  }

  #mayUse(bytes: Uint8Array, start: number, end: number, separator: number): boolean {
    if (separator === comma && this.#decimal === "comma") return false;
    return separator === blank || indexOfByte(bytes, separator, start, end) >= 0;
  }

  #follow({ columns }: HeaderMatch, separator: number): void {
    const width = Math.min(columns.length, this.#width);
    this.#delimited.columns = columns.subarray(0, width);
    this.#delimited.surplus = columns.length - width;
    this.#separator = separator;
    this.#headerSeparator = separator;
    this.#hasHeader = true;
    this.contradiction = null;
  }

  #isOptional(name: string): boolean {
    return this.#fields.some((field) => field.name === name && field.optional === true);
  }

  /**
   * Whether words that name some of the fields are a header: as many as there are columns, and no number. A header that
   * comes again damaged is none: it would take the rows below it with it.
   */
  #contradicts(cells: readonly string[], { found }: HeaderMatch): boolean {
    const { columns } = this.#delimited;
    if (cells.length < 2 || found === 0 || cells.length !== columns.length) return false;
    if (!cells.every((cell) => Number.isNaN(Number(cell)) && !isControl.test(cell))) return false;
    const isAlike = (cell: string, place: number) =>
      columns[place] === noField || nearest(cell, [this.#fields[columns[place]].name]) !== null;
    return !(this.#hasSample && cells.every(isAlike));
  }
}

/** What no name of a column holds, and damage brings. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const isControl = /[\u0000-\u001f\u007f-\u009f\ufffd]/;

function isCommentMark(byte: number): boolean {
  return byte === hash || byte === percent || byte === slash;
}

function isComment(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    beginsAsComment(bytes, start, end) || (bytes[start] === atSign && isArffKeyword(bytes, start + 1, end))
  );
}

const arffKeywords = ["relation", "attribute", "data"].map((word) => new TextEncoder().encode(word));

/** Whether the line is of the head of an ARFF file, whose names `lookAtText` reads. */
function isArffKeyword(bytes: Uint8Array, start: number, end: number): boolean {
  let wordEnd = start;
  while (wordEnd < end && bytes[wordEnd] !== blank && bytes[wordEnd] !== tab) wordEnd++;
  return arffKeywords.some((word) => isSameWord(bytes, start, wordEnd, word));
}

const separatorPrefix = new TextEncoder().encode("sep=");

/** Whether the line is `sep=` with the separator after it, as spreadsheets write it first. */
function isSeparatorLine(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== separatorPrefix.length + 1) return false;
  for (let at = 0; at < separatorPrefix.length; at++) {
    if ((bytes[start + at] | 0x20) !== (separatorPrefix[at] | 0x20)) return false;
  }
  return true;
}

/** Whether a number, a missing value or a quote may begin with the byte. */
function opensNumber(byte: number): boolean {
  return (
    isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === quote || isSeparator(byte)
  );
}
