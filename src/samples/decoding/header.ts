/** Finds the fields in a header: by their names, else in other letters or with a unit behind. */
import { blank } from "./ascii.ts";
import { noField } from "./cell-values.ts";
import { separators } from "./delimited-lines.ts";
import type { Field } from "./fields.ts";

/** Splits a line at a separator, quotes removed. A separator at the end begins no cell. */
export function cellsOf(line: string, separator: number): string[] {
  const trimmed = line.replace(/^ +| +$/g, "");
  const cells = trimmed.includes('"')
    ? cellsWithQuotes(trimmed, separator).map(unquoted)
    : trimmed.split(separator === blank ? /\s+/ : String.fromCharCode(separator)).map(unquoted);
  while (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return cells;
}

/** The cells of a line, of which some may be in quotes, by the rule of delimited-lines.ts. */
function cellsWithQuotes(line: string, separator: number): string[] {
  const text = String.fromCharCode(separator);
  const isEnd = (at: number) => (separator === blank ? /\s/.test(line[at]) : line[at] === text);
  const cells: string[] = [];
  let start = 0;
  for (let at = 0; at <= line.length; at++) {
    if (at === line.length || isEnd(at)) {
      cells.push(line.slice(start, at));
      if (separator === blank) while (at + 1 < line.length && isEnd(at + 1)) at++;
      start = at + 1;
    } else if (line[at] === '"' && (separator === blank || line.slice(start, at).trim() === "")) {
      at = closingQuote(line, at);
    }
  }
  return cells;
}

/** The quote that closes the one at `open`, or that one where none does. */
function closingQuote(line: string, open: number): number {
  let at = line.indexOf('"', open + 1);
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2);
  return at < 0 ? open : at;
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
