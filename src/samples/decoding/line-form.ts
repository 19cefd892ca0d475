/** Finds the form of a line of text that is not known yet, with its names and cells. */
import { bar, blank, comma, semicolon, tab } from "./ascii.ts";
import { isClockText } from "./clock-text.ts";
import { surelyUnits, temperatureUnits, unitEndings, unitOpeners } from "./field-units.ts";
import { groupingOf, isCertain } from "./grouped-number.ts";
import { cellsOf, separatorsIn } from "./header.ts";
import { missingWords } from "./words.ts";

/** What a line consists of. */
export type LineKind =
  | "commas"
  | "semicolons"
  | "tabs"
  | "vertical bars"
  | "blanks"
  | "JSON objects"
  | "JSON arrays"
  | "tuples"
  | "name:value pairs"
  | "name=value pairs"
  | "names and values in turns"
  | "InfluxDB lines";

/** A line taken apart. */
export interface LineForm {
  kind: LineKind;
  /** The names of the cells; empty where the line has none, so that cells are matched by place. */
  names: string[];
  /** The cells as text, without quotes. */
  cells: string[];
  /** The last cell is the time of the line, which has no name in it. */
  isStamped?: boolean;
}

/** What a cell of a line holds. */
export type CellKind = "number" | "missing" | "truth" | "clock" | "word";

export const kindOfSeparator: Readonly<Record<number, LineKind>> = {
  [comma]: "commas",
  [semicolon]: "semicolons",
  [tab]: "tabs",
  [bar]: "vertical bars",
  [blank]: "blanks",
};

const unitPair = `(?:${unitOpeners.join("|")}) (?:${unitEndings.join("|")})`;
const unitText = `(?:\\s*(?:${unitPair}|(?:[*'\`](?=[CF]$))?[A-Za-z%°ºµΩμ℃℉](?:[A-Za-z%°ºµ²³Ωμ/^]|\\d(?!\\d)){0,11}))?`;
const pointNumber = new RegExp(`^(?:[+-] *)?(\\d+(\\.\\d*)?|\\.\\d+)(e[+-]?\\d+)?${unitText}$`, "i");
const commaNumber = new RegExp(`^(?:[+-] *)?\\d+,\\d+(e[+-]?\\d+)?${unitText}$`, "i");
/** Longer is no number with its unit: on what is longer patterns take the square of its length. */
const longestWithUnit = 100;
const hexadecimal = /^[+-]?0x/i;
const missingSet: ReadonlySet<string> = new Set(missingWords);

/** Whether a cell's comma may be the mark before its decimals, in a line of this kind. */
const mayHoldComma = (kind: LineKind, cell: string) =>
  // Where commas separate, a cell that holds one was in quotes, and digits in groups of three may be meant.
  !kind.startsWith("JSON") && kind !== "tuples" && (kind !== "commas" || !/,\d{3}$/.test(cell));

const numberWithUnit = new RegExp(`^([+-]?[\\d.,'\u2019\u00a0\u202f ]*\\d)(?!e[+-]?\\d)${unitText}$`, "i");

/** Returns the number of a cell without the unit after it; the cell where it is no number with a unit. */
export function withoutUnit(cell: string): string {
  return cell.length > longestWithUnit ? cell : (numberWithUnit.exec(cell)?.[1] ?? cell);
}

/** Returns what a cell holds. */
export function cellKindOf(cell: string, kind: LineKind): CellKind {
  const text = cell.trim();
  // Most cells are plain numbers.
  if (text !== "" && Number.isFinite(Number(text)) && !hexadecimal.test(text)) return "number";
  const lower = text.toLowerCase();
  if (text === "" || missingSet.has(lower)) return "missing";
  if (hexadecimal.test(text)) return "word";
  if (pointNumber.test(text) || (mayHoldComma(kind, text) && commaNumber.test(text))) return "number";
  const grouping = groupingOf(text);
  if (grouping !== null && isCertain(grouping)) return "number";
  if (/^(true|false|on|off|yes|no)$/.test(lower)) return "truth";
  return isClockText(text) ? "clock" : "word";
}

/** Returns the form of a line; null where it holds no number. */
export function lineFormOf(line: string): LineForm | null {
  if (/^[{[(]/.test(line)) return jsonForm(line);
  // Most lines are numbers alone: no name begins without a letter.
  if (!/[A-Za-z_=\u0080-\uffff]/.test(line)) return cellsForm(line);
  const influx = influxForm(line);
  if (influx !== null) return influx;
  const cells = cellsForm(line);
  const named = [pairsForm(line, ":"), pairsForm(line, "="), turnsForm(line)];
  // The word before a colon may be one for the whole line.
  return named.find((form) => form !== null && numbersIn(form) >= numbersIn(cells) / 2) ?? cells;
}

const numbersIn = (form: LineForm | null) =>
  form?.cells.filter((cell) => cellKindOf(cell, form.kind) === "number").length ?? 0;

/** Returns a line as cells, by the separator that makes most of them numbers. */
export function cellsForm(line: string): LineForm | null {
  let best: LineForm | null = null;
  let most = 0;
  for (const separator of separatorsIn(line)) {
    const kind = kindOfSeparator[separator];
    const cells = cellsOf(line, separator);
    // Blanks between date and time of day separate no cells where something else does.
    if (kind === "blanks" && best?.cells.some((cell) => cell.includes(" ") && isClockText(cell))) break;
    const kinds = cells.map((cell) => cellKindOf(cell, kind));
    if (!kinds.includes("number") && !kinds.includes("clock")) continue;
    const known = kinds.filter((holds) => holds !== "word" && holds !== "missing").length;
    const share = known / cells.length + (known > 1 ? 1 : 0);
    if (share <= most) continue;
    most = share;
    best = { kind, names: [], cells };
    // No other separator finds more.
    if (known === cells.length && known > 1) break;
  }
  return best;
}

function jsonForm(line: string): LineForm | null {
  const isTuple = line.startsWith("(");
  const text = isTuple ? arrayOfTuple(line) : jsonPart(line);
  const value = parsed(text) ?? parsed(text.replaceAll("'", '"'));
  if (value === undefined || value === null || typeof value !== "object") return null;
  const entries = flattened(value);
  if (entries === null || entries.length === 0) return null;
  const cells = entries.map(([, item]) => item);
  if (Array.isArray(value)) return { kind: isTuple ? "tuples" : "JSON arrays", names: [], cells };
  return { kind: "JSON objects", names: entries.map(([name]) => name), cells };
}

/** A tuple of Python as a JSON array; it may have a comma after its last value. */
function arrayOfTuple(line: string): string {
  if (!line.endsWith(")")) return line;
  const inner = line.slice(1, -1).trimEnd();
  return `[${inner.endsWith(",") ? inner.slice(0, -1) : inner}]`;
}

/** A line of JSON without what makes it a part of an array over several lines. */
function jsonPart(line: string): string {
  const value = line.replace(/,\s*$/, "");
  if (/^\[\s*\{/.test(value) && !value.endsWith("]")) return value.replace(/^\[\s*/, "");
  return value.startsWith("{") ? value.replace(/\}\]$/, "}") : value;
}

/** Parses JSON with the words that other programs write for its own. */
function parsed(text: string): unknown {
  const words = text
    .replace(/([:,[]\s*)(-?(?:NaN|Infinity)|None|undefined)\b/g, "$1null")
    .replace(/([:,[]\s*)(True|False)\b/g, (_, before: string, word: string) => before + word.toLowerCase());
  try {
    return JSON.parse(words);
  } catch {
    return undefined;
  }
}

/** Levels of arrays and objects within each other that are looked into. */
const mostLevels = 32;

/** The values of an object by their names, nested ones as `a.b`; null where it is nested too deeply. */
function flattened(value: object, path = "", levels = mostLevels): [string, string][] | null {
  if (levels === 0) return null;
  const entries: [string, string][] = [];
  for (const [name, item] of Object.entries(value)) {
    const full = path + name;
    if (typeof item !== "object" || item === null) {
      entries.push([full, item === null ? "" : String(item)]);
      continue;
    }
    const inner = flattened(item, `${full}.`, levels - 1);
    if (inner === null) return null;
    for (const entry of inner) entries.push(entry);
  }
  return entries;
}

/** Measurement, tags, fields and time; a backslash escapes what would separate them. */
const influxParts =
  /^((?:\\.|[^ =,\\])+)((?:,(?:\\.|[^ =\\])+=(?:\\.|[^ ,\\])+)*) ((?:\\.|[^ =\\])+=.*?)(?: (\d+))?$/;

const splitInflux = (text: string, separator: "," | "=") => text.split(new RegExp(`(?<!\\\\)${separator}`));

function influxForm(line: string): LineForm | null {
  const parts = influxParts.exec(line);
  if (parts === null || / [^ =,]+=/.test(parts[3].replace(/\\./g, ""))) return null;
  const pairs = [...splitInflux(parts[2], ",").slice(1), ...splitInflux(parts[3], ",")].map((pair) =>
    splitInflux(pair, "="),
  );
  if (pairs.some((pair) => pair.length !== 2)) return null;
  // What stands after the fields is their time, which has no name.
  const isStamped = parts[4] !== undefined && pairs.every(([name]) => name !== "time");
  if (isStamped) pairs.push(["time", parts[4]]);
  return {
    isStamped,
    kind: "InfluxDB lines",
    names: pairs.map(([name]) => name.replace(/\\([ ,=])/g, "$1")),
    cells: pairs.map(([, cell]) => cell.replace(/^"(.*)"$|^([+-]?\d+)[iu]$/, "$1$2")),
  };
}

/** What stands between a value and the next name: its unit, and the same in other units. */
function restOfValue(words: readonly string[]): RegExp {
  const unit = `(?:${unitPair}|[%°ºµ℃℉*'\`][^\\s:=,;|]*|(?:${words.join("|")})(?= ))`;
  const other = `[+-]?[\\d.]+ ?${unit}`;
  return new RegExp(`(?:${unit}(?: +${other})*|${other}(?: +${other})*) +(?=\\S)`, "y");
}

const restOfAny = restOfValue(surelyUnits);
const restOfTemperature = restOfValue([...surelyUnits, ...temperatureUnits]);
const temperatureName = /temp|heat|dew|^t/i;

/** The index after what belongs to the value before `at`. */
function behindValue(line: string, at: number, names: readonly string[], cells: readonly string[]): number {
  if (!/\d/.test(cells.at(-1) ?? "")) return at;
  const rest = temperatureName.test(names.at(-1) as string) ? restOfTemperature : restOfAny;
  rest.lastIndex = at;
  return rest.test(line) ? rest.lastIndex : at;
}

/** Parses a line as pairs, as the decoder does; returns null when it has none. */
function pairsForm(line: string, mark: ":" | "="): LineForm | null {
  const names: string[] = [];
  const cells: string[] = [];
  const commaSeparates = /,(?!\d+(?:[\s;|]|$))/.test(line);
  const inValue = commaSeparates ? "[^,;|\\t ]" : "(?:[^,;|\\t ]|(?<=\\d),(?=\\d))";
  const pair = new RegExp(
    `(["']?[A-Za-z_\\u0080-\\uffff][^${mark},;|\\t]*)${mark}[ \\t]*(${inValue}*) *(?:[,;]|[|\\t][ |\\t]*)? *`,
    "y",
  );
  const words = /[^:=,;|\t]*(?:[,;|\t] *|$)/y;
  for (let at = 0; at < line.length; ) {
    at = behindValue(line, at, names, cells);
    pair.lastIndex = at;
    const found = pair.exec(line);
    if (found !== null) {
      names.push(nameIn(found[1].trim(), mark));
      cells.push(found[2].replace(/^"(.*)"$/, "$1"));
      at = pair.lastIndex;
      continue;
    }
    // A unit, or more words of a value that is not a number.
    words.lastIndex = at;
    if (cells.length === 0 || words.exec(line) === null || words.lastIndex === at) return null;
    at = words.lastIndex;
  }
  const kind = mark === ":" ? "name:value pairs" : "name=value pairs";
  return names.length > 0 ? { kind, names, cells } : null;
}

/** A name without quotes; words before it that `=` ends are none of it. */
function nameIn(text: string, mark: string): string {
  return mark === "=" ? (text.split(" ").at(-1) as string) : text.replace(/^"(.*)"$/, "$1");
}

/** A line in which names and values take turns. */
function turnsForm(line: string): LineForm | null {
  for (const separator of separatorsIn(line)) {
    const cells = cellsOf(line, separator).filter((cell) => cell !== "");
    const names = cells.filter((_, place) => place % 2 === 0);
    const values = cells.filter((_, place) => place % 2 === 1);
    const kind = kindOfSeparator[separator];
    const areNames = names.every((name) => cellKindOf(name, kind) === "word" && /^[A-Za-z_]/.test(name));
    const areValues = values.every((cell) => ["number", "truth"].includes(cellKindOf(cell, kind)));
    if (values.length >= 2 && names.length === values.length && areNames && areValues)
      return { kind: "names and values in turns", names, cells: values };
  }
  return null;
}

/** The byte that separates the cells of lines of a kind; a comma where they are no cells. */
export function separatorOfKind(kind: LineKind): number {
  const found = Object.entries(kindOfSeparator).find(([, name]) => name === kind);
  return found === undefined ? comma : Number(found[0]);
}
