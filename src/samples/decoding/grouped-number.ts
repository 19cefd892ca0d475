/**
 * Reads numbers whose digits are in groups of three, as spreadsheets and people write them: `1.200,5`, `1,200.5`,
 * `1'200.5`, `1 200,5`. A single group after a point or a comma, `1.200`, may as well be decimals, and several after
 * points, `1.200.300`, a version or an address: points separate groups only where a comma follows them, or where
 * the caller knows that the comma is the decimal mark.
 */
import { apostrophe, blank, comma, isDigit, minus, plus, point } from "./ascii.ts";
import { readDecimal } from "./decimal.ts";

/** Longest number in bytes. */
const longestBytes = 32;
/** Largest part of an address. */
const largestPart = 255;
/** Blanks that do not break, and the typographic apostrophe, in UTF-8 or Latin-1. */
const otherMarks = [[0xc2, 0xa0], [0xe2, 0x80, 0xaf], [0xe2, 0x80, 0x99], [0xa0]].map((bytes) =>
  Uint8Array.from(bytes),
);

/** How the digits of a number are grouped. */
export interface Grouping {
  /** The first byte of the mark between groups. */
  mark: number;
  /** Groups after the first digits. */
  groups: number;
  /** The mark before decimals; 0 where there are none. */
  decimal: number;
  /** It may be an address such as 192.168.100.101: four parts of at most 255. */
  isAddress: boolean;
}

/** The number without its groups, and how they were written: overwritten by each call of `findGroups`. */
const plain = new Uint8Array(longestBytes);
let plainLength = 0;
const found: Grouping = { mark: 0, groups: 0, decimal: 0, isAddress: false };

/**
 * Reads the number `bytes[start..end)` into `target[at]`. Allocates nothing.
 *
 * @param decimal the mark before decimals, where it is known: then a single group after the other one counts
 * @returns false, and `target` unchanged, where it is no number in groups
 */
export function readGrouped(
  bytes: Uint8Array,
  start: number,
  end: number,
  decimal: "point" | "comma" | null,
  target: Float64Array,
  at: number,
): boolean {
  if (!findGroups(bytes, start, end) || !isCertain(found, decimal)) return false;
  return readDecimal(plain, 0, plainLength, target, at) === plainLength;
}

/** Returns how the digits of a text are grouped, which the next call overwrites; null where it is no number in groups. */
export function groupingOf(text: string): Readonly<Grouping> | null {
  if (text.length > longestBytes) return null;
  const bytes = Buffer.from(text);
  return findGroups(bytes, 0, bytes.length) ? found : null;
}

/** Whether the groups are no decimals, no version and no address, though nothing is known of the other numbers. */
export function isCertain(
  { mark, groups, decimal, isAddress }: Readonly<Grouping>,
  known: "point" | "comma" | null = null,
): boolean {
  if (decimal !== 0) return true;
  if (mark === comma) return known === "point" || (groups > 1 && known === null);
  if (mark === point) return known === "comma" && !isAddress;
  return true;
}

/** Finds the groups of the number `bytes[start..end)`; false where it has none, or is no number. */
function findGroups(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > longestBytes) return false;
  let read = start;
  let length = 0;
  if (bytes[read] === plus || bytes[read] === minus) plain[length++] = bytes[read++];
  const digits = read;
  const first = digitsEnd(bytes, read, end);
  // No group begins with a zero: 0.375 has decimals.
  if (first === read || first - read > 3 || bytes[read] === 0x30) return false;
  while (read < first) plain[length++] = bytes[read++];
  const mark = read < end ? bytes[read] : 0;
  let groups = 0;
  let areBytes = mark === point && numberOf(bytes, digits, first) <= largestPart;
  for (;;) {
    const width = markWidth(bytes, read, end);
    const group = read + width;
    if (width === 0 || bytes[read] !== mark || digitsEnd(bytes, group, end) !== group + 3) break;
    for (read = group; read < group + 3; read++) plain[length++] = bytes[read];
    areBytes &&= numberOf(bytes, group, read) <= largestPart;
    groups++;
  }
  if (groups === 0) return false;
  found.mark = mark;
  found.groups = groups;
  found.decimal = read < end ? bytes[read++] : 0;
  found.isAddress = areBytes && groups === 3 && found.decimal === 0;
  if (found.decimal !== 0) {
    const isMark = found.decimal === point || found.decimal === comma;
    if (!isMark || found.decimal === mark || digitsEnd(bytes, read, end) !== end) return false;
    plain[length++] = point;
    while (read < end) plain[length++] = bytes[read++];
  }
  plainLength = length;
  return true;
}

/** The number that the digits `bytes[start..end)` are. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = 10 * number + bytes[at] - 0x30;
  return number;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

/** Returns the bytes of the mark between two groups at `start`; 0 where there is none. */
function markWidth(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const byte = bytes[start];
  if (byte === point || byte === comma || byte === apostrophe || byte === blank) return 1;
  for (let index = 0; index < otherMarks.length; index++) {
    if (begins(bytes, start, end, otherMarks[index])) return otherMarks[index].length;
  }
  return 0;
}

function begins(bytes: Uint8Array, start: number, end: number, mark: Uint8Array): boolean {
  if (start + mark.length > end) return false;
  for (let at = 0; at < mark.length; at++) if (bytes[start + at] !== mark[at]) return false;
  return true;
}
