/**
 * Reads CSV files as a stream: a header line, then rows of numbers, plain or gzipped, of any size in constant memory.
 * Unlike a port, a file can be corrected, so the first fault ends the reading, with its line and column.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { SampleRing } from "../ring.ts";
import { readBytes } from "../sources/file-bytes.ts";
import { blank, carriageReturn, lineFeed, quote } from "./ascii.ts";
import { readDecimal, readNonFiniteWord } from "./decimal.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";

export interface RowOptions {
  /** Names of the columns wanted, in the order wanted. Default: all, in the file's order. */
  columns?: readonly string[];
  /** The one of them whose cells may be empty or `nan`, or that the file may not have: its values are NaN then. */
  optional?: string;
}

export interface RowsRead {
  /** Names of the values in a row, in order. */
  columns: string[];
  rows: number;
}

const letterN = 0x6e;

/** Longest line that is accepted, so that a file without line ends is not read into memory. */
const longestLineBytes = 1 << 20;

/**
 * Returns the column names of a CSV file.
 *
 * @throws RivuletError when the file cannot be read or does not begin with a header line
 */
export async function readHeader(path: string): Promise<string[]> {
  let header: Header | undefined;
  await forEachLine(path, (bytes, start, end) => {
    if (header !== undefined) return false;
    header = parseHeader(path, bytes, start, end);
    return true;
  });
  return (header ?? refuseEmpty(path)).names;
}

/**
 * Reads the rows of a CSV file in order. Commas, semicolons or tabs separate the columns, as the header line shows;
 * names and numbers may be in double quotes; empty lines and a byte order mark are skipped.
 *
 * @param onRow receives each row, [columns], its index from 0, and its line number in the file, from 1. The array
 *   is reused: copy what is to be kept. Reading waits while it runs, so a slow consumer never makes the memory grow
 * @throws RivuletError with file, line and column when the file cannot be read, has no header or no rows, lacks a
 *   wanted column, or when a row has another number of columns or a cell that is not a finite number. Cells of
 *   columns that are not wanted may hold any text
 */
export async function readRows(
  path: string,
  onRow: (row: Float64Array, index: number, line: number) => void,
  options: RowOptions = {},
): Promise<RowsRead> {
  let reader: RowReader | undefined;
  let rows = 0;
  await forEachLine(path, (bytes, start, end, line) => {
    if (reader === undefined) {
      reader = new RowReader(path, parseHeader(path, bytes, start, end), options);
    } else {
      reader.read(bytes, start, end, line);
      onRow(reader.row, rows++, line);
    }
    return true;
  });
  const columns = (reader ?? refuseEmpty(path)).wanted;
  if (rows === 0) {
    throw new RivuletError(
      "data.empty",
      `${path} has a header line but no rows; put at least one row of numbers below it`,
    );
  }
  return { columns, rows };
}

/**
 * Decodes the bytes of a CSV file into a ring, by the same rules as `readRows`: the first thing that is wrong is
 * thrown, with its line and column. The last line must have its end.
 */
export class CsvDecoder implements Decoder {
  readonly counts: DecoderCounts = { bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0 };
  readonly #lines: LineReader;
  #rows: RowReader | null = null;
  #time = 0;

  /** @param options names of the values of a sample, in order, and which of them a row may lack */
  constructor(path: string, options: RowOptions, ring: SampleRing) {
    this.#lines = new LineReader(path, (bytes, start, end, line) => {
      if (this.#rows === null) {
        this.#rows = new RowReader(path, parseHeader(path, bytes, start, end), options);
        return true;
      }
      const at = ring.reserve();
      if (at < 0) return false;
      this.#rows.read(bytes, start, end, line);
      ring.values.set(this.#rows.row, at);
      ring.deviceTimes[ring.slot] = Number.NaN;
      ring.commit(this.#time, this.counts.samples);
      this.counts.samples++;
      return true;
    });
  }

  /** Reads the header and decodes rows. @throws RivuletError when the header or a row is wrong */
  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    this.#time = time;
    const at = this.#lines.read(chunk, start, end);
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {}
}

interface Header {
  names: string[];
  separator: number;
}

/** Reads rows of one file into one reused array. */
class RowReader {
  /** Names of the values in `row`. */
  readonly wanted: string[];
  /** The row read last, [wanted]. */
  readonly row: Float64Array;
  readonly #path: string;
  readonly #header: Header;
  /** Index into `row` of each of the file's columns, -1 for those not wanted, [columns]. */
  readonly #places: Int32Array;
  /** Index into `row` of the value that may be missing, -1 for none. */
  readonly #optional: number;

  constructor(path: string, header: Header, { columns: wanted = header.names, optional }: RowOptions) {
    this.#path = path;
    this.#header = header;
    this.#optional = optional === undefined ? -1 : wanted.indexOf(optional);
    this.wanted = [...wanted];
    this.row = new Float64Array(wanted.length);
    this.#places = new Int32Array(header.names.length).fill(-1);
    for (const [place, name] of wanted.entries()) {
      const column = header.names.indexOf(name);
      if (column < 0 && place === this.#optional) {
        this.row[place] = Number.NaN;
        continue;
      }
      if (column < 0) {
        throw new RivuletError(
          "data.missing-column",
          `${path} has no column "${name}": its header names ${shortened(header.names.join(", "), 400)}`,
        );
      }
      this.#places[column] = place;
    }
  }

  read(bytes: Uint8Array, start: number, end: number, line: number): void {
    const { row } = this;
    const places = this.#places;
    const separator = this.#header.separator;
    const columns = places.length;
    let at = start;
    for (let column = 0; column < columns; column++) {
      const place = places[column];
      if (place < 0) {
        at = cellEnd(bytes, at, end, separator);
      } else {
        const cellStart = at;
        while (at < end && bytes[at] === blank) at++;
        const quoted = at < end && bytes[at] === quote;
        if (quoted) at++;
        const missing = place === this.#optional ? missingEnd(bytes, at, end, separator) : -1;
        if (missing >= 0) row[place] = Number.NaN;
        at = missing >= 0 ? missing : readDecimal(bytes, at, end, row, place);
        if (at >= 0 && quoted) at = at < end && bytes[at] === quote ? at + 1 : -1;
        while (at >= 0 && at < end && bytes[at] === blank) at++;
        const value = row[place];
        // Infinity minus itself is NaN, and NaN is not equal to itself.
        const isNumber = value - value === 0 || missing >= 0;
        if (at < 0 || (at < end && bytes[at] !== separator) || !isNumber) {
          this.#refuse(bytes, start, cellStart, end, line, column);
        }
      }
      // The last column must end with the line, any other with a separator.
      if (at === end ? column < columns - 1 : column === columns - 1)
        this.#refuseColumns(bytes, start, end, line);
      at++;
    }
  }

  #refuse(
    bytes: Uint8Array,
    lineStart: number,
    start: number,
    end: number,
    line: number,
    column: number,
  ): never {
    const { names, separator } = this.#header;
    // In a row with too many or too few cells, the name of a column would be misleading.
    if (countCells(bytes, lineStart, end, separator) !== names.length) {
      this.#refuseColumns(bytes, lineStart, end, line);
    }
    const cell = unquoted(textOf(bytes, start, cellEnd(bytes, start, end, separator)));
    let fault = `found "${shortened(cell, 40)}", expected a finite number; correct the cell or remove the row`;
    if (cell === "") fault = "found an empty cell, expected a number; fill it or remove the row";
    else if (/^[+-]?\d+,\d+$/.test(cell))
      fault = `found "${cell}", expected a number with a decimal point; replace the comma`;
    throw new RivuletError(
      "data.bad-row",
      `${this.#path}, line ${line}, column "${names[column]}": ${fault}`,
    );
  }

  #refuseColumns(bytes: Uint8Array, start: number, end: number, line: number): never {
    const { names, separator } = this.#header;
    const found = countCells(bytes, start, end, separator);
    throw new RivuletError(
      "data.bad-row",
      `${this.#path}, line ${line} has ${columnsText(found)}, but the header names ${names.length}; ` +
        "correct or remove the row",
    );
  }
}

/** The index after what says that a value is missing, nothing or `nan`, at `start` of a cell; -1 for anything else. */
function missingEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  if (start === end || bytes[start] === separator || bytes[start] === quote) return start;
  const isWord = (bytes[start] | 0x20) === letterN;
  return isWord ? readNonFiniteWord(bytes, start, end) : -1;
}

function parseHeader(path: string, bytes: Uint8Array, start: number, end: number): Header {
  const text = textOf(bytes, start, end).replace(/^\uFEFF/, "");
  if (text.includes("\0")) {
    throw new RivuletError(
      "data.bad-header",
      `${path} is not UTF-8 text, expected a CSV file, plain or gzipped; a recording can be read by "rivulet replay"`,
    );
  }
  const separator = findSeparator(text);
  const names = splitCells(text, separator).map(unquoted);
  if (names.every((name) => name !== "" && !Number.isNaN(Number(name)))) {
    throw new RivuletError(
      "data.bad-header",
      `${path} begins with "${shortened(text, 60)}", expected a header line; add one with the column names`,
    );
  }
  for (const [column, name] of names.entries()) {
    if (name === "") {
      throw new RivuletError(
        "data.bad-header",
        `${path} has no name for column ${column + 1}; give it one in the header line`,
      );
    }
    const first = names.indexOf(name);
    if (first !== column) {
      throw new RivuletError(
        "data.bad-header",
        `${path} names columns ${first + 1} and ${column + 1} both "${name}"; give each column its own name`,
      );
    }
  }
  return { names, separator: separator.charCodeAt(0) };
}

/** Returns the separator that a header line uses most; a comma when it has one column only. */
function findSeparator(header: string): string {
  let best = ",";
  let most = 1;
  for (const separator of [",", ";", "\t"]) {
    const cells = splitCells(header, separator).length;
    if (cells > most) {
      best = separator;
      most = cells;
    }
  }
  return best;
}

function splitCells(line: string, separator: string): string[] {
  const cells: string[] = [];
  let cellStart = 0;
  let inQuotes = false;
  for (let at = 0; at <= line.length; at++) {
    if (line[at] === '"') inQuotes = !inQuotes;
    if (at === line.length || (line[at] === separator && !inQuotes)) {
      cells.push(line.slice(cellStart, at));
      cellStart = at + 1;
    }
  }
  return cells;
}

function unquoted(cell: string): string {
  const trimmed = cell.trim();
  return /^".*"$/.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
}

/** Returns the index of the separator or line end after the cell at `start`; separators in quotes do not count. */
function cellEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let inQuotes = false;
  let at = start;
  while (at < end && (inQuotes || bytes[at] !== separator)) {
    if (bytes[at] === quote) inQuotes = !inQuotes;
    at++;
  }
  return at;
}

function countCells(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let cells = 1;
  let at = cellEnd(bytes, start, end, separator);
  while (at < end) {
    cells++;
    at = cellEnd(bytes, at + 1, end, separator);
  }
  return cells;
}

/** Receives a line, without its line end, and its number from 1. Returns false to receive the same line again later. */
type OnLine = (bytes: Uint8Array, start: number, end: number, line: number) => boolean;

/**
 * Every line that is not empty of a file whose bytes come in chunks; holds one unfinished line, however large the file.
 */
class LineReader {
  readonly #path: string;
  readonly #onLine: OnLine;
  #line = 0;
  #unfinished: Buffer = Buffer.alloc(0);

  constructor(path: string, onLine: OnLine) {
    this.#path = path;
    this.#onLine = onLine;
  }

  /** Reads `chunk[start..end)`. Returns the index of the first byte not consumed: `end`, unless a line was refused. */
  read(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      const newline = chunk.indexOf(lineFeed, at);
      if (newline < 0 || newline >= end) break;
      if (this.#unfinished.length > 0) {
        const whole = Buffer.concat([this.#unfinished, chunk.subarray(at, newline)]);
        if (!this.#hand(whole, 0, whole.length)) return at;
        this.#unfinished = Buffer.alloc(0);
      } else if (!this.#hand(chunk, at, newline)) return at;
      at = newline + 1;
    }
    if (at < end) this.#unfinished = Buffer.concat([this.#unfinished, chunk.subarray(at, end)]);
    if (this.#unfinished.length > longestLineBytes) {
      throw new RivuletError(
        "data.bad-row",
        `${this.#path}, line ${this.#line + 1} is longer than ${longestLineBytes} bytes; give a CSV file with one row a line`,
      );
    }
    return end;
  }

  #hand(bytes: Uint8Array, start: number, newline: number): boolean {
    let end = newline;
    while (end > start && (bytes[end - 1] === carriageReturn || bytes[end - 1] === blank)) end--;
    if (end > start && !this.#onLine(bytes, start, end, this.#line + 1)) return false;
    this.#line++;
    return true;
  }
}

/** Reads a file line by line until a line is refused. */
async function forEachLine(path: string, onLine: OnLine): Promise<void> {
  const reader = new LineReader(path, onLine);
  for await (const chunk of readBytes(path)) {
    if (reader.read(chunk, 0, chunk.length) < chunk.length) return;
  }
  // The last line may lack its line end.
  reader.read(Uint8Array.of(lineFeed), 0, 1);
}

function refuseEmpty(path: string): never {
  throw new RivuletError(
    "data.empty",
    `${path} is empty, expected a header line with column names and rows of numbers`,
  );
}

function columnsText(count: number): string {
  return count === 1 ? "1 column" : `${count} columns`;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
}

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}...`;
}
