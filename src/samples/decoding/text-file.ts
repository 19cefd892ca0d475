/**
 * Reads text files as a stream, in any form of lines.ts, plain or gzipped, of any size in constant memory. A line that
 * cannot be read is counted, and the first for each reason is described with its place. A file of which less can be read
 * than cannot is refused.
 */
import { RivuletError } from "../../errors/errors.ts";
import { suggestion } from "../../wording/nearest.ts";
import { formatCount, formatSize } from "../../wording/quantities.ts";
import { SampleRing } from "../ring.ts";
import type { SampleClock } from "../sample-clock.ts";
import { readText } from "../sources/file-text.ts";
import { carriageReturn, escapeByte, lineFeed } from "./ascii.ts";
import { asSeen, type ClockLook } from "./clock-look.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import type { Field, FieldDescription } from "./fields.ts";
import { foreignText } from "./foreign-text.ts";
import { plainName } from "./header.ts";
import { unwanted } from "./line-reading.ts";
import { createLineDecoder, type LineDecoder, type LineOptions, type RefusedLine } from "./lines.ts";
import { manyBytes } from "./text-lines.ts";
import { doubtsAbout, lookAtText, type TextLook } from "./text-look.ts";

/** Longest line that is accepted, so that a file without line ends is not read into memory. */
const longestLineBytes = 1 << 20;
/** Lines after which a file of which most is refused is read no further. */
const enoughRefused = 1000;
/** Share of these that are rows where no more of them need be looked at. */
const mostlyRows = 0.9;
/** Lines that a file must begin with for a look at it, unless they are longer than this. */
const enoughLines = 12;
const longestBeginning = 1 << 20;
/** Lines that usually show what a file holds. */
const fewLines = 64;
/** Rows decoded at a time. */
const ringRows = 1024;

export interface TextOptions extends Pick<LineOptions, "columns" | "decimal"> {}

export interface RowOptions extends TextOptions {
  /** The columns wanted, by name or described, in the order wanted. Default: all that have a name, in the file's order. */
  fields?: readonly (string | FieldDescription)[];
  /** What the beginning of the file shows, if it is known. */
  look?: TextLook;
  /** The clock whose columns are the last ones of `fields`; default: rows have no times. */
  clock?: SampleClock | null;
}

/**
 * Receives a row, at `offset` of `values` [columns]; NaN stands for a missing value. Its index counts from 0 and its line
 * from 1. At `timeAt` of `times` is its time in milliseconds since the epoch, NaN where it has none.
 */
export type TextRowVisitor = (
  values: Float64Array,
  offset: number,
  index: number,
  line: number,
  times: Float64Array,
  timeAt: number,
) => void;

/** What reading a file came to. */
export interface RowsRead {
  /** Names of the values in a row, in order. */
  columns: string[];
  rows: number;
  /** Lines that could not be read. */
  damaged: number;
  /** 1 where the file ends in a part of a line. */
  cutOff: number;
  /** The first line that could not be read for each reason. */
  refusals: readonly RefusedLine[];
  /** What may be meant otherwise than it was read. */
  doubts: readonly string[];
}

/**
 * Looks at the beginning of a text file.
 *
 * @throws RivuletError when the file cannot be read, holds no line of numbers, or fewer rows than other lines
 */
export async function lookAtFile(path: string): Promise<TextLook> {
  for await (const chunk of readLines(path)) {
    const look = lookAtBeginning(chunk) ?? refuseUnknown(path, chunk);
    if (2 * look.rows >= look.lines) return look;
    throw new RivuletError(
      "data.bad-row",
      `${path}: of the first ${formatCount(look.lines, "line")} ${look.rows} can be rows, the others hold something else; give a file with a row of numbers a line`,
    );
  }
  return refuseEmpty(path);
}

/** Reads a text in chunks, the first of which holds some lines, however long they are. */
async function* readLines(path: string): AsyncGenerator<Uint8Array> {
  let beginning: Uint8Array | null = new Uint8Array(0);
  for await (const chunk of readText(path)) {
    if (beginning === null) yield chunk;
    else {
      beginning = beginning.length === 0 ? chunk : Buffer.concat([beginning, chunk]);
      if (hasLines(beginning, enoughLines) || beginning.length >= longestBeginning) {
        refuseEndless(path, beginning);
        yield beginning;
        beginning = null;
        // A chunk is valid until the next one.
      } else beginning = Uint8Array.from(beginning);
    }
  }
  if (beginning === null || beginning.length === 0) return;
  refuseEndless(path, beginning);
  yield beginning;
}

function hasLines(bytes: Uint8Array, count: number): boolean {
  let ends = 0;
  for (let at = 0; at < bytes.length && ends < count; at++)
    if (bytes[at] === lineFeed || bytes[at] === carriageReturn) ends++;
  return ends >= count;
}

/** Refuses text of which no line ends: what it lacks else, such as a column, is not what is wrong. */
function refuseEndless(path: string, beginning: Uint8Array): void {
  if (beginning.length < manyBytes || hasLines(beginning, 1) || !isText(beginning)) return;
  throw new RivuletError(
    "data.bad-row",
    `${path}: no line ends in its first ${formatSize(beginning.length)}; give a file with a row of numbers a line`,
  );
}

/** A few lines show what all hold, unless a column is empty in them: a slow sensor may have its first value later. */
function lookAtBeginning(chunk: Uint8Array): TextLook | null {
  if (!isText(chunk) || foreignText(chunk) !== null) return null;
  const look = lookAtText(chunk, true, fewLines);
  // The first lines may be a long greeting of which each looks like a row: only a header says that they are rows.
  if (look === null || look.namedBy === null) return lookAtText(chunk);
  const areRows = look.rows >= mostlyRows * look.lines;
  return areRows && look.columns.every(({ holds }) => holds !== "nothing") ? look : lookAtText(chunk);
}

/**
 * Reads the rows of a text file in order.
 *
 * @param onRow receives each row. Reading waits while it runs, so a slow consumer never makes the memory grow
 * @throws RivuletError with file and line when the file cannot be read, has no rows, lacks a wanted column, or when
 *   most of its lines are refused
 */
export async function readRows(
  path: string,
  onRow: TextRowVisitor,
  options: RowOptions = {},
): Promise<RowsRead> {
  let decoder: TextFileDecoder | undefined;
  let ring = new SampleRing(1, 1, "pause");
  let columns: string[] = [];
  let doubts: readonly string[] = [];
  let rows = 0;
  const { clock } = options;
  const handOn = () => {
    const { values, sequences, measuredAt } = ring;
    for (; ring.length > 0; ring.release()) {
      const front = ring.front();
      const slot = ring.frontSlot;
      clock?.observeFront(ring, columns.length - clock.columns.length);
      onRow(values, front, rows++, sequences[slot], measuredAt, slot);
    }
  };
  const decode = (chunk: Uint8Array, into: TextFileDecoder) => {
    for (let at = 0; at < chunk.length; handOn()) at = into.decode(chunk, at, chunk.length, Number.NaN);
  };
  for await (const chunk of readLines(path)) {
    if (decoder === undefined) {
      const look = options.look ?? lookAtBeginning(chunk);
      doubts = look === null ? [] : doubtsAbout(look, typeof options.decimal === "string");
      const fields = completed(options.fields ?? namesOf(path, chunk, look));
      columns = fields.map(({ name }) => name);
      ring = new SampleRing(fields.length, ringRows, "pause");
      decoder = new TextFileDecoder(path, fields, ring, look, options);
    }
    decode(chunk, decoder);
  }
  if (decoder === undefined) return refuseEmpty(path);
  decoder.expectEnd();
  decode(Uint8Array.of(lineFeed), decoder);
  decoder.finish();
  const { damaged, cutOff } = decoder.counts;
  return { columns, rows, damaged, cutOff, refusals: decoder.refusals, doubts };
}

/** Decodes the bytes of a text file into a ring, by the same rules as `readRows`. */
export class TextFileDecoder implements Decoder {
  readonly #path: string;
  readonly #lines: LineDecoder;

  /**
   * @param look what the beginning of the file shows; null: nothing
   * @throws RivuletError where the file lacks a field
   */
  constructor(
    path: string,
    fields: readonly Field[],
    ring: SampleRing,
    look: TextLook | null,
    { decimal, columns }: TextOptions = {},
  ) {
    this.#path = path;
    const places = look === null ? columns : placesOf(path, fields, look, columns);
    const seen =
      look === null ? fields : fields.map((field) => asSeen(field, columnFor(field, look, places)));
    this.#lines = createLineDecoder(seen, ring, {
      startsAtLine: true,
      joinsQuoted: true,
      passNonFinite: true,
      numberByLine: true,
      maximumLineBytes: longestLineBytes,
      firstLine: look?.headerLine,
      width: look?.width,
      decimal: decimal ?? look?.decimal,
      columns: places,
    });
  }

  get counts(): Readonly<DecoderCounts> & { cutOff: number; passedOver: number } {
    return this.#lines.counts;
  }

  get refusals(): readonly RefusedLine[] {
    return this.#lines.refusals;
  }

  /** Decodes rows. @throws RivuletError when most lines are refused, and these are many */
  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    const at = this.#lines.decode(chunk, start, end, time);
    if (this.counts.damaged >= enoughRefused) this.#requireUnderstood();
    return at;
  }

  reset(): void {}

  /** Says that what comes is the end of the last line. */
  expectEnd(): void {
    this.#lines.expectEnd();
  }

  /** Call it at the end of the bytes. @throws RivuletError when there are no rows, or most lines were refused */
  finish(): void {
    this.#requireUnderstood();
    const { samples, headers } = this.#lines.counts;
    if (samples > 0) return;
    throw new RivuletError(
      "data.empty",
      headers > 0
        ? `${this.#path} has a header line but no rows; put at least one row of numbers below it`
        : `${this.#path} has no row of numbers; give a file with a row of numbers a line`,
    );
  }

  #requireUnderstood(): void {
    const { samples, damaged } = this.counts;
    if (damaged <= samples) return;
    const [{ line, text }] = this.refusals;
    const share = `${damaged} of ${formatCount(samples + damaged, "line")} cannot be read`;
    throw new RivuletError(
      "data.bad-row",
      `${this.#path}, line ${line}: found ${text}; ${share}: correct them, or say with source.fields what a line holds`,
    );
  }
}

function completed(fields: readonly (string | FieldDescription)[]): Field[] {
  return fields.map((field) => {
    const description = typeof field === "string" ? { name: field } : field;
    return { type: "f32", scale: 1, offset: 0, ...description };
  });
}

/** The names of the columns that can be wanted. */
function namesOf(path: string, beginning: Uint8Array, look: TextLook | null): string[] {
  return (look ?? refuseUnknown(path, beginning)).columns.flatMap(({ name }) => (name === "" ? [] : [name]));
}

/**
 * The name of the field in each column, `_` for one that no field wants; undefined where lines name their values.
 * @throws RivuletError where a field is no column, or could be two
 */
function placesOf(
  path: string,
  fields: readonly Field[],
  { columns, namedBy }: TextLook,
  written: readonly string[] | undefined,
): readonly string[] | undefined {
  const names = columns.map(({ name }) => name);
  const isFound = ({ name }: Field) => names.includes(name) || placesLike(names, name).length > 0;
  if (namedBy === null && !fields.some(isFound)) {
    const places = written ?? fields.map(({ name }) => name);
    if (places.length === names.length) return places;
    throw new RivuletError(
      "data.missing-column",
      `${path} has ${formatCount(names.length, "column")} without a header, but ${places.join(", ")} ` +
        `are ${places.length}; name each in source.fields, with _ for one that is not wanted`,
    );
  }
  const isNeeded = ({ optional, isTime }: Field) => optional !== true || isTime === true;
  const missing = fields.find((field) => isNeeded(field) && !isFound(field));
  if (missing !== undefined) {
    const known = names.filter((name) => name !== "");
    throw new RivuletError(
      "data.missing-column",
      `${path} has no column "${missing.name}"; ${suggestion(missing.name, known)}`,
    );
  }
  for (const { name } of fields) {
    const exact = names.flatMap((found, place) => (found === name ? [place] : []));
    const places = exact.length > 0 ? exact : placesLike(names, name);
    if (places.length < 2) continue;
    throw new RivuletError(
      "data.bad-header",
      `${path} names columns ${places[0] + 1} and ${places[1] + 1} both "${name}"; give each column its own name`,
    );
  }
  if (namedBy === "lines") return undefined;
  return names.map((name) => fieldLike(fields, name)?.name ?? unwanted);
}

/** The column of a field; undefined where the file has none. */
function columnFor(
  { name }: Field,
  { columns }: TextLook,
  places: readonly string[] | undefined,
): ClockLook | undefined {
  const column =
    places === undefined ? columns.find((found) => found.name === name) : columns[places.indexOf(name)];
  return column === undefined || column.part === "piece" ? undefined : (column as ClockLook);
}

function placesLike(names: readonly string[], name: string): number[] {
  const plain = plainName(name);
  return names.flatMap((found, place) => (found !== "" && plainName(found) === plain ? [place] : []));
}

function fieldLike(fields: readonly Field[], name: string): Field | undefined {
  if (name === "") return undefined;
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => plainName(field.name) === plainName(name))
  );
}

/** Share of bytes that no text holds from which on bytes are no text; power loss and line noise leave a few. */
const mostForeign = 0.03;
const fewForeign = 8;

/**
 * Whether bytes may be text: control codes are rare inside its lines, apart from NUL, which loss of power leaves in files. A
 * device may frame each line by them, as by STX and ETX.
 */
function isText(bytes: Uint8Array): boolean {
  let foreign = 0;
  let atStart = true;
  let codes = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === lineFeed || byte === carriageReturn) {
      atStart = true;
      codes = 0;
    } else if (byte > 0 && byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== escapeByte) {
      if (!atStart) codes++;
    } else if (byte !== 0) {
      foreign += codes;
      codes = 0;
      atStart = false;
    }
  }
  return foreign <= fewForeign || foreign < mostForeign * bytes.length;
}

function refuseEmpty(path: string): never {
  throw new RivuletError(
    "data.empty",
    `${path} is empty, expected a header line with column names and rows of numbers`,
  );
}

function refuseUnknown(path: string, beginning: Uint8Array): never {
  if (beginning.every((byte) => byte === 0x0a || byte === 0x0d)) return refuseEmpty(path);
  if (!isText(beginning) || beginning.includes(0)) {
    throw new RivuletError(
      "data.bad-header",
      `${path} is not text, expected a CSV file, plain or gzipped; where it holds frames of a device, "rivulet sniff" prints a config for them`,
    );
  }
  const foreign = foreignText(beginning);
  if (foreign !== null) throw new RivuletError("data.bad-header", `${path}: ${foreign}`);
  throw new RivuletError(
    "data.empty",
    `${path} has no row of numbers; give a file with a row of numbers a line`,
  );
}
