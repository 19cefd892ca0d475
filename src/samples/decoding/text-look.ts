/** Looks at the beginning of a text: its form, its columns, and what each of them holds. */
import { type ClockLook, lookAtClock } from "./clock-look.ts";
import {
  dayOfDigits,
  mayBeDate,
  mustHaveSeconds,
  namesDate,
  namesTimeOfDay,
  timeOfDayOfDigits,
  timeOfDigits,
} from "./date-digits.ts";
import { datePieces } from "./date-pieces.ts";
import { decimalMarksIn, withoutGroups } from "./decimal-marks.ts";
import { cellsOf, separatorsIn } from "./header.ts";
import { areNames, headerAmong, isDatedHeader, isHeader, laterHeader } from "./header-look.ts";
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
import { markBytes } from "./line-marks.ts";
import { logPrefixEnd } from "./log-prefix.ts";
import { textOf } from "./text.ts";
import { commentsIn, linesIn } from "./text-lines.ts";
import { dependOn, takeTurns } from "./turns.ts";

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
  /** The unit after its numbers, or that in its name; absent where there is none. */
  unit?: string;
}

export interface TextLook {
  kind: LineKind;
  columns: TextColumn[];
  /** Where the names come from; null: columns are numbered by place. */
  namedBy: "header" | "lines" | null;
  /**
   * Lines that were looked at, without comments and empty ones: from the first row on, all of them where lines name their
   * values.
   */
  lines: number;
  /** Of these, the rows: the lines of this form. */
  rows: number;
  /** Cells of a row, where the header names more. */
  width?: number;
  /** Number of the line that is the header, from 1, where it stands above the rows: what stands above it are titles. */
  headerLine?: number;
  /** The decimal mark, where the other one separates groups of three digits: `1.200` or `1,200` is a group. */
  decimal?: "comma" | "point";
  /** How a cell is read that may as well be another number, where the other cells do not show which. */
  markDoubt?: string;
  /** A column whose words take turns: each line has the values of another quantity or device. */
  turns?: { column: string; words: readonly string[] };
}

/** Most lines that are looked at, where nothing else is said. */
const usualLines = 2000;
/** Longest part of a word that is shown. */
const longestShown = 32;
/** Different words of a column are collected up to this number. */
const mostWords = 64;
/** Cells among which a word that came once is damage. */
const enoughCells = 40;
/** Share of the lines with a certain prefix that tells what stands before the others. */
const fewPrefixes = 0.1;
/** Share of the cells that must hold the same for a column to hold it. */
const almostAll = 0.9;
/** Falls of a counter that are restarts of the device; what falls more often comes round, as the hour does. */
const mostRestarts = 2;
/** Share of the steps that may be falls in a long text. */
const oftenFalling = 0.01;
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
  const written = linesIn(bytes, mostLines, startsAtLine);
  const lines = withSigns(withoutPrefixes(withoutMarks(written.map(({ text }) => text))));
  const forms = lines.map((line, index) => (index === 0 && !startsAtLine ? null : lineFormOf(line)));
  const kind = commonest(forms.map((form) => form?.kind));
  if (kind === undefined) return null;
  const chosen = forms.filter((form): form is LineForm => form?.kind === kind);
  const areNamed = chosen[0].names.length > 0;
  const inTurns = kind === "names and values in turns";
  if (areNamed && (!inTurns || chosen.every(({ names }) => names[0] === chosen[0].names[0]))) {
    return { ...lookAtNames(kind, chosen), lines: lines.length };
  }
  const found = lookAtPlaces(lines, areNamed ? lines.map(cellsForm) : forms, commentsIn(bytes));
  if (found === null) return null;
  const { header, ...look } = found;
  return { ...look, ...(header >= 0 && { headerLine: written[header].number }) };
}

/** The lines with the sign of a number directly before it, where blanks stand between: a minus alone stands for no value. */
function withSigns(lines: string[]): string[] {
  if (!lines.some((line) => /(?:^|[\s,;|])\+ +[\d.]/.test(line))) return lines;
  return lines.map((line) => line.replace(/(^|[\s,;|])([+-]) +(?=[\d.])/g, "$1$2"));
}

/** The lines without marks around their cells, where most have such. */
function withoutMarks(lines: string[]): string[] {
  const marked = lines.map((line) => {
    if (!/^[/<{$]/.test(line)) return line;
    const bytes = new TextEncoder().encode(line);
    const mark = markBytes(bytes, 0, bytes.length);
    return textOf(bytes, mark, bytes.length - mark).trim();
  });
  const found = marked.filter((line, index) => line !== lines[index]).length;
  return 2 * found > lines.length ? marked : lines;
}

/**
 * The lines without what a logger puts before them, where it does so before most. Rows with as many cells as a header above
 * them are whole as they are.
 */
function withoutPrefixes(lines: string[]): string[] {
  const certain = lines.map((line) => withoutPrefix(line, false));
  const isKnown = certain.filter((line, index) => line !== lines[index]).length > fewPrefixes * lines.length;
  const data = isKnown ? lines.map((line) => withoutPrefix(line, true)) : certain;
  const prefixed = lines.filter((line, index) => data[index] !== line);
  if (2 * prefixed.length <= lines.length) return lines;
  const above = lines.slice(0, lines.indexOf(prefixed[0]));
  return above.some((line) => isHeaderOf(line, prefixed)) ? lines : data;
}

/** @param isKnown other lines have a prefix */
function withoutPrefix(line: string, isKnown: boolean): string {
  const holdsJson = line.endsWith("}") && /[ \t]\{["']/.test(line);
  if (!holdsJson && !/^(?:\[|[EWIDV] \(|\d|[A-Z][a-z]{2} )/.test(line)) return line;
  const bytes = new TextEncoder().encode(line);
  return textOf(bytes, logPrefixEnd(bytes, 0, bytes.length, isKnown), bytes.length);
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

function lookAtNames(kind: LineKind, forms: readonly LineForm[]): Omit<TextLook, "lines"> {
  const cells = new Map<string, string[]>();
  for (const form of forms) {
    for (const [place, name] of form.names.entries()) {
      const column = cells.get(name) ?? [];
      column.push(form.cells[place] ?? "");
      cells.set(name, column);
    }
  }
  const found = withPieces([...cells].map(([name, column]) => columnOf(name, column, kind)));
  // The time after the fields is no value, also where it stands still.
  const areStamped = forms.some(({ isStamped }) => isStamped);
  const isStamp = ({ name, holds }: TextColumn) => areStamped && name === "time" && holds !== "clock";
  const columns = found.filter((column) => !isStamp(column));
  const every = columns.map(({ name }) => cells.get(name) as string[]);
  const isTable = every.every(({ length }) => length === forms.length);
  const rows = isTable ? forms.map((_, row) => every.map((column) => column[row])) : [];
  return { kind, columns, namedBy: "lines", rows: forms.length, ...turnsAmong(columns, rows) };
}

/** Looks at lines whose columns are places, with the index of the line that is their header, or -1. */
function lookAtPlaces(
  lines: readonly string[],
  forms: readonly (LineForm | null)[],
  comments: readonly string[],
): (TextLook & { header: number }) | null {
  const first = firstRowAmong(forms);
  if (first === null) return null;
  const { kind, cells } = forms[first.at] as LineForm;
  const above = headerAmong(lines.slice(0, first.at), kind, cells.length);
  const header =
    above?.cells ??
    laterHeader(lines.slice(first.at), kind, cells.length) ??
    comments
      .map((line) => cellsOf(line, separatorOfKind(kind)))
      .find((names) => isHeader(names, kind, cells.length) || isDatedHeader(names, cells.length)) ??
    null;
  const most = mostCells(lines[first.at], kind);
  const isRow = (form: LineForm, line: number) =>
    formOf(form) === first.form ||
    (form.kind === kind && isNamed(mostCells(lines[line], kind), most, header));
  const written = forms.flatMap((form, line) =>
    form !== null && line >= first.at && isRow(form, line) ? [form.cells] : [],
  );
  const { decimal, doubt } = kind === "commas" ? {} : decimalMarksIn(written, kind);
  const rows = decimal === "comma" ? written.map((row) => row.map(withoutGroups)) : written;
  const names = header?.slice(0, most) ?? cells.map((_, place) => `field${place + 1}`);
  const columns = columnsAt(names, rows, kind, header !== null && names.length === cells.length - 1);
  return {
    ...{ kind, columns, namedBy: header === null ? null : "header" },
    ...{ lines: lines.length - first.at, rows: rows.length, header: above?.line ?? -1 },
    ...(header !== null && names.length < header.length && { width: names.length }),
    ...(decimal && { decimal }),
    ...(doubt && { markDoubt: doubt }),
    ...turnsAmong(columns, rows),
  };
}

const formOf = ({ kind, cells }: LineForm) => `${kind}/${cells.length}`;

/** The index of the first row, and the form of most lines, which it has; null where there is none. */
function firstRowAmong(forms: readonly (LineForm | null)[]): { at: number; form: string } | null {
  const form = commonest(forms.map((each) => (each === null ? undefined : formOf(each))));
  if (form === undefined) return null;
  const hasForm = (each: LineForm | null): each is LineForm => each !== null && formOf(each) === form;
  const all = forms.filter(hasForm);
  // What stands above a header may have as many cells as a row, but words where rows have numbers.
  const typical = numbersOf(all[all.length >> 1]);
  const isRow = (each: LineForm | null) =>
    hasForm(each) && typical.every((place) => isValue(each.cells[place], each.kind));
  const at = forms.findIndex(isRow);
  return at < 0 ? null : { at, form };
}

/** Whether a header names all of `count` cells, as many as the first row has or more: those empty at its end are cells of it too. */
const isNamed = (count: number | undefined, most: number | undefined, header: readonly string[] | null) =>
  header !== null &&
  count !== undefined &&
  most !== undefined &&
  count >= most &&
  count <= Math.max(most, header.length);

/** The columns of rows by place, after a counter that has no name where `isCounted`. */
function columnsAt(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  kind: LineKind,
  isCounted: boolean,
): TextColumn[] {
  const shift = isCounted ? 1 : 0;
  const cellsAt = (place: number) => rows.map((row) => row[place + shift] ?? "");
  const found = withPieces(names.map((name, place) => columnOf(name, cellsAt(place), kind)));
  const columns = withMonthDays(withTimeDigits(found, cellsAt), cellsAt);
  if (!isCounted) return columns;
  return [{ name: "", holds: "counter", words: [], present: rows.length, odd: 0 }, ...columns];
}

/** The words that take turns among columns, [rows][columns], with the name of their column. */
function turnsAmong(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): Pick<TextLook, "turns"> {
  // The name of what a line is about stands before its values.
  const firstValue = columns.findIndex(({ holds }) => holds === "numbers");
  const cellsOfColumn = (at: number) => rows.map((row) => (row[at] ?? "").trim());
  const place = columns.findIndex(({ holds, words }, at) => {
    if (holds !== "words" || at >= firstValue) return false;
    const names = cellsOfColumn(at);
    const isOfName = (other: TextColumn, value: number) =>
      other.holds === "numbers" && dependOn(cellsOfColumn(value).map(numberIn), names);
    return takeTurns(words, names) && columns.some(isOfName);
  });
  if (place < 0) return {};
  const { name, words } = columns[place];
  return { turns: { column: name === "" ? `column ${place + 1}` : name, words } };
}

/**
 * Returns what of a text may be meant otherwise than it is read, as sentences without a full stop.
 * @param isMarkKnown a config says which the decimal mark is
 */
export function doubtsAbout({ markDoubt, turns }: TextLook, isMarkKnown = false): string[] {
  const doubts = markDoubt === undefined || isMarkKnown ? [] : [markDoubt];
  if (turns === undefined) return doubts;
  const shown = turns.words
    .slice(0, 3)
    .map((word) => word.slice(0, longestShown))
    .join(", ");
  return [
    ...doubts,
    `the words of ${turns.column} take turns (${shown}), so each line may be about something else`,
  ];
}

/** The places of the cells of a row that hold numbers. */
const numbersOf = ({ cells, kind }: LineForm) =>
  cells.flatMap((cell, place) => (cellKindOf(cell, kind) === "number" ? [place] : []));

const isValue = (cell: string, kind: LineKind) => ["number", "missing"].includes(cellKindOf(cell, kind));

/** The cells of a row, with empty ones at its end: a header may name more. */
function mostCells(row: string, kind: LineKind): number | undefined {
  if (kind === "blanks") return undefined;
  return row.split(String.fromCharCode(separatorOfKind(kind))).length;
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
  else if (isMostly(count("clock"))) holds = areRatios(cells) ? "words" : "clock";
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

/** A time of day without zeros before its digits: it may be a ratio or a version. */
const withoutZeros = /^\s*(\d{1,2}):(\d{1,2}):(\d{1,2})\s*$/;

/** Whether three numbers with colons are no times of day: without zeros, and falling often. */
function areRatios(cells: readonly string[]): boolean {
  const times = cells.flatMap((cell) => {
    const numbers = withoutZeros.exec(cell);
    return numbers === null ? [] : [numbers.slice(1)];
  });
  if (!times.some(([, minutes, seconds]) => minutes.length + seconds.length < 4)) return false;
  const seconds = times.map(([hour, minute, second]) => 3600 * +hour + 60 * +minute + +second);
  const falls = seconds.filter((time, index) => time < seconds[index - 1]).length;
  return falls > (1 - almostAll) * seconds.length;
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

/**
 * The columns, of which dates as digits are a part of the clock beside one of text, and beside a time of day as digits, which
 * is the other part: 105959 and 110000 are no 41 units apart. They are so too where all are the same.
 */
function withTimeDigits(columns: TextColumn[], cellsAt: (place: number) => string[]): TextColumn[] {
  const hold = (place: number, fits: (number: number) => boolean) =>
    cellsAt(place).every((cell) => cell.trim() === "" || fits(Number(cell)));
  const isDate = ({ name, present }: TextColumn, place: number) =>
    present > 0 && namesDate(name) && hold(place, (number) => !Number.isNaN(dayOfDigits(number)));
  const isTime = ({ name, present }: TextColumn, place: number) => {
    if (present === 0 || !namesTimeOfDay(name)) return false;
    const hasSeconds = !hold(place, (number) => !mustHaveSeconds(number));
    // Numbers below 100 may count anything.
    return (
      !hold(place, (number) => number < 100) &&
      hold(place, (number) => !Number.isNaN(timeOfDayOfDigits(number, hasSeconds)))
    );
  };
  const date = columns.findIndex(isDate);
  if (date < 0) return columns;
  const time = columns.findIndex((column, place) => place !== date && isTime(column, place));
  const isOther = ({ holds, part }: TextColumn, place: number) =>
    place !== date && holds === "clock" && part !== "piece" && part !== "date";
  if (time < 0 && !columns.some(isOther)) return columns;
  return columns.map((column, place) => {
    if (place === time) return { ...column, holds: "clock", part: "time of day" };
    return place === date ? { ...column, holds: "clock", part: "date" } : column;
  });
}

const monthName = /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*$/i;

/**
 * The columns, of which the month as a word, the day after it, and a year after the time of day are pieces of the clock:
 * `Mar 28 22:00:00` and `Sat Mar 28 22:00:00 2026` come before lines whose cells blanks separate too.
 */
function withMonthDays(columns: TextColumn[], cellsAt: (place: number) => string[]): TextColumn[] {
  const hold = (place: number, fits: (cell: string) => boolean) =>
    columns[place]?.holds !== "clock" && columns[place] !== undefined && cellsAt(place).every(fits);
  const isDay = (cell: string) => /^(?:0?[1-9]|[12]\d|3[01])$/.test(cell);
  const isYear = (cell: string) => /^(?:19|20)\d\d$/.test(cell);
  const time = columns.findIndex(
    ({ holds }, place) =>
      holds === "clock" && hold(place - 1, isDay) && hold(place - 2, (cell) => monthName.test(cell)),
  );
  if (time < 0) return columns;
  const last = hold(time + 1, isYear) ? time + 1 : time - 1;
  return columns.map((column, place) =>
    place !== time && place >= time - 2 && place <= last
      ? { ...column, holds: "clock", part: "piece" }
      : column,
  );
}

/** Words without those that came once among many, as damage makes them. */
function usualWords(words: readonly [word: string, count: number][], present: number): string[] {
  const isMany = present >= enoughCells;
  return words.flatMap(([word, count]) => (count > 1 || !isMany ? [word] : []));
}

/** Longer is no number with its unit, and no name with its unit: on what is longer patterns take the square of its length. */
const longestWithUnit = 100;

/** The unit after the first number of a column; null where there is none. */
function unitBehind(cells: readonly string[]): string | null {
  const number = cells.find((cell) => cell.length <= longestWithUnit && /^\s*[+-]?[\d.]/.test(cell)) ?? "";
  const unit =
    /^\s*[+-]?[\d.,'\u2019\u00a0\u202f]+(?:e[+-]?\d+)?\s*(?!e[+-]?\d)([^\d\s,.;'\u2019].*?)\s*$/i.exec(
      number,
    );
  return unit === null ? null : unit[1];
}

/** Units that a name may have after it in brackets: other brackets hold anything. */
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
  const wholes = clocks.filter(({ part }) => part === undefined);
  // One that stands still is the time of something else, such as the beginning.
  const whole = wholes.find(({ words }) => words.length !== 1) ?? wholes[0];
  const date = clocks.find(({ part }) => part === "date");
  const timeOfDay = clocks.find(({ part }) => part === "time of day");
  const wanted = date !== undefined && timeOfDay !== undefined ? [date, timeOfDay] : [whole ?? clocks[0]];
  return wanted.flatMap((column) => column?.name ?? []);
}

/** Seconds, milliseconds, microseconds and nanoseconds of the years 2001 to 2096. */
const epochs = [1, 1e3, 1e6, 1e9].map((unit) => [1e9 * unit, 4e9 * unit] as const);
/** Seconds since 1970 that no row of a file was written at: the year 2040. */
const farFuture = 2_208_988_800;
/** How far the steps of a counter are from the usual one, as a share of it. */
const mostlyEqual = 0.05;
const clockName =
  /^(t|ts|ms|us|millis|micros|uptime|elapsed|seconds|datum|fecha|(uhr|mess|system|orts)?zeit(stempel|punkt)?([^a-zäöüß].*)?|.*(time|date|epoch|stamp|clock).*)$/i;
/** Names of times since 1970, whatever they are times of. */
const epochName = /_(ts|utc|unix)$/i;

/** Words in the name of what is counted, which may have the size of a clock. */
const countedName =
  /energ|wh$|total|sum|count|pulse|impuls|meter|z(?:ae|ä)hler|byte|packet|volum|odo|consum|verbrauch|serial/i;

/** Whether numbers are a clock, or count the rows: they rise almost always, by their name or their size a clock does. */
function risingKind(name: string, cells: readonly string[]): "numbers" | "clock" | "counter" {
  const numbers = cells.map(numberIn).filter(Number.isFinite);
  if (numbers.length < fewestForRising) return "numbers";
  const steps = numbers.slice(1).map((number, index) => number - numbers[index]);
  const share = (fits: (step: number) => boolean) => steps.filter(fits).length / steps.length;
  const still = share((step) => step === 0);
  if (share((step) => step >= 0) < almostAll || still === 1) return "numbers";
  // Dates as digits have the size of seconds since 1970, and of milliseconds.
  const areDates = numbers.every((number) => !Number.isNaN(timeOfDigits(number)));
  if (areDates && mayBeDate(name, numbers[0])) return "clock";
  const isCount = areDates || (countedName.test(name) && !clockName.test(name) && !epochName.test(name));
  const epoch = epochs.find(([from, to]) => numbers[0] >= from && numbers[0] < to);
  if (epoch !== undefined && !isCount && isCalendar(numbers, steps, epoch[0] / 1e9)) return "clock";
  if (still > 0.5) return "numbers";
  const falls = steps.filter((step) => step < 0).length;
  if (falls > Math.max(mostRestarts, oftenFalling * steps.length)) return "numbers";
  if (share((step) => step === 1) >= almostAll) return "counter";
  return clockName.test(name) ? "clock" : "numbers";
}

/**
 * Whether numbers with these steps may be times since 1970 in units of which a second has `perSecond`: a counter of
 * microseconds of 32 bits has the size of seconds too, but steps by the same number of weeks then, into a far future, which
 * no calendar does but by whole hours.
 */
function isCalendar(numbers: readonly number[], steps: readonly number[], perSecond: number): boolean {
  const hour = 3600 * perSecond;
  if (numbers.every((number) => number < farFuture * perSecond)) return true;
  const usual = [...steps].sort((one, other) => one - other)[steps.length >> 1];
  const isMostly = (fits: (step: number) => boolean) => steps.filter(fits).length >= almostAll * steps.length;
  const areEqual = isMostly((step) => Math.abs(step - usual) <= mostlyEqual * usual);
  return usual < 24 * 7 * hour || !areEqual || isMostly((step) => step % hour === 0);
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
