/** Texts that are known, but hold no lines of numbers: what they are, and what to do. */
import { lineFormOf } from "./line-form.ts";

/** Bytes of a text that are looked at. */
const lookedAtBytes = 1 << 16;
/** Lines of these that are looked at. */
const lookedAtLines = 16;
/** Bytes in hexadecimal, at least four: two or three may be numbers. */
const hexadecimal = /^>?(?:(?:0x)?[\dA-F]{2}[ :]+){3,}(?:0x)?[\dA-F]{2}$/i;
/** Such bytes after a time, a direction or a channel; blanks between them, as colons stand in addresses of devices. */
const bytesBehindWords = /(?:^|[^\dA-Z])((?:[\dA-F]{2} ){3,}[\dA-F]{2})(?![\dA-Z])/i;
/** A byte that neither a number nor a word is written as. */
const letterAndDigit = /\b(?:\d[A-F]|[A-F]\d)\b/i;
/** Bytes of a line that are looked at. */
const longestLooked = 400;
/** Rows for each line of bytes below which they are echoes and titles. */
const fewRows = 0.25;

const forms: readonly [fits: (lines: readonly string[]) => boolean, sentence: string][] = [
  [
    mostly(/^[+-]?[\d.]+(?: +\d+:[+-]?[\d.]+(?:e[+-]?\d+)?){2,} *$/i),
    "these are lines of LIBSVM, such as 1 1:0.5 3:0.2, which name columns by number; convert them to CSV with a column for each",
  ],
  [areBytes, "these are bytes in hexadecimal; let the device print the decimal numbers that they stand for"],
  [
    ([first]) => /^<(?:\?xml|!doctype|html|svg)/i.test(first),
    "this is XML or HTML, as a page that asks to log in is; export the table as CSV",
  ],
  [
    isDocument,
    'this is JSON in which an object takes several lines, or a line several objects; write one object a line, as "jq -c .[]" does',
  ],
];

/** What a text is where it holds no lines of numbers, and what to do, as a clause; null where it may hold some. */
export function foreignText(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.subarray(0, lookedAtBytes)).toString("latin1").replace(/^ï»¿/, "");
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    // The last one may be cut off.
    .slice(0, bytes.length > lookedAtBytes ? -1 : undefined)
    .slice(0, lookedAtLines);
  if (lines.length === 0) return null;
  return forms.find(([fits]) => fits(lines))?.[1] ?? null;
}

function mostly(pattern: RegExp): (lines: readonly string[]) => boolean {
  return (lines) => 2 * lines.filter((line) => pattern.test(line)).length > lines.length;
}

/**
 * Whether lines are bytes such as `41 0C 03 1D`: with a letter and a digit in one, as neither numbers nor words have them. Rows
 * among them are what the text is about, and the bytes are addresses or messages.
 */
function areBytes(lines: readonly string[]): boolean {
  const behindWords = lines.filter((line) => !hexadecimal.test(line)).flatMap(bytesBehind);
  const holdsBytes = (line: string) =>
    hexadecimal.test(line) || (doChange(behindWords) && bytesBehind(line).length > 0);
  const bytes = lines.filter(holdsBytes);
  const lettered = bytes.filter((line) => letterAndDigit.test(line.replace(/0x/gi, "")));
  if (3 * bytes.length <= lines.length || lettered.length < 2) return false;
  const rows = lines.filter((line) => !holdsBytes(line) && lineFormOf(line) !== null);
  return rows.length < fewRows * bytes.length;
}

/** The run of bytes after the words of a line, where one of them has a letter and a digit. */
function bytesBehind(line: string): string[][] {
  const bytes = bytesBehindWords.exec(line.slice(0, longestLooked));
  return bytes !== null && letterAndDigit.test(bytes[1]) ? [bytes[1].split(" ")] : [];
}

/**
 * Whether bytes with a letter and a digit change from line to line after the first: the first may be the name of a room
 * before its numbers, and what stays the same that of a sensor.
 */
function doChange(runs: readonly string[][]): boolean {
  const places = new Map<number, Set<string>>();
  for (const run of runs) {
    for (const [place, byte] of run.entries()) {
      if (place === 0 || !letterAndDigit.test(byte)) continue;
      places.set(place, (places.get(place) ?? new Set()).add(byte));
    }
  }
  return [...places.values()].some(({ size }) => size > 1);
}

/** Whether the text begins as JSON does, and no line is an object or an array of its own. */
function isDocument(lines: readonly string[]): boolean {
  // A logger's brackets open no JSON.
  if (!/^(?:\[?\s*\{?$|[[{]\s*["'{[])/.test(lines[0])) return false;
  const isRow = (line: string) => lineFormOf(line)?.kind.startsWith("JSON") === true && !areObjects(line);
  return !lines.some(isRow);
}

/** Whether the line is an array of several objects. */
const areObjects = (line: string) => /^\[\s*\{.*\}\s*,\s*\{/.test(line);
