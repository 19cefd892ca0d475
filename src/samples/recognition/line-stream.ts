/** Recognizes lines, as decoding/lines.ts describes them, in unknown bytes. */
import { lineFeed } from "../decoding/ascii.ts";
import { defineFields, isFieldName } from "../decoding/fields.ts";
import { createLineDecoder, type LineCounts } from "../decoding/lines.ts";
import { SampleRing } from "../ring.ts";
import { observe } from "./observation.ts";
import type { RecognizedStream } from "./recognized-stream.ts";

/** What a line consists of. */
export type LineKind =
  | "commas"
  | "semicolons"
  | "tabs"
  | "blanks"
  | "JSON objects"
  | "JSON arrays"
  | "name:value pairs";

/** A recognized stream of lines. Each of its fields is a number in almost every line. */
export interface LineStream extends RecognizedStream {
  counts: Readonly<LineCounts>;
  findings: {
    kind: LineKind;
    /** Where the names of the fields come from; null: the lines have none, so fields are numbered by position. */
    namedBy: "header" | "lines" | null;
    passedOver: readonly string[];
  };
}

/** Words for the origin of the names, in a description. */
const naming = { header: ", names from a header line", lines: "", none: ", without names" } as const;

/** One parsed line. */
interface Shape {
  kind: LineKind;
  /** For pairs and objects; empty otherwise. */
  names: string[];
  /** Whether each value is a number, [columns]. */
  numeric: boolean[];
}

const fewestLines = 3;
/** Most lines that are examined one by one. */
const mostLines = 2000;
/** Longest line in bytes that is examined. */
const longestLine = 1 << 14;
/** Share of the lines in which a value must be a number to count as a field. */
const almostAll = 0.9;

const numberText = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const nonFiniteText = /^[+-]?(nan|inf|infinity|ovf)$/i;
const isNumber = (text: string) => numberText.test(text) || nonFiniteText.test(text);

/** Recognizes lines of numbers. Parameters and result are those of a `Recognizer`. */
export function recognizeLines(bytes: Uint8Array, startsAtLine = false): LineStream | string | null {
  const lines = linesOf(bytes);
  // The first line may be incomplete. It may still be the header: a board that resets when its port is opened sends it
  // first.
  const shapes = lines.map((line, index) => (index === 0 && !startsAtLine ? null : shapeOf(line)));
  const counts = new Map<string, number>();
  for (const shape of shapes) {
    if (shape?.numeric.includes(true)) counts.set(keyOf(shape), (counts.get(keyOf(shape)) ?? 0) + 1);
  }
  const [winner] = [...counts].sort((one, other) => other[1] - one[1]);
  if (winner === undefined || winner[1] < fewestLines || 2 * winner[1] < lines.length - 1) {
    return aboutSentences(lines);
  }
  const chosen = shapes.filter(
    (shape): shape is Shape => shape !== null && keyOf(shape) === winner[0] && shape.numeric.includes(true),
  );
  const { kind } = chosen[0];
  const named = kind === "JSON objects" || kind === "name:value pairs";
  const columns = named ? namedColumns(chosen) : placedColumns(chosen, headerOf(lines, shapes, winner[0]));
  if (typeof columns === "string") return columns;
  const { names, passedOver } = columns;
  const namedBy = named ? "lines" : columns.hasHeader ? "header" : null;
  const fields = defineFields(names.map((name) => ({ name })));
  const ring = new SampleRing(fields.length, 256, "pause");
  const decoder = createLineDecoder(fields, ring, { startsAtLine });
  const observation = observe(fields, decoder, ring, bytes);
  const { samples, rejected, damaged } = decoder.counts;
  if (samples + rejected === 0) return null;
  const understood = (samples + rejected) / (samples + rejected + damaged);
  return {
    framing: "lines",
    fields,
    observation,
    counts: decoder.counts,
    understood,
    description: `lines of ${kind}${naming[namedBy ?? "none"]}`,
    settings: {},
    troubles: [[decoder.counts.skipped, "skipped because reading began inside it"]],
    passedOver,
    findings: { kind, namedBy, passedOver },
  };
}

/** Describes lines that hold numbers inside words or sentences; null for other lines. */
function aboutSentences(lines: readonly string[]): string | null {
  const withNumbers = lines.filter(
    (line) => /\d/.test(line) && /[A-Za-z]/.test(line) && !/[^ -~\u00a0-\u024f\t]/.test(line),
  );
  if (withNumbers.length < fewestLines || 2 * withNumbers.length < lines.length) return null;
  if (2 * withNumbers.filter((line) => /^[{[]/.test(line)).length > withNumbers.length) {
    return "found JSON, but no plain number at its top level; let the device print numbers without quotes and without nesting";
  }
  return (
    "found lines with numbers between words or units; let the device print the numbers alone, " +
    "as 21.5,40, or with names, as temperature:21.5,humidity:40"
  );
}

interface Columns {
  names: string[];
  passedOver: string[];
  hasHeader: boolean;
}

/** Returns the names that have a number in almost every line, in the order in which they appear. */
function namedColumns(shapes: readonly Shape[]): Columns | string {
  const numbers = new Map<string, number>();
  for (const { names, numeric } of shapes) {
    for (const [index, name] of names.entries()) {
      numbers.set(name, (numbers.get(name) ?? 0) + (numeric[index] ? 1 : 0));
    }
  }
  const all = [...numbers.keys()];
  const names = all.filter(
    (name) => (numbers.get(name) ?? 0) >= almostAll * shapes.length && isFieldName(name),
  );
  if (names.length === 0) {
    return (
      `found ${shapes[0].kind}, but none of their names (${all.slice(0, 8).join(", ")}) has a number in every ` +
      "line; let the device print all values in each line"
    );
  }
  return { names, passedOver: all.filter((name) => !names.includes(name)), hasHeader: false };
}

/** Returns the columns of lines without names: those of a header, or else all by position. */
function placedColumns(shapes: readonly Shape[], header: string[] | null): Columns | string {
  const numeric = shapes[0].numeric.map(
    (_, column) => shapes.filter((shape) => shape.numeric[column]).length >= almostAll * shapes.length,
  );
  if (header !== null) {
    const names = header.filter((name, column) => numeric[column] && isFieldName(name));
    if (names.length > 0) {
      return { names, passedOver: header.filter((name) => !names.includes(name)), hasHeader: true };
    }
  }
  const text = numeric.indexOf(false);
  if (text >= 0) {
    return (
      `found lines of ${numeric.length} columns, but column ${text + 1} is not a number; let the device print ` +
      "only numbers, or first a header line with the names of the columns"
    );
  }
  return { names: numeric.map((_, index) => `field${index + 1}`), passedOver: [], hasHeader: false };
}

/** Returns the cells of a header: a line without numbers and repetitions, directly above a line of the chosen kind. */
function headerOf(lines: readonly string[], shapes: readonly (Shape | null)[], key: string): string[] | null {
  for (let index = 0; index + 1 < lines.length; index++) {
    const below = shapes[index + 1];
    if (below === null || keyOf(below) !== key || shapes[index]?.numeric.includes(true)) continue;
    const { cells } = cellsOf(lines[index]);
    const names = cells.map((cell) => cell.replace(/^"(.*)"$/, "$1"));
    if (names.some(isNumber) || new Set(names).size !== names.length) continue;
    if (names.length === below.numeric.length) return names;
  }
  return null;
}

function linesOf(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  const decoder = new TextDecoder();
  let start = 0;
  while (lines.length < mostLines) {
    const end = bytes.indexOf(lineFeed, start);
    if (end < 0) break;
    // Empty lines are skipped, except the first, which may be the rest of a line.
    const isEmpty = end === start || (end === start + 1 && bytes[start] === 0x0d);
    if (end - start <= longestLine && (start === 0 || !isEmpty)) {
      const line = decoder.decode(bytes.subarray(start, end)).trim();
      if (line !== "" || start === 0) lines.push(line);
    }
    start = end + 1;
  }
  return lines;
}

/** Lines with equal keys are of one kind and, where columns are matched by position, of one width. */
function keyOf({ kind, names, numeric }: Shape): string {
  return names.length > 0 ? kind : `${kind}/${numeric.length}`;
}

function shapeOf(line: string): Shape | null {
  if (line.startsWith("{") || line.startsWith("[")) return jsonShape(line);
  const { kind, cells } = cellsOf(line);
  const numeric = cells.map(isNumber);
  if (numeric.every(Boolean)) return { kind, names: [], numeric };
  const pairs = pairsShape(line);
  if (pairs?.numeric.includes(true)) return pairs;
  // Words between blanks are a sentence; between commas they may be a column of text.
  return kind === "blanks" ? null : { kind, names: [], numeric };
}

function cellsOf(line: string): { kind: LineKind; cells: string[] } {
  const [separator] = /[,;\t]/.exec(line) ?? [" "];
  const kind = ({ ",": "commas", ";": "semicolons", "\t": "tabs" } as const)[separator] ?? "blanks";
  const cells = line.split(kind === "blanks" ? /\s+/ : /[,;\t]/).map((cell) => cell.trim());
  if (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return { kind, cells };
}

function jsonShape(line: string): Shape | null {
  let value: unknown;
  try {
    value = JSON.parse(line.replace(/([:,[]\s*)-?(?:NaN|Infinity)\b/g, "$1null"));
  } catch {
    return null;
  }
  const isNumeric = (item: unknown) => typeof item === "number" || typeof item === "boolean" || item === null;
  if (Array.isArray(value)) return { kind: "JSON arrays", names: [], numeric: value.map(isNumeric) };
  const entries = Object.entries(value as object);
  return {
    kind: "JSON objects",
    names: entries.map(([name]) => name),
    numeric: entries.map(([, item]) => isNumeric(item)),
  };
}

/** Parses a line as pairs, as the decoder does; returns null when it has none. */
function pairsShape(line: string): Shape | null {
  const names: string[] = [];
  const numeric: boolean[] = [];
  const pair = /([^:,;\t]*):[ \t]*([^,;\t ]*) *[,;\t]? */y;
  const words = /[^:,;\t]*(?:[,;\t] *|$)/y;
  for (let at = 0; at < line.length; ) {
    pair.lastIndex = at;
    const found = pair.exec(line);
    if (found !== null) {
      names.push(found[1].trim());
      numeric.push(isNumber(found[2]));
      at = pair.lastIndex;
      continue;
    }
    // More words of a value that is not a number.
    words.lastIndex = at;
    if (numeric.at(-1) !== false || words.exec(line) === null) return null;
    at = words.lastIndex;
  }
  return { kind: "name:value pairs", names, numeric };
}
