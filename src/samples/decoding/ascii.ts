/** The bytes that numbers in text stand between. */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const blank = 0x20;
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const semicolon = 0x3b;

/** What may stand around a cell. A tab stands between two. */
export function isBlank(byte: number): boolean {
  return byte === blank || byte === carriageReturn;
}

/** What stands between two cells, where that is more than blanks. */
export function isSeparator(byte: number): boolean {
  return byte === comma || byte === semicolon || byte === tab;
}
