/** The bytes that numbers in text stand between. */

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const BLANK = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

/** What may stand around a cell. A tab stands between two. */
export function isBlank(byte: number): boolean {
  return byte === BLANK || byte === RETURN;
}

/** What stands between two cells, where that is more than blanks. */
export function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === SEMICOLON || byte === TAB;
}
