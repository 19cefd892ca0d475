/** Recognizes lines of text, as decoding/lines.ts describes them, in unknown bytes: by the same reading. */

import { safe } from "../../wording/safe.ts";
import { asSeen, type ClockLook } from "../decoding/clock-look.ts";
import { partOfClock } from "../decoding/clock-text.ts";
import { defineFields, type FieldDescription, isFieldName } from "../decoding/fields.ts";
import { foreignText } from "../decoding/foreign-text.ts";
import type { LineKind } from "../decoding/line-form.ts";
import { unwanted } from "../decoding/line-reading.ts";
import { createLineDecoder, type LineCounts, longestLineBytes, type RefusedLine } from "../decoding/lines.ts";
import {
  clockAmong,
  doubtsAbout,
  lookAtText,
  type TextColumn,
  type TextLook,
} from "../decoding/text-look.ts";
import { SampleRing } from "../ring.ts";
import { clockFields, plainClock, SampleClock } from "../sample-clock.ts";
import { areTruths, classNamesIn } from "./class-names.ts";
import { observe } from "./observation.ts";
import type { RecognizedStream } from "./recognized-stream.ts";
import { targetRank } from "./target-names.ts";

/** A recognized stream of lines. Each of its fields is a number in most lines, or a class. */
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

const fewestLines = 3;
/** Rows in which the same number each time does not change. */
const enoughRows = 16;
/** Most columns of a stream for which a config is written: it would be larger than a config may be. */
const mostColumns = 2000;
/** Longest line in bytes that is examined: a decoder refuses longer ones, whatever their columns. */
const longestLine = longestLineBytes(mostColumns);
/** Bytes in which another reading is looked for. */
const shownBytes = 1 << 14;
/** Share of the lines that must name a value for it to be a field: others come from another kind of line. */
const almostAlways = 0.6;
/** Share of the rows that must have a value in a column for it to be a field: a slower sensor has it now and then. */
const nowAndThen = 0.05;
/** Longest part of a word that is shown. */
const longestExample = 32;
/** Most words of a column that are classes. */
const mostWords = 20;

/** Recognizes lines of numbers. Parameters and result are those of a `Recognizer`. */
export function recognizeLines(bytes: Uint8Array, startsAtLine = false): LineStream | string | null {
  const text = withoutLongLines(bytes);
  const foreign = foreignText(text);
  if (foreign !== null) return foreign;
  const look = lookAtText(text, startsAtLine);
  // Lines of a name and a value are blocks.
  if (look?.turns !== undefined && look.columns.length === 2) return null;
  if (look === null || look.rows < fewestLines || 2 * look.rows < look.lines - 1) {
    return aboutSentences(text);
  }
  if (look.columns.length > mostColumns) return aboutColumns(look.columns.length);
  const clock = clockAmong(look.columns.filter(({ name }) => isFieldName(name)));
  const wanted = wantedColumns(look, clock);
  if (wanted.length === 0) return aboutWords(look);
  const numbers = wanted.filter(({ holds }) => holds === "numbers");
  if (look.turns !== undefined && numbers.length === 1) return aboutTurns(look.turns.words);
  return decodeLines(bytes, look, wanted, clock, startsAtLine);
}

function aboutColumns(count: number): string {
  return (
    `each line has ${count} columns, more than a config can list (${mostColumns}); ` +
    "name those to learn from in source.fields, or use rivulet replay with --target"
  );
}

/** Says that each line holds one value, of another quantity than the one before. */
function aboutTurns(turns: readonly string[]): string {
  const shown = turns
    .slice(0, 4)
    .map((word) => word.slice(0, longestExample))
    .join(", ");
  return (
    `each line holds one value, and a word says of what (${shown}); ` +
    "let the device print all values in a line, or make a column of each"
  );
}

/** The columns that are fields: numbers, and at most one of words, which are classes. */
function wantedColumns({ columns, namedBy, rows, turns }: TextLook, clock: readonly string[]): TextColumn[] {
  const share = namedBy === "lines" ? almostAlways : nowAndThen;
  const usable = columns.filter(
    ({ name, present }, place) =>
      isFieldName(name) &&
      !clock.includes(name) &&
      name !== turns?.column &&
      present >= Math.max(share * rows, 1) &&
      columns.findIndex((other) => other.name === name) === place,
  );
  const words = wordsToPredict(usable);
  return usable.filter((column) => column === words || column.holds === "numbers");
}

/** The column of words that are to be predicted: by its name, else the last of a few words that come again. */
function wordsToPredict(columns: readonly TextColumn[]): TextColumn | null {
  const isNamed = ({ name }: TextColumn) => targetRank(name) > 0;
  const holdTruths = columns.filter((column) => isNamed(column) && areTruths(column.words));
  const holdWords = columns.filter(({ holds }) => holds === "words");
  const named = [...holdWords, ...holdTruths].findLast(
    (column) => isNamed(column) && column.words.length > 0,
  );
  if (named !== undefined) return named;
  if (columns.some((column) => isNamed(column) && column.holds === "numbers")) return null;
  const areClasses = ({ words, present }: TextColumn) =>
    words.length >= 2 && words.length <= mostWords && present >= 2 * words.length && words.every(isWord);
  return holdWords.findLast(areClasses) ?? null;
}

/** Whether a text is a class rather than a message, an address or a damaged number. */
const isWord = (text: string) => /^\p{L}[\p{L}\p{N} _-]{0,31}$/u.test(text) && partOfClock(text) === null;

/** What is read of lines, and how. */
interface Reading {
  look: TextLook;
  wanted: readonly TextColumn[];
  /** Columns that hold the time. */
  clock: readonly string[];
  /** Names of the columns by place; undefined where the lines name their values. */
  places: readonly string[] | undefined;
  startsAtLine: boolean;
}

/** Decodes the bytes as the daemon would, and says what came of it; a sentence where almost all was refused. */
function decodeLines(
  bytes: Uint8Array,
  look: TextLook,
  wanted: readonly TextColumn[],
  clock: readonly string[],
  startsAtLine: boolean,
): LineStream | string | null {
  const places =
    look.namedBy === "lines" ? undefined : placesOf(look, [...wanted.map(({ name }) => name), ...clock]);
  const reading: Reading = { look, wanted, clock, places, startsAtLine };
  const result = readWithCodes(bytes, reading);
  const { counts, refusals } = result.decoder;
  if (counts.samples === 0) return null;
  if (counts.samples + counts.rejected < counts.damaged) return aboutRefused(refusals[0], counts);
  if (result.observation.fields.every(({ distinct }) => distinct === 1)) {
    const changing = look.columns.find(hidesNumbers);
    if (changing !== undefined && counts.samples >= enoughRows) return aboutConstants(look, wanted, changing);
  }
  return { ...described(reading, result), otherReading: otherReadingOf(look, bytes) };
}

/** Reads once to see which values stand for a missing one, and again with these as missing where there are any. */
function readWithCodes(bytes: Uint8Array, reading: Reading) {
  const descriptions = reading.wanted.map(describe);
  const first = readAs(descriptions, bytes, reading);
  const codes = first.observation.fields.map((field) => field.codes);
  if (codes.every(({ length }) => length === 0)) return first;
  const second = readAs(
    descriptions.map((field, index) =>
      codes[index].length > 0 ? { ...field, missing: codes[index] } : field,
    ),
    bytes,
    reading,
  );
  for (const [index, field] of second.observation.fields.entries()) field.codes = codes[index];
  return second;
}

function readAs(
  descriptions: readonly FieldDescription[],
  bytes: Uint8Array,
  { look, clock, places, startsAtLine }: Reading,
) {
  const fields = defineFields(descriptions);
  const time = clock.length === 0 ? null : plainClock(clock);
  const clockColumn = (name: string) => look.columns.find((column) => column.name === name) as ClockLook;
  const hidden =
    time === null ? [] : clockFields(time).map((field) => asSeen(field, clockColumn(field.name)));
  const ring = new SampleRing(fields.length + hidden.length, 256, "pause");
  const decoder = createLineDecoder([...fields, ...hidden], ring, {
    startsAtLine,
    columns: places,
    passNonFinite: true,
    // A file may have such lines whatever its columns.
    maximumLineBytes: startsAtLine ? longestLine : undefined,
    decimal: look.decimal,
    joinsQuoted: startsAtLine,
    firstLine: look.headerLine,
    width: look.width,
  });
  const observation = observe(fields, decoder, ring, bytes, time && new SampleClock(time));
  return { fields, decoder, observation };
}

function described(
  { look, wanted, clock, places }: Reading,
  { fields, decoder, observation }: ReturnType<typeof readAs>,
): LineStream {
  const { kind, namedBy, columns, decimal } = look;
  const { counts, refusals } = decoder;
  const leftOut = columns.flatMap((column, place) =>
    wanted.includes(column) || clock.includes(column.name) ? [] : [leftOutText(column, place, look)],
  );
  const passedOver = columns.flatMap((column) =>
    wanted.includes(column) || column.name === "" ? [] : [column.name],
  );
  return {
    framing: "lines",
    fields,
    observation,
    counts,
    understood: counts.samples / (counts.samples + counts.damaged),
    description: columns.length === 1 ? "lines of one value" : `lines of ${kind}${naming[namedBy ?? "none"]}`,
    settings: {},
    troubles: [[counts.skipped, "skipped because reading began inside it"]],
    passedOver,
    leftOut,
    ...(places === undefined ? {} : { places }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(clock.length === 0 ? {} : { clock, ...dateOrderOf(clock, look) }),
    units: wanted.map(({ unit }) => unit ?? null),
    odd: wanted.map(({ odd }) => odd),
    words: wanted.map(({ words }) => words),
    refused: refusals.map(({ line, text }) => `line ${line}: ${text}`),
    doubts: doubtsAbout(look),
    findings: { kind, namedBy, passedOver },
  };
}

function describe({ name, holds, words }: TextColumn): FieldDescription {
  if (holds !== "words" && !(targetRank(name) > 0 && areTruths(words))) return { name };
  const classes = classNamesIn(words);
  return { name, classes, mostClasses: classes.length };
}

/** The order of dates, where a reader that sees one at a time would take another, or times of day for dates. */
function dateOrderOf(clock: readonly string[], { columns }: TextLook): Pick<RecognizedStream, "dateOrder"> {
  const found = columns.find(({ name }) => name === clock[0]);
  if (found?.dateOrder === "month-first") return { dateOrder: "month-first" };
  const [{ pointed }] = clockFields(plainClock(clock));
  return clock.length === 1 && found?.part === "date" && pointed !== "date" ? { dateOrder: "day-first" } : {};
}

/** The names of all columns by place, `_` for those that are not wanted. */
function placesOf({ columns }: TextLook, names: readonly string[]): string[] {
  return columns.map(({ name }, place) => {
    const isFirst = columns.findIndex((other) => other.name === name) === place;
    return isFirst && names.includes(name) ? name : unwanted;
  });
}

/** Names a word of the column: what looks like a number to people may be none here. */
function wordsText({ words, example }: TextColumn): string {
  const word = words[0] ?? example;
  return word === undefined ? "words" : `words such as ${safe(word.slice(0, longestExample))}`;
}

/** Which column is left out, and why. */
function leftOutText(column: TextColumn, place: number, { rows, namedBy }: TextLook): string {
  const { name, holds, present, words } = column;
  const called = name === "" || namedBy === null ? `column ${place + 1}` : name;
  const what = {
    numbers: isFieldName(name) ? "a number" : "a name that no config can hold",
    words: words.length === 1 ? "always the same word" : wordsText(column),
    clock: column.part === "piece" ? "a part of the date" : "another clock",
    counter: "a counter of the rows",
    nothing: "nothing",
  }[holds];
  const share =
    holds !== "nothing" && present < almostAlways * rows
      ? ` in ${Math.round((100 * present) / rows)} % of the lines`
      : "";
  return `${called}: ${what}${share}`;
}

/**
 * What the lines hold where the comma is the decimal mark: `20,39` may be one number. Null where they hold nothing else
 * than what was found.
 */
function otherReadingOf(
  { kind, columns, namedBy }: TextLook,
  bytes: Uint8Array,
): RecognizedStream["otherReading"] {
  if (kind !== "commas" || columns.length !== 2 || namedBy !== null) return null;
  const text = new TextDecoder().decode(bytes.subarray(0, shownBytes));
  const lines = text
    .split(/[\r\n]+/)
    .slice(0, -1)
    .map((line) => line.trim());
  const rows = lines.filter((line) => /^[+-]?\d+,\d+$/.test(line));
  if (rows.length < fewestLines || 2 * rows.length < lines.length) return null;
  const decimals = rows.map((row) => row.split(",")[1]);
  const haveZeros = decimals.some((digits) => digits.length > 1 && digits.startsWith("0"));
  const areAsLong = decimals.every(({ length }) => length === decimals[0].length) && decimals[0].length > 1;
  if (!haveZeros && !areAsLong) return null;
  const [example] = rows;
  return { example, isLikelier: haveZeros, number: example.replace(",", "."), numbers: example.split(",") };
}

/** Says that most lines cannot be read as the others are. */
function aboutRefused({ line, text }: RefusedLine, { damaged, samples, rejected }: LineCounts): string {
  const all = damaged + samples + rejected;
  return `most lines are not samples (${damaged} of ${all}; line ${line}: ${safe(text)}); let the device print the same values in each line, as decimal numbers`;
}

/** A number by itself or in quotes among words, as identifiers and addresses have none. */
const numberAmongWords = /(?:^|[\s'"])[+-]?\d+(?:[.,]\d+)?(?![\p{L}\d:.,_-])/u;

/** Whether the words of a column change and hold numbers: a device may be quiet beside an identifier that changes. */
function hidesNumbers({ holds, words, example = "" }: TextColumn): boolean {
  return holds === "words" && words.length !== 1 && numberAmongWords.test(words[0] ?? example);
}

/** Says that the only numbers are always the same, and the others inside words. */
function aboutConstants(look: TextLook, wanted: readonly TextColumn[], changing: TextColumn): string {
  const names = wanted.map(({ name }) => name).join(", ");
  return (
    `found lines of ${look.kind} in which all numbers (${names}) stay the same, and other columns hold ` +
    `${wordsText(changing)}; let the device print the numbers alone`
  );
}

/** Says what lines hold of which no column is a field. */
function aboutWords({ kind, columns, namedBy, rows }: TextLook): string | null {
  const named = columns.filter(({ name }) => name !== "");
  if (
    namedBy === "lines" &&
    named.some(({ holds, present }) => holds === "numbers" && present < almostAlways * rows)
  ) {
    return `found ${kind}, but none of their names (${named
      .slice(0, 8)
      .map(({ name }) => name)
      .join(", ")}) has a number in every line; let the device print all values in each line`;
  }
  const held = columns.map(({ holds }, place) => `column ${place + 1} holds ${holds}`).slice(0, 8);
  return `found lines of ${kind} without a value to learn from: ${held.join(", ")}; let the device print what it measures too`;
}

/** Describes lines that hold numbers inside words or sentences; null for other lines. */
function aboutSentences(bytes: Uint8Array): string | null {
  const lines = new TextDecoder()
    .decode(bytes.subarray(0, 1 << 18))
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  const withNumbers = lines.filter(
    (line) => /\d/.test(line) && /[A-Za-z]/.test(line) && !/[^ -~\u00a0-\u024f\t]/.test(line),
  );
  if (withNumbers.length < fewestLines || 2 * withNumbers.length < lines.length) return null;
  if (2 * withNumbers.filter((line) => /^[{[]/.test(line)).length > withNumbers.length) {
    return "found JSON, but no number in most of its lines; let the device print its values in each line";
  }
  return (
    "found lines with numbers between words; let the device print the numbers alone, " +
    "as 21.5,40, or with names, as temperature:21.5,humidity:40"
  );
}

/** The bytes without lines that are too long to be examined. */
function withoutLongLines(bytes: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let start = 0;
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) continue;
    if (at - start > longestLine) {
      kept.push(bytes.subarray(from, start));
      from = at + 1;
    }
    start = at + 1;
  }
  return from === 0 ? bytes : Buffer.concat([...kept, bytes.subarray(Math.min(from, bytes.length))]);
}
