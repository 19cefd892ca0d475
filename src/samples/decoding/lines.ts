/**
 * Reads text lines of numbers, as `Serial.println` writes them: readable, three to five times the bytes of a frame, and
 * without a checksum. A damaged digit is not detected here; where that matters, send frames.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { SampleRing } from "../ring.ts";
import { isBlank, isSeparator, lineFeed } from "./ascii.ts";
import { readDecimal, readNonFiniteWord } from "./decimal.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import type { Field } from "./fields.ts";
import { JsonLines, openBrace, openBracket } from "./json-lines.ts";
import {
  lineReasons,
  refusedColumns,
  refusedLength,
  refusedNotFinite,
  refusedNumber,
  refusedReply,
} from "./line-refusals.ts";
import { isReply } from "./line-replies.ts";
import {
  goodLine,
  noField,
  nonNumericLine,
  notFiniteLine,
  optionalField,
  wrongColumnsLine,
} from "./named-values.ts";
import { PairLines } from "./pair-lines.ts";
import { type OnRefused, Refusals, type RefusedCount } from "./refusals.ts";
import { Splitter, type StretchReader } from "./splitter.ts";

export interface LineOptions {
  /**
   * The stream begins at the start of a line: true for files and pipes. Reading a port may begin inside a line (default
   * false), and half a number is a number too, so there the first line is skipped unless it is a header.
   */
  startsAtLine?: boolean;
  /**
   * Replies are sent to the device: an echoed reply counts as damaged, even if a header has named columns that would
   * make a sample of it. Default false.
   */
  refuseReplies?: boolean;
  /** Longest line in bytes; longer ones are refused. Default 1024, or 64 a field where that is more. */
  maximumLineBytes?: number;
  /**
   * Pass on samples with a value that is not finite, for later validation; NaN for any that is written as a word.
   * Default: they are rejected.
   */
  passNonFinite?: boolean;
  /** Receives the first line that is refused for each reason. */
  onRefused?: OnRefused;
}

export interface LineCounts extends DecoderCounts {
  /** Of `damaged`: lines with more or fewer columns than expected, or that lack a field's name or give it twice. */
  wrongColumns: number;
  /** Of `damaged`: lines with a cell that is not a number, and invalid JSON; boot messages too. */
  nonNumeric: number;
  /** Of `damaged`: lines longer than the longest allowed. */
  tooLong: number;
  /** Lines that may be incomplete: the first after opening, the last before a reconnect. */
  skipped: number;
  /** Header lines. */
  headers: number;
}

export interface LineDecoder extends Decoder {
  readonly counts: Readonly<LineCounts>;
}

/**
 * Creates a decoder of lines of decimal numbers, one sample a line, ended by `\n` or `\r\n`. A line is one of
 *
 *     21.5,0.1                               cells: a comma, a semicolon, a tab or blanks between them
 *     {"temperature":21.5,"vibration":0.1}   a JSON object, values by name
 *     [21.5,0.1]                             a JSON array
 *     temperature:21.5,vibration:0.1         pairs, as the Arduino IDE's serial plotter reads them
 *
 * and each line shows its kind by itself: by its first character or, for pairs, by not being numbers. The first lines
 * of a stream decide nothing: they may be a boot message, and a device may print a log line at any time.
 * Blanks around cells, empty lines and a separator at the end of a line are harmless. A sample's sequence number
 * counts the good lines; lines carry no sequence numbers, so `missing` stays 0.
 *
 * A line may lack the value of an optional field, by an empty cell or by omitting its name, and a header may lack its
 * name: the value is NaN then. A line with one column less is still damaged, because it may have lost its end.
 *
 * Where a line has names, every field must occur once, in any order; other names are ignored. Otherwise columns are
 * matched by position until a header arrives: a line with the name of every field. From then on they are matched by
 * name, in any order, and further columns are ignored. A header may arrive again at any time, as after a restart of the
 * device.
 *
 * @param fields what a line holds, in order; `scale` and `offset` apply, `type` does not matter
 * @param ring takes the samples; its width must be the number of fields
 */
export function createLineDecoder(
  fields: readonly Field[],
  ring: SampleRing,
  options: LineOptions = {},
): LineDecoder {
  if (ring.width !== fields.length) {
    throw new RivuletError(
      "argument.bad-value",
      `found a ring of width ${ring.width}, expected the number of fields, ${fields.length}; create it with that width`,
    );
  }
  return new RingLineDecoder(fields, ring, options);
}

class RingLineDecoder implements LineDecoder, StretchReader {
  readonly counts: LineCounts = {
    bytes: 0,
    samples: 0,
    damaged: 0,
    rejected: 0,
    missing: 0,
    wrongColumns: 0,
    nonNumeric: 0,
    tooLong: 0,
    skipped: 0,
    headers: 0,
  };
  readonly #ring: SampleRing;
  readonly #passNonFinite: boolean;
  readonly #json: JsonLines;
  readonly #pairs: PairLines;
  readonly #names: readonly string[];
  /** The field that a line may lack; noField where there is none. */
  readonly #optional: number;
  readonly #scales: Float64Array;
  readonly #offsets: Float64Array;
  /** Shortest line that could be a header: all names with a separator between them. */
  readonly #shortestHeader: number;
  /** Field of each column, or noField, [columns]. */
  #columns: Int32Array;
  /** Cells of the latest header were separated by more than blanks, so ignored cells may hold blanks. */
  #cellsHoldBlanks = false;
  readonly #splitter: Splitter;
  #inMidLine: boolean;
  readonly #refuseReplies: boolean;
  readonly #refusals: Refusals;

  constructor(fields: readonly Field[], ring: SampleRing, options: LineOptions) {
    this.#ring = ring;
    this.#passNonFinite = options.passNonFinite ?? false;
    this.#json = new JsonLines(fields, ring);
    this.#pairs = new PairLines(fields, ring);
    this.#names = fields.map((field) => field.name);
    this.#optional = optionalField(fields);
    this.#scales = Float64Array.from(fields, (field) => field.scale);
    this.#offsets = Float64Array.from(fields, (field) => field.offset);
    const required = this.#names.filter((_, field) => field !== this.#optional);
    this.#shortestHeader = new TextEncoder().encode(required.join(",")).length;
    this.#columns = Int32Array.from(fields, (_, index) => index);
    this.#inMidLine = !(options.startsAtLine ?? false);
    this.#refuseReplies = options.refuseReplies ?? false;
    const maximumBytes = options.maximumLineBytes ?? Math.max(1024, 64 * fields.length);
    if (!Number.isInteger(maximumBytes) || maximumBytes < 2 * fields.length) {
      throw new RivuletError(
        "argument.bad-value",
        `lines of at most ${maximumBytes} bytes cannot hold ${fields.length} fields; ` +
          `set maximumLineBytes to ${2 * fields.length} or more`,
      );
    }
    this.#splitter = new Splitter(lineFeed, maximumBytes);
    this.#refusals = new Refusals(lineReasons(fields.length, maximumBytes), options.onRefused);
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    const at = this.#splitter.split(chunk, start, end, this.#ring, this, time);
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    if (this.#splitter.reset()) this.counts.skipped++;
    this.#inMidLine = true;
  }

  readStretch(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    const counts = this.counts;
    if (end - start > this.#splitter.longestBytes) {
      this.#inMidLine = false;
      counts.tooLong++;
      counts.damaged++;
      this.#refusals.add(refusedLength, bytes, start, end);
      return;
    }
    let first = start;
    let last = end;
    while (first < last && isBlank(bytes[first])) first++;
    while (last > first && isBlank(bytes[last - 1])) last--;
    if (this.#inMidLine) {
      this.#inMidLine = false;
      if (first < last && !this.#takeHeader(bytes, first, last)) counts.skipped++;
      return;
    }
    if (first === last) return;
    const outcome = this.#read(bytes, first, last, slot);
    if (outcome === goodLine || (outcome === notFiniteLine && this.#passNonFinite)) {
      this.#ring.commit(time, counts.samples);
      counts.samples++;
    } else if (outcome === notFiniteLine) {
      counts.rejected++;
      this.#refusals.add(refusedNotFinite, bytes, first, last);
    } else if (!this.#takeHeader(bytes, first, last)) {
      if (outcome === wrongColumnsLine) counts.wrongColumns++;
      else counts.nonNumeric++;
      counts.damaged++;
      const isEcho = this.#refuseReplies && isReply(bytes, first, last);
      const reason = outcome === wrongColumnsLine ? refusedColumns : refusedNumber;
      this.#refusals.add(isEcho ? refusedReply : reason, bytes, first, last);
    }
  }

  noticeLength(bytes: Uint8Array, length: number): void {
    this.#refusals.report(refusedLength, bytes, 0, length);
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#splitter.unfinishedBytes, most: this.#splitter.longestBytes };
  }

  /** Reads a line of any kind into the slot. */
  #read(bytes: Uint8Array, start: number, end: number, slot: number): number {
    if (this.#refuseReplies && isReply(bytes, start, end)) return nonNumericLine;
    const first = bytes[start];
    if (first === openBrace) return this.#json.readObject(bytes, start, end, slot);
    if (first === openBracket) return this.#json.readArray(bytes, start, end, slot, this.#columns);
    const outcome = this.#readCells(bytes, start, end, slot);
    if (outcome === goodLine || outcome === notFiniteLine) return outcome;
    const ofPairs = this.#pairs.read(bytes, start, end, slot);
    return this.#pairs.hasAny ? ofPairs : outcome;
  }

  /** Reads the cells of a line into the slot. */
  #readCells(bytes: Uint8Array, start: number, end: number, slot: number): number {
    const columns = this.#columns;
    const scales = this.#scales;
    const offsets = this.#offsets;
    const values = this.#ring.values;
    const optional = this.#optional;
    if (optional !== noField) values[slot + optional] = Number.NaN;
    let finite = true;
    /** The line ends in a separator, so that an empty cell may follow. */
    let isOpen = false;
    let column = 0;
    let at = start;
    for (;;) {
      if (column === columns.length) return wrongColumnsLine;
      const field = columns[column++];
      if (field === noField) {
        while (at < end && !isSeparator(bytes[at]) && (this.#cellsHoldBlanks || !isBlank(bytes[at]))) at++;
      } else if (field !== optional || !isSeparator(bytes[at])) {
        const cell = slot + field;
        let next = readDecimal(bytes, at, end, values, cell);
        if (next < 0) {
          next = readNonFiniteWord(bytes, at, end);
          if (next < 0) return nonNumericLine;
          values[cell] = Number.NaN;
          finite = false;
        } else {
          const value = values[cell] * scales[field] + offsets[field];
          values[cell] = value;
          // Infinity minus itself is NaN, and NaN is not equal to itself.
          if (value - value !== 0) finite = false;
        }
        at = next;
      }
      const cellEnd = at;
      while (at < end && isBlank(bytes[at])) at++;
      if (at < end && isSeparator(bytes[at])) {
        at++;
        while (at < end && isBlank(bytes[at])) at++;
        isOpen = at === end;
      } else if (at < end && at === cellEnd) {
        return nonNumericLine;
      }
      if (at === end) break;
    }
    // `optional` may be noField, which is what a column has that no field wants.
    if (isOpen && column < columns.length && optional !== noField && columns[column] === optional) column++;
    if (column !== columns.length) return wrongColumnsLine;
    return finite ? goodLine : notFiniteLine;
  }

  /** Sets the columns by a line that names every field once; returns false for any other line. */
  #takeHeader(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < this.#shortestHeader) return false;
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    const cellsHoldBlanks = /[,;\t]/.test(text);
    const cells = text
      .split(cellsHoldBlanks ? /[,;\t]/ : /\s+/)
      .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    if (cells.at(-1) === "") cells.pop();
    const isNamedOnce = (name: string, field: number) => {
      const times = cells.filter((cell) => cell === name).length;
      return times === 1 || (times === 0 && field === this.#optional);
    };
    // Where the only field is optional, a line that names none is no header but a value.
    if (!this.#names.every(isNamedOnce) || !cells.some((cell) => this.#names.includes(cell))) return false;
    this.#columns = Int32Array.from(cells, (cell) => this.#names.indexOf(cell));
    this.#cellsHoldBlanks = cellsHoldBlanks;
    this.counts.headers++;
    return true;
  }
}
