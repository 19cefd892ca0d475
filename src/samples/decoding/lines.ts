/**
 * Reads text lines of numbers, as `Serial.println` writes them: readable, three to five times the bytes of a frame, and
 * without a checksum. A damaged digit is not detected here; where that matters, send frames.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { SampleRing } from "../ring.ts";
import { carriageReturn, lineFeed, quote, skipBlanks, trimEnd } from "./ascii.ts";
import {
  goodLine,
  headerLine,
  missingLine,
  passedLine,
  type Refusal,
  refusals,
  refusedLine,
} from "./cell-values.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import type { Field } from "./fields.ts";
import { LineReading, type ReadingOptions } from "./line-reading.ts";
import { lineReasons, refusalNumber } from "./line-refusals.ts";
import { isReply } from "./line-replies.ts";
import { QuotedLines } from "./quoted-lines.ts";
import { type OnRefused, Refusals, type RefusedCount } from "./refusals.ts";
import { Splitter, type StretchReader } from "./splitter.ts";
import { textOf } from "./text.ts";

export interface LineOptions extends ReadingOptions {
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
  /** Longest line in bytes; longer ones are refused. Default 16 KiB, or 64 a field where that is more. */
  maximumLineBytes?: number;
  /** The lines of a record may stand within quotes, as in files: a quote that opens a cell may close before the end of one below. */
  joinsQuoted?: boolean;
  /** Number of the first line that is read, from 1: what stands above it are titles. Default 1. */
  firstLine?: number;
  /**
   * Pass on samples with a value that is not finite, for later validation; NaN for any that is written as a word.
   * Default: they are rejected.
   */
  passNonFinite?: boolean;
  /** Number samples by their line, from 1, rather than by the samples before them. Default false. */
  numberByLine?: boolean;
  /** Receives the first line that is refused for each reason. */
  onRefused?: OnRefused;
  /** Receives a header that names some of the fields and lacks others: the lines of cells below it are refused. */
  onContradiction?: (contradiction: Contradiction) => void;
}

/** A header that contradicts the fields, as the device sent it: print it safely. */
export interface Contradiction {
  header: readonly string[];
  /** The fields that it lacks. */
  absent: readonly string[];
}

/** A line that is refused, and why. */
export interface RefusedLine {
  reason: Refusal;
  /** Number of the line, from 1. */
  line: number;
  /** The field whose value is refused; null where it is no single value. */
  field: string | null;
  /** What is wrong in words, with the text that is at fault. It is as the device sent it: print it safely. */
  text: string;
}

export interface LineCounts extends DecoderCounts {
  /** `damaged` by reason, those that occurred. */
  refused: Partial<Record<Refusal, number>>;
  /** Of `damaged`: lines with more or fewer columns than expected, or that name no field or one twice. */
  wrongColumns: number;
  /** Of `damaged`: lines with a cell that is not a number or no class, and invalid JSON; boot messages too. */
  nonNumeric: number;
  /** Of `damaged`: lines longer than the longest allowed. */
  tooLong: number;
  /** Lines that may be incomplete: the first after opening, the last before a reconnect. */
  skipped: number;
  /** Header lines. */
  headers: number;
  /** Comments, titles above a header, units below it, and rows of separators. */
  passedOver: number;
  /** 1 where the stream ended in a part of a line. */
  cutOff: number;
}

export interface LineDecoder extends Decoder {
  readonly counts: Readonly<LineCounts>;
  /** The lines that were refused first for each reason. */
  readonly refusals: readonly RefusedLine[];
  /** A header that lacks fields, so that the lines of cells below it are refused; null where there is none. */
  readonly contradiction: Contradiction | null;
  /** Says that the stream has ended in the middle of a line: what it is refused for is that it is cut off. */
  expectEnd(): void;
}

/**
 * Creates a decoder of lines, one sample a line, ended by `\n`, `\r\n` or `\r`. A line is one of
 *
 *     21.5,0.1                               cells: a comma, semicolon, tab, vertical bar or blanks between them
 *     21,5;0,1                               with a comma before decimals, where none separates cells
 *     {"temperature":21.5,"vibration":0.1}   a JSON object, values by name, nested ones as `a.b`
 *     [21.5,0.1] or (21.5, 0.1)              a JSON array, a tuple of Python
 *     temperature:21.5,vibration:0.1         pairs, as the Arduino IDE's serial plotter reads them; or with `=`
 *     temperature 21.5 vibration 0.1         names and values that take turns
 *     pump temperature=21.5,vibration=0.1    InfluxDB's line protocol
 *
 * and each line shows its kind by itself. The first lines of a stream decide nothing: they may be a boot message, and a
 * device may print a log line at any time. Values may be in quotes, or have a unit after them, always the same.
 * Comments, empty lines, colours of a terminal, padding and a separator at the end of a line are harmless. A sample's
 * sequence number counts the good lines; lines carry no sequence numbers, so `missing` stays 0.
 *
 * A value may be missing: an empty cell, a word such as `NA`, a name left out, a number that the field lists. It is NaN
 * then, for validation to judge. A line with one column less is still damaged, because it may have lost its end.
 *
 * Where a line has names, a field may occur once, in any order; other names are ignored. Otherwise columns are matched
 * by position until a header arrives: a line with the name of every field, in any order and case, and with units or
 * without. From then on they are matched by name, and further columns are ignored. A header may arrive again at any
 * time, as after a restart of the device.
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

/** Longest line in bytes of this many columns, where nothing else is said. */
export const longestLineBytes = (columns: number) => Math.max(1 << 14, 64 * columns);

/** Longest part of a line that is kept to be shown. */
const longestShownBytes = 80;

/** Refusals that are about the columns of a line, not about what one of them holds. */
const aboutColumns: ReadonlySet<Refusal> = new Set(["columns", "no-field", "twice", "other-header"]);

class RingLineDecoder implements LineDecoder, StretchReader {
  readonly counts: LineCounts = {
    bytes: 0,
    samples: 0,
    damaged: 0,
    rejected: 0,
    missing: 0,
    refused: {},
    wrongColumns: 0,
    nonNumeric: 0,
    tooLong: 0,
    skipped: 0,
    headers: 0,
    passedOver: 0,
    cutOff: 0,
  };
  readonly refusals: RefusedLine[] = [];
  readonly #ring: SampleRing;
  readonly #options: LineOptions;
  readonly #fields: readonly Field[];
  readonly #reading: LineReading;
  readonly #splitter: Splitter;
  readonly #refusals: Refusals;
  readonly #refusesReplies: boolean;
  readonly #passesNonFinite: boolean;
  readonly #numbersByLine: boolean;
  readonly #firstLine: number;
  /** The lines of a record whose quotes are open; null where a line is a record. */
  readonly #record: QuotedLines | null;
  /** The lines that are read may hold quotes. */
  #hasQuotes = false;
  #inMidLine: boolean;
  #isCutOff = false;
  /** The contradiction that was reported last. */
  #reported: Contradiction | null = null;
  /** Number of the latest line, from 1. */
  #line = 0;
  #lineEnd = lineFeed;

  constructor(fields: readonly Field[], ring: SampleRing, options: LineOptions) {
    this.#ring = ring;
    this.#fields = fields;
    this.#options = options;
    this.#refusesReplies = options.refuseReplies === true;
    this.#passesNonFinite = options.passNonFinite === true;
    this.#numbersByLine = options.numberByLine === true;
    this.#firstLine = options.firstLine ?? 1;
    this.#record = options.joinsQuoted === true ? new QuotedLines() : null;
    this.#reading = new LineReading(fields, ring, options);
    this.#inMidLine = !(options.startsAtLine ?? false);
    const columns = options.columns?.length ?? fields.length;
    const maximumBytes = options.maximumLineBytes ?? longestLineBytes(columns);
    if (!Number.isInteger(maximumBytes) || maximumBytes < 2 * fields.length) {
      throw new RivuletError(
        "argument.bad-value",
        `lines of at most ${maximumBytes} bytes cannot hold ${fields.length} fields; ` +
          `set maximumLineBytes to ${2 * fields.length} or more`,
      );
    }
    this.#splitter = new Splitter(lineFeed, maximumBytes, carriageReturn);
    this.#refusals = new Refusals(lineReasons(fields.length, maximumBytes), options.onRefused);
  }

  get contradiction() {
    return this.#reading.contradiction;
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    if (!this.#readRecords(time)) return start;
    if (this.#record !== null) this.#lookForQuotes(chunk, start, end);
    const at = this.#splitter.split(chunk, start, end, this.#ring, this, time);
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    if (this.#splitter.reset()) this.counts.skipped++;
    this.#inMidLine = true;
  }

  expectEnd(): void {
    this.#record?.end();
    this.#readRecords(Number.NaN);
    this.#isCutOff = true;
  }

  noticeLength(bytes: Uint8Array, length: number): void {
    this.#refusals.report(refusalNumber("too-long"), bytes, 0, length);
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#splitter.unfinishedBytes, most: this.#splitter.longestBytes };
  }

  readStretch(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    const counts = this.counts;
    const first = skipBlanks(bytes, start, end);
    const last = trimEnd(bytes, first, Math.min(end, bytes.length));
    const { delimiter } = this.#splitter;
    const before = this.#lineEnd;
    this.#lineEnd = delimiter;
    // The line feed after a carriage return does not end another line.
    if (start === end && delimiter === lineFeed && before === carriageReturn) return;
    this.#line++;
    if (this.#line < this.#firstLine) {
      if (first < last) counts.passedOver++;
    } else if (end - start > this.#splitter.longestBytes) {
      this.#inMidLine = false;
      this.#record?.end();
      this.#readRecords(time);
      counts.tooLong++;
      this.#refuse("too-long", bytes, start, end);
    } else if (this.#inMidLine) {
      this.#inMidLine = false;
      if (first === last) return;
      if (this.#reading.takeHeader(bytes, first, last)) counts.headers++;
      else counts.skipped++;
    } else if (this.#isInRecord(bytes, first, last)) {
      this.#record?.add(bytes, first, last, this.#line);
      this.#readRecords(time);
    } else if (first < last) this.#read(bytes, first, last, slot, time);
  }

  /** A line of plain numbers, in the middle of a stream of such. */
  readAhead(bytes: Uint8Array, start: number, end: number, slot: number, time: number): number {
    if (this.#inMidLine || this.#refusesReplies || this.#record?.isEmpty === false) return -1;
    let ending = this.#reading.readAhead(bytes, start, end, slot);
    if (ending < 0 || ending - start > this.#splitter.longestBytes) return -1;
    // The line feed after a carriage return does not end another line.
    if (bytes[ending] === carriageReturn && ending + 1 < end && bytes[ending + 1] === lineFeed) ending++;
    this.#line++;
    this.#lineEnd = bytes[ending];
    this.#ring.commit(time, this.#numbersByLine ? this.#line : this.counts.samples);
    this.counts.samples++;
    return ending;
  }

  #read(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    if (this.#refusesReplies && isReply(bytes, start, end)) {
      if (this.#reading.takeHeader(bytes, start, end)) this.counts.headers++;
      else this.#refuse("reply", bytes, start, end);
      return;
    }
    if (!this.#accept(bytes, start, end, slot, time))
      this.#refuse(this.#reading.values.reason, bytes, start, end);
  }

  /** Reads a line and takes what it is; returns false where it is refused. */
  #accept(bytes: Uint8Array, start: number, end: number, slot: number, time: number): boolean {
    const counts = this.counts;
    const outcome = this.#reading.read(bytes, start, end, slot);
    if (outcome === goodLine || (outcome === missingLine && this.#passesNonFinite)) {
      this.#ring.commit(time, this.#numbersByLine ? this.#line : counts.samples);
      counts.samples++;
    } else if (outcome === missingLine) {
      counts.rejected++;
      this.#refusals.add(refusalNumber("not-finite"), bytes, start, end);
    } else if (outcome === passedLine) counts.passedOver++;
    else if (outcome === headerLine) this.#countHeader();
    return outcome !== refusedLine;
  }

  /** One search of a chunk spares one of each line, where there are none. */
  #lookForQuotes(chunk: Uint8Array, start: number, end: number): void {
    // That of Node searches some words at a time.
    const first = Buffer.prototype.indexOf.call(chunk, quote, start);
    const hasBegun = this.#splitter.unfinishedBytes > 0 || this.#record?.isEmpty === false;
    this.#hasQuotes = (first >= 0 && first < end) || (this.#hasQuotes && hasBegun);
  }

  #isInRecord(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#record === null || this.#isCutOff) return false;
    return !this.#record.isEmpty || (this.#hasQuotes && this.#record.begins(bytes, start, end));
  }

  /**
   * Reads the records that are complete, and lines that are not records by themselves. Returns false where the ring is
   * full before the last of them.
   */
  #readRecords(time: number): boolean {
    const record = this.#record;
    if (record === null) return true;
    const latest = this.#line;
    while (!record.isEmpty) {
      const slot = this.#ring.reserve();
      if (slot < 0) break;
      const count = record.recordLines();
      if (count === 0) return true;
      this.#line = record.number(count - 1);
      const isRead = count > 1 && this.#accept(record.bytes, ...record.lines(0, count), slot, time);
      if (!isRead) this.#readFirst(record, count > 1 || record.isUnclosed, slot, time);
      record.take(isRead ? count : 1);
    }
    this.#line = latest;
    return record.isEmpty;
  }

  /** Reads the first line of what is no record together. */
  #readFirst(record: QuotedLines, isUnclosed: boolean, slot: number, time: number): void {
    const [start, end] = record.lines(0, 1);
    this.#line = record.number(0);
    if (start < end && !this.#accept(record.bytes, start, end, slot, time))
      this.#refuse(isUnclosed ? "quote" : this.#reading.values.reason, record.bytes, start, end);
  }

  /** What stood above the first header was its title. */
  #countHeader(): void {
    const { counts } = this;
    if (counts.headers++ > 0 || counts.samples + counts.rejected > 0) return;
    counts.passedOver += counts.damaged;
    counts.damaged = 0;
    counts.wrongColumns = 0;
    counts.nonNumeric = 0;
    counts.tooLong = 0;
    counts.refused = {};
    this.refusals.length = 0;
    this.#refusals.clear();
  }

  #refuse(reason: Refusal, bytes: Uint8Array, start: number, end: number): void {
    const { counts } = this;
    if (this.#isCutOff) {
      counts.cutOff++;
      return;
    }
    counts.damaged++;
    this.#reportContradiction();
    this.#refusals.add(refusalNumber(reason), bytes, start, end);
    if (aboutColumns.has(reason)) counts.wrongColumns++;
    else if (reason !== "too-long") counts.nonNumeric++;
    const times = counts.refused[reason] ?? 0;
    counts.refused[reason] = times + 1;
    if (times === 0) this.#describe(reason, bytes, start, end);
  }

  /** The same header may come again at each restart: it is reported once. */
  #reportContradiction(): void {
    const { contradiction } = this.#reading;
    if (contradiction === null || String(contradiction.header) === String(this.#reported?.header)) return;
    this.#reported = contradiction;
    this.#options.onContradiction?.(contradiction);
  }

  #describe(reason: Refusal, bytes: Uint8Array, start: number, end: number): void {
    const { values } = this.#reading;
    const isCell = values.faultField >= 0 && reason === values.reason;
    const field = isCell ? this.#fields[values.faultField].name : null;
    const [from, to] = isCell ? [values.faultStart, values.faultEnd] : [start, end];
    const shown = textOf(bytes, from, Math.min(to, from + longestShownBytes));
    const where = field === null ? "" : ` for ${field}`;
    this.refusals.push({
      reason,
      line: this.#line,
      field,
      text: `${refusals[reason]}${where}: ${JSON.stringify(shown)}`,
    });
  }
}
