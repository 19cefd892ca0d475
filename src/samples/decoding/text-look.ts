/** Looks at the beginning of a text: its form, its columns, and what each of them holds. */
import { carriageReturn, comma, lineFeed } from "./ascii.ts";
import { type ClockLook, lookAtClock } from "./clock-look.ts";
import { datePieces } from "./date-pieces.ts";
import { point } from "./decimal.ts";
import { groupingOf } from "./grouped-number.ts";
import { cellsOf, separatorsIn } from "./header.ts";
import { cleanLine } from "./line-cleaning.ts";
import {
  type CellKind,
  cellKindOf,
  cellsForm,
  kindOfSeparator,
  type LineForm,
  type LineKind,
  lineFormOf,
  separatorOfKind,
} from "./line-form.ts";
import { logPrefixEnd } from "./log-prefix.ts";
import { textOf } from "./text.ts";

/** A column of a text. */
export interface TextColumn {
  /** Its name; empty where the header has none for it. */
  name: string;
  /** What almost all of its cells hold that hold anything. A counter rises by one from row to row. */
  holds: "numbers" | "words" | "clock" | "counter" | "nothing";
  /** Which part of the time a clock of text holds, where it is not the whole; "piece": less than a date or a time of day. */
  part?: ClockLook["part"] | "piece";
  /** Which number of its dates comes first, where they show it. */
  dateOrder?: ClockLook["dateOrder"];
  /** The different cells as written, in the order in which they come, if there are at most 64; otherwise none. */
  words: string[];
  /** Its first cell that holds anything; absent where it holds numbers. */
  example?: string;
  /** Rows that have a value in it. */
  present: number;
  /** Of these, those whose cell is not what the column holds. */
  odd: number;
  /** The unit behind its numbers, or that in its name; absent where there is none. */
  unit?: string;
}

export interface TextLook {
  kind: LineKind;
  columns: TextColumn[];
  /** Where the names come from; null: columns are numbered by place. */
  namedBy: "header" | "lines" | null;
  /** Lines that were looked at, without comments and empty ones. */
  lines: number;
  /** Of these, the rows: the lines of this form. */
  rows: number;
  /** The mark before decimals, where the other one stands between groups of three digits: `1.200` or `1,200` is a group. */
  decimal?: "comma" | "point";
}

/** Most lines that are looked at, where nothing else is said. */
const usualLines = 2000;
/** Different words of a column are collected up to this number. */
const mostWords = 64;
/** Cells among which a word that came once is damage. */
const enoughCells = 40;
/** Bytes that are searched for a header in a comment. */
const mostCommentBytes = 4096;
/** Share of the cells that must hold the same for a column to hold it. */
const almostAll = 0.9;
/** Falls of a counter that are restarts of the device; what falls more often comes round, as the hour does. */
const mostRestarts = 2;
/** Fewest cells that tell a clock or a counter: fewer may rise by chance. */
const fewestForRising = 8;

/**
 * Looks at the beginning of a text; null where no line of it holds a number.
 *
 * @param startsAtLine the bytes begin where a line begins; otherwise the first line may lack its beginning, and is a header
 *   or nothing
 * @param mostLines lines that are looked at
 */
export function lookAtText(bytes: Uint8Array, startsAtLine = true, mostLines = usualLines): TextLook | null {
  const lines = withoutPrefixes(linesIn(bytes, mostLines));
  const forms = lines.map((line, index) => (index === 0 && !startsAtLine ? null : lineFormOf(line)));
  const kind = commonest(forms.map((form) => form?.kind));
  if (kind === undefined) return null;
  const chosen = forms.filter((form): form is LineForm => form?.kind === kind);
  const areNamed = chosen[0].names.length > 0;
  const inTurns = kind === "names and values in turns";
  if (areNamed && (!inTurns || chosen.every(({ names }) => names[0] === chosen[0].names[0]))) {
    return { ...lookAtNames(kind, chosen), lines: lines.length };
  }
  return lookAtPlaces(lines, areNamed ? lines.map(cellsForm) : forms, commentsIn(bytes));
}

/** What is said of the lines of LIBSVM, in which a colon stands between the number of a column and its value. */
export const sparseText =
  "these are lines of LIBSVM, such as 1 1:0.5 3:0.2, which name columns by number; convert them to CSV with a column for each";

/** Whether a text is of LIBSVM's form. */
export function isSparse(bytes: Uint8Array): boolean {
  const lines = linesIn(bytes.subarray(0, mostCommentBytes), fewestForRising);
  const sparse = lines.filter((line) => /^[+-]?[\d.]+(?: +\d+:[+-]?[\d.]+(?:e[+-]?\d+)?){2,} *$/i.test(line));
  return lines.length > 0 && 2 * sparse.length > lines.length;
}

/**
 * The lines without what a logger puts before them, where it does so before most. Rows with as many cells as a header above
 * them are whole as they are.
 */
function withoutPrefixes(lines: string[]): string[] {
  const data = lines.map((line) => {
    if (!/^(?:\[|[EWIDV] \(|\d|[A-Z][a-z]{2} )/.test(line)) return line;
    const bytes = new TextEncoder().encode(line);
    return textOf(bytes, logPrefixEnd(bytes, 0, bytes.length), bytes.length);
  });
  const prefixed = lines.filter((line, index) => data[index] !== line);
  if (2 * prefixed.length <= lines.length) return lines;
  const above = lines.slice(0, lines.indexOf(prefixed[0]));
  return above.some((line) => isHeaderOf(line, prefixed)) ? lines : data;
}

/** Whether a line names each cell of most rows. */
function isHeaderOf(line: string, rows: readonly string[]): boolean {
  return separatorsIn(line).some((separator) => {
    const names = cellsOf(line, separator);
    const kind = kindOfSeparator[separator];
    if (names.length < 2 || new Set(names).size < names.length || !areNames(names, kind)) return false;
    return 2 * rows.filter((row) => cellsOf(row, separator).length === names.length).length > rows.length;
  });
}

/** The lines of a text that are neither empty nor comments, without what is no text. The last one may be cut off. */
function linesIn(bytes: Uint8Array, mostLines: number): string[] {
  const lines: string[] = [];
  const clean = new Uint8Array(bytes.length);
  let start = 0;
  for (let at = 0; at <= bytes.length && lines.length < mostLines; at++) {
    const isEnd = at === bytes.length;
    if (!isEnd && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) continue;
    if (isEnd && lines.length > 3) break;
    const length = at > start ? cleanLine(bytes, start, at, clean) : 0;
    const line = textOf(clean, 0, length).replace(/^ +| +$/g, "");
    if (line !== "" && !/^(#|%|\/\/|sep=.$|@(relation|attribute|data)\b)/i.test(line)) lines.push(line);
    start = at + 1;
  }
  return lines;
}

/** The comments of a text, without their marks, and the names of an ARFF file as one. One of them may be a header. */
function commentsIn(bytes: Uint8Array): string[] {
  const text = textOf(bytes, 0, Math.min(bytes.length, mostCommentBytes));
  const attributes = [...text.matchAll(/^@attribute\s+("[^"]*"|'[^']*'|\S+)/gim)].map(([, name]) => name);
  if (attributes.length > 0) return [attributes.join(",")];
  return [...text.matchAll(/^[ \t]*(?:#|%|\/\/)+[ \t]*(.+?)[ \t\r]*$/gm)].map(([, comment]) => comment);
}

function lookAtNames(kind: LineKind, forms: readonly LineForm[]): Omit<TextLook, "lines"> {
  const cells = new Map<string, string[]>();
  for (const form of forms) {
    for (const [place, name] of form.names.entries()) {
      const column = cells.get(name) ?? [];
      column.push(form.cells[place] ?? "");
      cells.set(name, column);
    }
  }
  const columns = withPieces([...cells].map(([name, column]) => columnOf(name, column, kind)));
  return { kind, columns, namedBy: "lines", rows: forms.length };
}

function lookAtPlaces(
  lines: readonly string[],
  forms: readonly (LineForm | null)[],
  comments: readonly string[],
): TextLook | null {
  const key = commonest(
    forms.map((form) => (form === null ? undefined : `${form.kind}/${form.cells.length}`)),
  );
  const isRow = (form: LineForm | null): form is LineForm =>
    form !== null && `${form.kind}/${form.cells.length}` === key;
  const firstRow = forms.findIndex(isRow);
  if (firstRow < 0) return null;
  const { kind, cells } = forms[firstRow] as LineForm;
  const written = forms.filter(isRow).map((form) => form.cells);
  const decimal = kind === "commas" ? undefined : shownDecimal(written, kind);
  const rows = decimal === "comma" ? written.map((row) => row.map(withoutGroups)) : written;
  const header =
    headerAmong(lines.slice(0, firstRow), kind, cells.length) ??
    laterHeader(lines.slice(firstRow), kind, cells.length) ??
    comments
      .map((line) => cellsOf(line, separatorOfKind(kind)))
      .find((names) => isHeader(names, kind, cells.length) || isDatedHeader(names, cells.length)) ??
    null;
  const names = header ?? cells.map((_, place) => `field${place + 1}`);
  // Rows may begin with a number that the header does not name.
  const shift = header !== null && header.length === cells.length - 1 ? 1 : 0;
  const columns = withPieces(
    names.map((name, place) =>
      columnOf(
        name,
        rows.map((row) => row[place + shift] ?? ""),
        kind,
      ),
    ),
  );
  const counter = { name: "", holds: "counter", words: [], present: rows.length, odd: 0 } as const;
  if (shift > 0) columns.unshift({ ...counter, words: [] });
  return {
    ...{ kind, columns, namedBy: header === null ? null : "header" },
    ...{ lines: lines.length, rows: rows.length },
    ...(decimal && { decimal }),
  };
}

/** The mark before decimals, where cells show that the other one stands between groups of digits. */
function shownDecimal(rows: readonly string[][], kind: LineKind): TextLook["decimal"] {
  if (showGroups(rows, kind, "point")) return "comma";
  return showGroups(rows, kind, "comma") ? "point" : undefined;
}

/**
 * Whether a mark stands between groups of digits, so that 1.200 or 1,200 is a number of four digits: a cell shows it by both
 * marks, or by several groups beside decimals behind the other mark; and none shows the contrary, by a mark before other than
 * three digits or behind the other one.
 */
function showGroups(rows: readonly string[][], kind: LineKind, mark: "point" | "comma"): boolean {
  const [between, betweenByte] = mark === "point" ? [".", point] : [",", comma];
  const plain = mark === "point" ? /^[+-]?\d+,\d+$/ : /^[+-]?\d+\.\d+$/;
  let isShown = false;
  let hasGroups = false;
  let hasDecimals = false;
  for (const cell of rows.flat()) {
    const text = cell.trim();
    if (plain.test(text)) {
      hasDecimals = true;
      continue;
    }
    const grouping = text.includes(between) ? groupingOf(text) : null;
    if (grouping?.mark === betweenByte) {
      isShown ||= grouping.decimal !== 0;
      hasGroups ||= grouping.groups > 1 && !grouping.isAddress;
    } else if (text.includes(between) && cellKindOf(text, kind) === "number") return false;
  }
  return isShown || (hasGroups && hasDecimals);
}

/** A cell without the points between its groups of digits. */
function withoutGroups(cell: string): string {
  const text = cell.trim();
  const grouping = text.includes(".") ? groupingOf(text) : null;
  return grouping?.mark === point && !grouping.isAddress ? text.replaceAll(".", "") : cell;
}

/**
 * The cells of the header among the lines above the rows: words, as many as a row has cells. Titles stand above it, and
 * units may stand below it.
 */
function headerAmong(lines: readonly string[], kind: LineKind, width: number): string[] | null {
  const separator = separatorOfKind(kind);
  const candidates = lines.map((line) => cellsOf(line, separator)).filter((cells) => areNames(cells, kind));
  const ofWidth = (fits: (cells: string[]) => boolean) => candidates.filter(fits);
  const exact = ofWidth((cells) => cells.length === width);
  const fitting = [
    exact,
    ofWidth((cells) => cells.length === width - 1 && width > 2),
    ofWidth((cells) => cells.length > width),
  ].find((found) => found.length > 0);
  if (fitting === undefined) return null;
  const usual = fitting.find((cells) => cells.some((cell) => /^(label|target|class)$/i.test(cell)));
  // A sentence has blanks between its words too, so there the line nearest to the rows is the header.
  return usual ?? (kind === "blanks" ? fitting[fitting.length - 1] : fitting[0]);
}

/** The header among lines between the rows, as some devices print it now and then. */
function laterHeader(lines: readonly string[], kind: LineKind, width: number): string[] | null {
  const candidates = lines.map((line) => cellsOf(line, separatorOfKind(kind)));
  return candidates.find((cells) => isHeader(cells, kind, width)) ?? null;
}

/** Whether a line that is not above the rows is a header: a name of its own for each of several columns. */
function isHeader(cells: readonly string[], kind: LineKind, width: number): boolean {
  const isWide = kind !== "blanks" && cells.length === width && width > 1;
  return isWide && new Set(cells).size === width && areNames(cells, kind);
}

/** Whether words in a comment are a header, though blanks separate them as in any sentence: they name the pieces of a date. */
function isDatedHeader(cells: readonly string[], width: number): boolean {
  return cells.length === width && new Set(cells).size === width && datePieces(cells).length > 0;
}

/** Whether cells are names: none is a number or a time, and most are not empty. */
function areNames(cells: readonly string[], kind: LineKind): boolean {
  const named = cells.filter((cell) => cell !== "");
  if (named.length < Math.max(1, cells.length / 2)) return false;
  return named.every((cell) => /\p{L}/u.test(cell) && !["number", "clock"].includes(cellKindOf(cell, kind)));
}

function columnOf(name: string, cells: readonly string[], kind: LineKind): TextColumn {
  const kinds = new Map<CellKind, number>();
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const holds = cellKindOf(cell, kind);
    kinds.set(holds, (kinds.get(holds) ?? 0) + 1);
    if (holds === "missing") continue;
    const word = cell.trim();
    if (counts.size <= mostWords || counts.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = counts.size <= mostWords ? [...counts] : [];
  const count = (...names: readonly CellKind[]) =>
    names.reduce((sum, holds) => sum + (kinds.get(holds) ?? 0), 0);
  const present = cells.length - count("missing");
  const isMostly = (found: number) => present > 0 && found >= almostAll * present;
  let holds: TextColumn["holds"] = "words";
  if (present === 0) holds = "nothing";
  else if (isMostly(count("clock"))) holds = "clock";
  else if (isMostly(count("number", "truth")))
    holds = count("truth") > 0 ? "numbers" : risingKind(name, cells);
  const clock = holds === "clock" ? lookAtClock(name, cells) : {};
  const unit = holds === "numbers" ? (unitBehind(cells) ?? unitIn(name)) : null;
  const usual = { numbers: ["number", "truth"], clock: ["clock", "number"], counter: ["number"] } as const;
  // A name that is written without a value has lost it.
  const lost = kind.endsWith("pairs") ? cells.filter((cell) => cell.trim() === "").length : 0;
  const odd = holds === "words" || holds === "nothing" ? 0 : present - count(...usual[holds]) + lost;
  return {
    ...{ name, holds, words: usualWords(words, present), present, odd },
    ...(holds === "words" && { example: cells.find((cell) => cell.trim() !== "") }),
    ...clock,
    ...(unit && { unit }),
  };
}

/** The columns, of which year, month, day and what goes with them are pieces of a clock. */
function withPieces(columns: TextColumn[]): TextColumn[] {
  const pieces = datePieces(columns.map(({ name }) => name));
  return columns.map((column, place) => {
    const isPiece = pieces.includes(place) && (column.holds === "numbers" || column.holds === "counter");
    const isClock = pieces.includes(place) && column.holds === "clock" && column.part === undefined;
    return isPiece || isClock ? { ...column, holds: "clock", part: "piece" } : column;
  });
}

/** Words without those that came once among many, as damage makes them. */
function usualWords(words: readonly [word: string, count: number][], present: number): string[] {
  const isMany = present >= enoughCells;
  return words.flatMap(([word, count]) => (count > 1 || !isMany ? [word] : []));
}

/** Longer is no number with its unit, and no name with its unit: on what is longer patterns take the square of its length. */
const longestWithUnit = 100;

/** The unit behind the first number of a column; null where there is none. */
function unitBehind(cells: readonly string[]): string | null {
  const number = cells.find((cell) => cell.length <= longestWithUnit && /^\s*[+-]?[\d.]/.test(cell)) ?? "";
  const unit =
    /^\s*[+-]?[\d.,'\u2019\u00a0\u202f]+(?:e[+-]?\d+)?\s*(?!e[+-]?\d)([^\d\s,.;'\u2019].*?)\s*$/i.exec(
      number,
    );
  return unit === null ? null : unit[1];
}

/** Units that a name may have behind it in brackets: other brackets hold anything. */
const usualUnit =
  /^(?:%.{0,4}|°.{1,2}|deg.{0,3}|[CFK]|[mkµuM]?(?:V|A|W|Wh|VA|Ah|Hz|Pa|bar|m|g|L|l|J|N|Nm|s|Ω|Ohm)|hPa|psi|cm|km|mi|ft|in|(?:m|km|mi|ft)\/(?:s2?|s²|h)|kmh|mph|[mµu]?g\/(?:m3|m³|L|l)|m3|m³|W\/m[2²]|lux|lx|pp[mb]|dBA?|dBm|min|h|rpm|rad(?:\/s)?|dps|counts?)$/;

/** The unit in brackets at the end of a name. */
function unitIn(name: string): string | null {
  const unit = /[([]([^()[\]]+)[)\]]\s*$/.exec(name.slice(-longestWithUnit))?.[1];
  return unit !== undefined && usualUnit.test(unit) ? unit : null;
}

/** The columns that tell the time of a row: one, or those of date and time of day; none where there is no clock. */
export function clockAmong(columns: readonly TextColumn[]): string[] {
  const clocks = columns.filter(
    ({ holds, name, part }) => holds === "clock" && name !== "" && part !== "piece",
  );
  const whole = clocks.find(({ part }) => part === undefined);
  const date = clocks.find(({ part }) => part === "date");
  const timeOfDay = clocks.find(({ part }) => part === "time of day");
  const wanted = date !== undefined && timeOfDay !== undefined ? [date, timeOfDay] : [whole ?? clocks[0]];
  return wanted.flatMap((column) => column?.name ?? []);
}

/** Seconds, milliseconds, microseconds and nanoseconds of the years 2001 to 2096. */
const epochs = [1, 1e3, 1e6, 1e9].map((unit) => [1e9 * unit, 4e9 * unit] as const);
const clockName =
  /^(t|ts|ms|us|millis|micros|uptime|elapsed|seconds|datum|fecha|.*(time|date|epoch|stamp|clock).*)$/i;

/** Whether numbers are a clock, or count the rows: they rise almost always, by their name or their size a clock does. */
function risingKind(name: string, cells: readonly string[]): "numbers" | "clock" | "counter" {
  const numbers = cells.map(numberIn).filter(Number.isFinite);
  if (numbers.length < fewestForRising) return "numbers";
  const steps = numbers.slice(1).map((number, index) => number - numbers[index]);
  const share = (fits: (step: number) => boolean) => steps.filter(fits).length / steps.length;
  if (share((step) => step >= 0) < almostAll || share((step) => step === 0) > 0.5) return "numbers";
  if (epochs.some(([from, to]) => numbers[0] >= from && numbers[0] < to)) return "clock";
  const falls = steps.filter((step) => step < 0).length;
  if (share((step) => step === 1) >= almostAll && falls <= mostRestarts) return "counter";
  return clockName.test(name) ? "clock" : "numbers";
}

/** The number of a cell; of one in groups of three digits its sign and digits are enough to see it rise. */
function numberIn(cell: string): number {
  const plain = Number(cell);
  if (Number.isFinite(plain)) return cell === "" ? Number.NaN : plain;
  const parts = cell.trim().split(/[^\d+-]+/);
  return parts.length > 2 ? Number(parts.join("")) : Number.parseFloat(cell.replace(",", "."));
}

function commonest<T>(items: readonly (T | undefined)[]): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) if (item !== undefined) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0];
}
