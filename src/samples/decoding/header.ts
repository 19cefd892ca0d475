/** Finds the fields in a header: by their names, else in other letters or with a unit after. */
import { blank, skipBlanks } from "./ascii.ts";
import { noField } from "./cell-values.ts";
import { cellEnd, separators, skipGap } from "./delimited-lines.ts";
import type { Field } from "./fields.ts";

/** Splits a line at a separator, quotes removed. A separator at the end begins no cell. */
export function cellsOf(line: string, separator: number): string[] {
  const trimmed = withoutBlanks(line);
  const cells = /["']/.test(trimmed)
    ? cellsWithQuotes(trimmed, separator).map(unquoted)
    : trimmed.split(separator === blank ? /\s+/ : String.fromCharCode(separator)).map(unquoted);
  while (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return cells;
}

/** The line without the blanks around it; a tab separates cells. A pattern takes the square of the blanks within. */
function withoutBlanks(line: string): string {
  let start = 0;
  let end = line.length;
  while (line.charCodeAt(start) === blank) start++;
  while (end > start && line.charCodeAt(end - 1) === blank) end--;
  return line.slice(start, end);
}

/** The cells of a line, of which some may be in quotes, by the rule by which rows are read. */
function cellsWithQuotes(line: string, separator: number): string[] {
  const bytes = Buffer.from(line);
  const cells: string[] = [];
  for (let start = 0; ; ) {
    const stop = cellEnd(bytes, skipBlanks(bytes, start, bytes.length), bytes.length, separator);
    cells.push(bytes.toString("utf8", start, stop));
    if (stop === bytes.length) return cells;
    start = separator === blank ? skipGap(bytes, stop, bytes.length) : stop + 1;
  }
}

function unquoted(cell: string): string {
  const trimmed = cell.trim();
  if (!/["']$/.test(trimmed)) return trimmed;
  const quoted = /^"(.*)"$/.exec(trimmed) ?? /^'(.*)'$/.exec(trimmed);
  return quoted === null ? trimmed : quoted[1].replaceAll('""', '"').trim();
}

/** Separators that a line holds, in the order of trying. */
export function separatorsIn(line: string): number[] {
  return separators.filter(
    (separator) => separator === blank || line.includes(String.fromCharCode(separator)),
  );
}

/** Longer is no name that a config or a person would write; on what is longer patterns take the square of its length. */
const longestName = 200;

/** What a name is without its letter case, its unit in brackets, and blanks. */
export function plainName(name: string): string {
  return name
    .slice(0, longestName)
    .toLowerCase()
    .replace(/\s*[([{].*[)\]}]\s*$/, "")
    .trim()
    .replace(/[\s_-]+/g, "_");
}

/** Which column of a header each field is. */
export interface HeaderMatch {
  /** Field of each column, or noField, [columns]. */
  columns: Int32Array;
  /** Fields that no column is. */
  absent: string[];
  /** How many fields are columns. */
  found: number;
}

/** Matches the cells of a header with the fields; null where a field could be two columns. */
export function matchHeader(cells: readonly string[], fields: readonly Field[]): HeaderMatch | null {
  const columns = new Int32Array(cells.length).fill(noField);
  const absent: string[] = [];
  const plain = cells.map(plainName);
  for (const [index, { name }] of fields.entries()) {
    const exact = places(cells, name);
    const found = exact.length > 0 ? exact : places(plain, plainName(name));
    if (found.length > 1) return null;
    if (found.length === 0) absent.push(name);
    else if (columns[found[0]] !== noField) return null;
    else columns[found[0]] = index;
  }
  return { columns, absent, found: fields.length - absent.length };
}

function places(cells: readonly string[], name: string): number[] {
  return cells.flatMap((cell, place) => (cell === name && cell !== "" ? [place] : []));
}
