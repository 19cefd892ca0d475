/** Writes a first config for a recognized stream. */
import { mostClasses } from "../../learner/target.ts";
import { unwanted } from "../../samples/decoding/line-reading.ts";
import { framings } from "../../samples/framings/framings.ts";
import { areTruths, classesFor, classNamesIn } from "../../samples/recognition/class-names.ts";
import { manyValues, type ObservedField } from "../../samples/recognition/observation.ts";
import type { RecognizedStream } from "../../samples/recognition/recognized-stream.ts";
import { targetRank } from "../../samples/recognition/target-names.ts";
import { safe, safeJson } from "../../wording/safe.ts";
import {
  featureLines,
  isMachine,
  type ProposedFeatures,
  proposedFeatures,
  rateText,
} from "./starting-features.ts";
import { word } from "./yaml-word.ts";

/** Most classes of a column by its name: with more values it is probably a count or a rounded number. */
const mostClassesByName = 20;
/** Most classes of a column that only behaves like one. */
const mostLikelyClasses = 10;
/** Share of whole samples below which a missing value is better filled in than its sample left out. */
const usuallyWhole = 0.9;

/** Where the bytes came from, as the config names it. */
export type StartingSource = { path: string; baudRate: number } | { file: string } | "stdin";

/** A column that the config may use. */
interface Column extends ObservedField {
  unit: string | null;
  /** Its different values as written, if they are few. */
  words: readonly string[];
  /** Its values are the indices of its words. */
  holdsWords: boolean;
  type: string;
}

/**
 * Returns the text of a first config for a recognized stream. Its target is a column that has the name of one, the last
 * of several; else one that behaves like a class; else the last one that is neither a clock nor constant. Where there
 * is none, the target stands in a comment for the user to fill in. Of a machine's columns without a label, and of a single
 * one, it watches for what is unlike normal instead; where nothing tells the time of a single one, it is forecast. Features
 * of the past follow from the rate.
 *
 * @param rate samples a second; null where it is not known
 * @returns null without a column of numbers, or with one of words alone
 */
export function startingConfig(
  stream: RecognizedStream,
  source: StartingSource,
  rate = stream.observation.samplesPerSecond,
): string | null {
  const { observation, fields, places, clock = [] } = stream;
  const columns = observation.fields.map(
    (field, index): Column => ({
      ...field,
      unit: stream.units?.[index] ?? null,
      words: stream.words?.[index] ?? [],
      holdsWords: fields[index].classes !== undefined,
      type: fields[index].type,
    }),
  );
  const isText = !framings[stream.framing].isBinary;
  // A network learns nothing from a clock; a frame is read as a whole.
  const used = columns.filter((column) => !(isText && column.rising));
  if (used.length === 0 || (used.length === 1 && used[0].holdsWords)) return null;
  const target = used.length === 1 ? null : targetOf(used);
  const lines = ["source:", ...sourceLines(stream, source)];
  if (clock.length > 0) lines.push(timeLine(clock, stream.dateOrder));
  const rising = columns.filter((column) => !used.includes(column)).map(({ name }) => safeJson(name));
  const remarkOnList = isText
    ? rising.length === 0
      ? ""
      : ` # without ${rising.join(", ")}, a clock or a counter`
    : " # the types are a guess: a frame does not say how its bytes are packed";
  const listed = listedColumns(places, used, clock);
  lines.push(`  fields:${remarkOnList}`, ...listed.map((item) => fieldLine(item, isText)));
  const inputs = used.filter((column) => column !== target);
  lines.push(...valueLines(stream, inputs));
  const isCounted = typeof source === "object" && "file" in source;
  if (used.length > 1) lines.push(...taskLines(used, target, { rate, isCounted }));
  else
    lines.push(
      ...seriesLines(used[0].name, { rate, isTimed: !isCounted || rate !== null || clock.length > 0 }),
    );
  return `${lines.join("\n")}\n`;
}

const groupsText = {
  comma: "points separate groups of digits, as in 1.200,5",
  point: "commas separate groups of digits, as in 1,200.5",
};

function sourceLines(stream: RecognizedStream, source: StartingSource): string[] {
  const { framing, framingText, settings, otherReading, decimal } = stream;
  const origin =
    source === "stdin"
      ? "  stdin: true"
      : "file" in source
        ? `  file: ${word(source.file)}`
        : `  serial: { path: ${word(source.path)}, baudRate: ${source.baudRate} }`;
  const lines = [origin];
  // A file of text needs no framing.
  if (typeof source === "string" || !("file" in source) || framing !== "lines") {
    lines.push(`  framing: ${framingText ?? framing}`);
  }
  for (const [key, value] of Object.entries(settings)) lines.push(`  ${key}: ${value}`);
  if (otherReading) {
    const { example, number } = otherReading;
    lines.push(`  decimal: point # or comma, if ${example} is the one number ${number}`);
  }
  if (decimal !== undefined) lines.push(`  decimal: ${decimal} # ${groupsText[decimal]}`);
  return lines;
}

function timeLine(clock: readonly string[], dateOrder: RecognizedStream["dateOrder"]): string {
  const column = clock.length === 1 ? word(clock[0]) : `[${clock.map(word).join(", ")}]`;
  return `  time: ${dateOrder === undefined ? column : `{ column: ${column}, dateOrder: ${dateOrder} }`}`;
}

/** The columns in the order of the config: all by place, `_` for what is not wanted; or those that are used by name. */
function listedColumns(
  places: readonly string[] | undefined,
  used: readonly Column[],
  clock: readonly string[],
): (Column | string)[] {
  if (places === undefined) return [...used];
  return places.map((name) => {
    const column = used.find((other) => other.name === name);
    return column ?? (clock.includes(name) ? name : unwanted);
  });
}

function fieldLine(item: Column | string, isText: boolean): string {
  if (typeof item === "string") return `    - ${item === unwanted ? unwanted : `${word(item)} # the clock`}`;
  const { name, type, codes } = item;
  const keys = [
    ...(isText ? [] : [`type: ${type}`]),
    ...(codes.length === 0 ? [] : [`missing: [${codes.join(", ")}]`]),
  ];
  const written = keys.length === 0 ? word(name) : `{ name: ${word(name)}, ${keys.join(", ")} }`;
  return `    - ${written}${remark(item)}`;
}

/** What becomes of samples without a value, where many lack one. */
function valueLines({ observation, counts }: RecognizedStream, inputs: readonly Column[]): string[] {
  const lacking = inputs.filter(({ absent }) => absent > 0);
  if (lacking.length === 0 || observation.samples >= usuallyWhole * counts.samples) return [];
  const holdFor = Math.max(10, ...lacking.map(({ absentInARow }) => 2 * absentInARow));
  const names = lacking.map(({ name }) => safe(name)).join(", ");
  return [
    "  values:",
    `    missing: hold # ${names} ${lacking.length === 1 ? "has" : "have"} no value in many lines: the last one is repeated`,
    `    holdFor: ${holdFor}`,
  ];
}

/** The rate, features, and what is learned: a target, or what is normal. */
function taskLines(
  used: readonly Column[],
  target: Column | null,
  { rate, isCounted }: { rate: number | null; isCounted: boolean },
): string[] {
  const numbers = used.filter(({ holdsWords, rising, distinct }) => !holdsWords && !rising && distinct > 1);
  const isGuess = target !== null && targetRank(target.name) === 0 && classesOf(target) === null;
  const names = numbers.map(({ name }) => name);
  const isWatched = isGuess && isMachine(names, rate) && (rate !== null || !isCounted);
  const predicted = isWatched || target === null || target.distinct < 2 ? null : target;
  const task =
    isWatched || predicted === null ? "none" : classesOf(predicted) === null ? "number" : "classes";
  const inputs = names.filter((name) => name !== predicted?.name);
  const isLearned = isWatched || predicted !== null;
  const proposed = isLearned
    ? proposedFeatures({ inputs, target: predicted?.name ?? null, task, rate })
    : null;
  const lines: string[] = [];
  const usesRate = proposed?.isClear === true || (isWatched && isCounted);
  if (usesRate && rate !== null)
    lines.push(`  rate: ${rateText(rate)} # as measured; text such as 1/hour will do too`);
  if (proposed !== null) lines.push(...featuresBlock(proposed));
  if (!isWatched) return [...lines, targetLine(target)];
  return [
    ...lines,
    "anomaly: { alarmsPerWeek: 2 } # no column is called label or target: anomalies are reported",
    `# ${targetLine(target)}`,
  ];
}

/** What is learned of a single column: what is normal, where samples have times; else what comes next. */
function seriesLines(name: string, { rate, isTimed }: { rate: number | null; isTimed: boolean }): string[] {
  const forecast = `target: { forecast: ${word(name)}, horizon: 1 }`;
  if (!isTimed) {
    return [
      `${forecast} # the next value, as nothing tells the time; horizon is in rows`,
      "# anomaly: { alarmsPerWeek: 2, interval: 1s } # in its place, with the time between two rows: tells what is unlike normal",
    ];
  }
  const proposed = proposedFeatures({ inputs: [name], target: null, task: "none", rate });
  return [
    ...(rate === null ? [] : [`  rate: ${rateText(rate)} # as measured; text such as 1/hour will do too`]),
    ...(proposed?.isClear ? featuresBlock(proposed) : []),
    "anomaly: { alarmsPerWeek: 2 } # a single column: anomalies are reported",
    `# ${forecast} # beside it or in its place: predicts the column this many rows ahead`,
  ];
}

function featuresBlock({ transforms, isClear }: ProposedFeatures): string[] {
  const [first, ...others] = featureLines(transforms);
  if (isClear) return [`${first} # as features: auto chooses`, ...others];
  return [
    `# ${first} # where the course of columns says more than single values`,
    ...others.map((line) => `# ${line}`),
  ];
}

function targetLine(target: Column | null): string {
  if (target === null) {
    return "# target: { column: NAME } # the column to predict: no column looks like one, as all are clocks or constant";
  }
  const { name, words, distinct, minimum, holdsWords } = target;
  if (distinct < 2 && !holdsWords) {
    return `# target: { column: ${word(name)} } # it has the name, but is always ${shortNumber(minimum)} so far; for a class add how many: classes: 3`;
  }
  const classes = classesOf(target);
  if (classes === null) {
    const guess = targetRank(name) > 0 ? "" : "a guess, as no column is called label or target; ";
    return `target: { column: ${word(name)} } # ${guess}a number; for a class say how many: classes: 3`;
  }
  if (typeof classes === "number") {
    return `target: { column: ${word(name)}, classes: ${classes} } # classes 0 to ${classes - 1}; a number: leave classes out`;
  }
  if (classes.length < 2) {
    return `target: { column: ${word(name)}, classes: { max: 8 } } # words as they come; only ${words.map((text) => safeJson(text)).join(", ")} so far`;
  }
  return `target: { column: ${word(name)}, classes: [${classes.map(classWord).join(", ")}] }`;
}

/** Returns the column that is most likely to be predicted; null where none can be. */
function targetOf(columns: readonly Column[]): Column | null {
  // A label may not have changed yet: its name is enough, except of a clock.
  const ranked = columns.filter(({ rising }) => !rising);
  for (const rank of [2, 1]) {
    const named = ranked.findLast(({ name }) => targetRank(name) === rank);
    if (named !== undefined) return named;
  }
  const possible = ranked.filter(({ distinct }) => distinct > 1);
  const words = possible.findLast(({ holdsWords }) => holdsWords);
  if (words !== undefined) return words;
  const last = possible.at(-1) ?? null;
  if (last === null || classesOf(last) !== null) return last;
  return possible.findLast((column) => classesOf(column) !== null) ?? last;
}

/**
 * Returns the classes that a column seems to have: how many from 0, or which; null if it looks like a number, or is named
 * target, as numbers are.
 */
function classesOf(column: Column): number | string[] | null {
  const { name, minimum, maximum, whole, distinct, rising, words, holdsWords } = column;
  if (holdsWords || areTruths(words)) return classNamesIn(words);
  if (/^target$/i.test(name) || !whole || maximum >= mostClasses) return null;
  const numbers =
    words.length === 0 || words.some((text) => !Number.isInteger(Number(text))) ? null : unique(words);
  if (/^label$/i.test(name)) {
    if (minimum >= 0 && numbers === null) return Math.max(2, maximum + 1);
    return numbers === null ? null : classesFor(numbers);
  }
  const most = targetRank(name) > 0 ? mostClassesByName : mostLikelyClasses;
  if (maximum >= mostClassesByName || minimum < -1 || distinct < 2 || distinct > most || rising) return null;
  if (numbers !== null) return classesFor(numbers);
  return minimum >= 0 ? maximum + 1 : null;
}

const unique = (words: readonly string[]) => [...new Set(words.map((text) => String(Number(text))))];

/** A comment on a field: what it is not good for, or a range to limit it to. */
function remark(column: Column): string {
  const { rising, distinct, minimum, codes, unit, holdsWords } = column;
  if (rising) return " # a clock or a counter: not useful as an input";
  if (holdsWords) return "";
  const notes: string[] = [];
  if (unit !== null) notes.push(`in ${safe(unit)}`);
  if (distinct < 2) notes.push(`always ${shortNumber(minimum)} so far`);
  else if (classesOf(column) === null) {
    const [low, high] = roomyRange(column);
    notes.push(`range: [${low}, ${high}] would refuse what lies outside`);
  }
  if (codes.length > 0) notes.push(`${codes.join(", ")} alone far from all else, so taken for no value`);
  return notes.length === 0 ? "" : ` # ${notes.join("; ")}`;
}

/** The range of the values so far with half as much room on each side, in round numbers. */
function roomyRange({ minimum, maximum }: ObservedField): [low: string, high: string] {
  const room = (maximum - minimum) / 2;
  const step = 10 ** Math.floor(Math.log10(room));
  const low = Math.floor((minimum - room) / step) * step;
  const high = Math.ceil((maximum + room) / step) * step;
  // What is never negative may not become so.
  return [shortNumber(minimum >= 0 ? Math.max(0, low) : low), shortNumber(high)];
}

const shortNumber = (value: number) => String(Number(value.toPrecision(6)));

/** A number as it is, any other class as a word. */
const classWord = (text: string) => (/^-?\d+$/.test(text) ? text : word(text));

/** What the values of a field are, in words. */
export function valuesText(
  { whole, distinct, rising }: ObservedField,
  words: readonly string[] | null,
): string {
  if (words !== null)
    return `the words ${words.slice(0, 8).map(safe).join(", ")}${words.length > 8 ? " ..." : ""}`;
  const several = distinct >= manyValues ? "many" : String(distinct);
  const kind = whole ? `${several} whole` : several;
  if (distinct === 1) return "always the same";
  return rising ? `${kind}, always rising like a clock or a counter, so not useful as an input` : kind;
}
