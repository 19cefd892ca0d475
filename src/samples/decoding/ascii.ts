/** ASCII codes of the bytes that mark and separate values in text, and what kinds of bytes there are. */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const escapeByte = 0x1b;
export const blank = 0x20;
export const quote = 0x22;
export const hash = 0x23;
export const percent = 0x25;
export const apostrophe = 0x27;
export const openParenthesis = 0x28;
export const closeParenthesis = 0x29;
export const asterisk = 0x2a;
export const plus = 0x2b;
export const comma = 0x2c;
export const minus = 0x2d;
/** The mark before the decimals, where nothing else is said. */
export const point = 0x2e;
export const slash = 0x2f;
export const colon = 0x3a;
export const semicolon = 0x3b;
export const equals = 0x3d;
export const greaterThan = 0x3e;
export const letterT = 0x54;
export const letterZ = 0x5a;
export const openBracket = 0x5b;
export const backslash = 0x5c;
export const closeBracket = 0x5d;
export const underscore = 0x5f;
export const openBrace = 0x7b;
export const bar = 0x7c;
export const closeBrace = 0x7d;

/** Whether the byte is a blank, which may surround a cell. A tab separates two cells. */
export function isBlank(byte: number): boolean {
  return byte === blank || byte === carriageReturn;
}

/** 1 for each byte that separates two cells, [256]. A look into a table is faster than four comparisons. */
const separating = new Uint8Array(256);
for (const byte of [comma, semicolon, tab, bar]) separating[byte] = 1;

/** Whether the byte separates two cells: a comma, a semicolon, a tab or a vertical bar. */
export function isSeparator(byte: number): boolean {
  return separating[byte] === 1;
}

/** Returns the index of the first byte from `start` on that is no blank, or `end`. */
export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

/** Returns the index after the last byte before `end` that is no blank, or `start`. */
export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1])) at--;
  return at;
}

/** Whether `bytes[start..end)` begins as a comment does: with `#`, `%` or `//`. */
export function beginsAsComment(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  return (
    first === hash || first === percent || (first === slash && start + 1 < end && bytes[start + 1] === slash)
  );
}

/** Whether a byte is an ASCII letter. */
export const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

/** Whether a byte is a decimal digit. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether two stretches of bytes are equal, ASCII letters in either case. */
export function isSameWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  const length = end - start;
  if (length !== word.length) return false;
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== word[at] && lowerCase(bytes[start + at]) !== lowerCase(word[at])) return false;
  }
  return true;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Returns the index of the first `wanted` byte in `bytes[start..end)`, or -1. */
export function indexOfByte(bytes: Uint8Array, wanted: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === wanted) return at;
  return -1;
}
