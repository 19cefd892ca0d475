/** Finds the header of a text: above its rows, among them, or in a comment. */
import { datePieces } from "./date-pieces.ts";
import { cellsOf } from "./header.ts";
import { cellKindOf, type LineKind, separatorOfKind } from "./line-form.ts";

/** Lines above the rows among which the header usually is: names, units, and kinds of value. */
const nearLines = 4;

/**
 * The cells of the header among the lines above the rows: words, as many as a row has cells. Titles stand above it, and
 * units may stand below it.
 */
export function headerAmong(
  lines: readonly string[],
  kind: LineKind,
  width: number,
): { cells: string[]; line: number } | null {
  const separator = separatorOfKind(kind);
  const candidates = lines.map((line) => cellsOf(line, separator));
  // Rows may begin with a number that the header does not name, or lack what it names last.
  const fits = (cells: readonly string[]) =>
    areNames(cells, kind) && (cells.length >= width || (cells.length === width - 1 && width > 2));
  const lowest = candidates.findLastIndex(fits);
  if (lowest < 0) return null;
  // Names, units and kinds of value belong together.
  let highest = lowest;
  const isLabel = (cells: readonly string[]) =>
    fits(cells) || (cells.length === width && !cells.some((cell) => isValue(cell, kind)));
  while (highest > 0 && isLabel(candidates[highest - 1])) highest--;
  const isNear = lowest >= candidates.length - nearLines;
  const named = (isNear ? candidates.slice(highest, lowest + 1) : candidates).filter(fits);
  const exact = named.filter(({ length }) => length === width);
  const usual = exact.find((cells) => cells.some((cell) => /^(label|target|class)$/i.test(cell)));
  // A sentence has blanks between its words too, so there the line nearest to the rows is the header.
  const cells = usual ?? (kind === "blanks" ? exact.at(-1) : exact[0]) ?? candidates[lowest];
  return { cells, line: candidates.indexOf(cells) };
}

/** The header among lines between the rows, as some devices print it now and then. */
export function laterHeader(lines: readonly string[], kind: LineKind, width: number): string[] | null {
  const candidates = lines.map((line) => cellsOf(line, separatorOfKind(kind)));
  return candidates.find((cells) => isHeader(cells, kind, width)) ?? null;
}

/** Whether a line that is not above the rows is a header: a name of its own for each of several columns. */
export function isHeader(cells: readonly string[], kind: LineKind, width: number): boolean {
  const isWide = kind !== "blanks" && cells.length === width && width > 1;
  return isWide && new Set(cells).size === width && areNames(cells, kind);
}

/** Whether words in a comment are a header, though blanks separate them as in any sentence: they name the pieces of a date. */
export function isDatedHeader(cells: readonly string[], width: number): boolean {
  return cells.length === width && new Set(cells).size === width && datePieces(cells).length > 0;
}

/** What loggers call the column that counts their rows. */
const rowNumber = "#";

/** Whether cells are names: none is a number or a time, and most are not empty. */
export function areNames(cells: readonly string[], kind: LineKind): boolean {
  const named = cells.filter((cell) => cell !== "");
  if (named.length < Math.max(1, cells.length / 2)) return false;
  return named.every((cell) => cell === rowNumber || (/\p{L}/u.test(cell) && !isValue(cell, kind)));
}

/** Whether a cell is a number or a time. */
const isValue = (cell: string, kind: LineKind) => ["number", "clock"].includes(cellKindOf(cell, kind));
