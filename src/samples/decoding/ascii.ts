/** ASCII codes of the bytes that separate numbers in text. */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const blank = 0x20;
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const semicolon = 0x3b;

/** Whether the byte is a blank, which may surround a cell. A tab separates two cells. */
export function isBlank(byte: number): boolean {
  return byte === blank || byte === carriageReturn;
}

/** Whether the byte separates two cells: a comma, a semicolon or a tab. */
export function isSeparator(byte: number): boolean {
  return byte === comma || byte === semicolon || byte === tab;
}
