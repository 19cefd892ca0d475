/**
 * Marks around the cells of a line that let its reader find a whole one: those of Serial Studio in the comment marks of C,
 * `<21.5,40>` of many sketches, `{21.5,40}`, `$21.5,40;`. A mark on one side only may belong to a value, as in `<0.5` or `$5`.
 */
import { indexOfByte, isDigit, isLetter, minus, openBrace, plus, point, quote, skipBlanks } from "./ascii.ts";

interface Marks {
  open: Uint8Array;
  close: Uint8Array;
  /** The closing mark separates cells too. */
  mayRepeat: boolean;
}

const marksOf = (open: string, close: string, mayRepeat = false): Marks => ({
  ...{ open: new TextEncoder().encode(open), close: new TextEncoder().encode(close), mayRepeat },
});

const known: readonly Marks[] = [
  marksOf("/*", "*/"),
  marksOf("<", ">"),
  marksOf("{", "}"),
  marksOf("$", ";", true),
];

/**
 * Returns the bytes of the mark at each end of the line `bytes[start..end)`; 0 where there are none around cells. Braces
 * around quotes are those of JSON, which may be damaged.
 */
export function markBytes(bytes: Uint8Array, start: number, end: number): number {
  for (let kind = 0; kind < known.length; kind++) {
    const { open, close, mayRepeat } = known[kind];
    const { length } = open;
    const [first, last] = [start + length, end - length];
    if (first >= last || !isAt(bytes, start, open) || !isAt(bytes, last, close)) continue;
    if (open[0] === openBrace && indexOfByte(bytes, quote, first, last) >= 0) continue;
    const isAround =
      indexOfMark(bytes, first, last, open) < 0 &&
      (mayRepeat || indexOfMark(bytes, first, last, close) < 0) &&
      opensCell(bytes[skipBlanks(bytes, first, last)]);
    return isAround ? length : 0;
  }
  return 0;
}

function isAt(bytes: Uint8Array, start: number, mark: Uint8Array): boolean {
  return bytes[start] === mark[0] && bytes[start + mark.length - 1] === mark[mark.length - 1];
}

function indexOfMark(bytes: Uint8Array, start: number, end: number, mark: Uint8Array): number {
  for (let at = start; at < end; at++) if (isAt(bytes, at, mark)) return at;
  return -1;
}

/** Whether a number or the name of a column may begin with the byte. */
function opensCell(byte: number): boolean {
  return isDigit(byte) || isLetter(byte) || byte === plus || byte === minus || byte === point;
}
