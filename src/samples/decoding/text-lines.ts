/** The lines of a text as they are looked at: without what is no text, records in quotes as one. */
import { carriageReturn, lineFeed, skipBlanks, trimEnd } from "./ascii.ts";
import { cleanLine } from "./line-cleaning.ts";
import { RecordQuotes } from "./quoted-lines.ts";
import { textOf } from "./text.ts";

/** Bytes in which lines end, however long they are. */
export const manyBytes = 1 << 18;

/** Bytes that are searched for a header in a comment. */
const mostCommentBytes = 4096;

/**
 * The lines of a text that are neither empty nor comments, without what is no text, and their numbers from 1. The last one
 * may be cut off.
 *
 * @param joinsQuoted lines within quotes are one
 */
export function linesIn(
  bytes: Uint8Array,
  mostLines: number,
  joinsQuoted: boolean,
): { text: string; number: number }[] {
  const lines: { text: string; number: number }[] = [];
  const clean = new Uint8Array(bytes.length);
  let number = 1;
  for (let start = 0; start <= bytes.length && lines.length < mostLines; ) {
    const stop = lineEnd(bytes, start);
    const end = joinsQuoted ? recordEnd(bytes, start, stop) : stop;
    if (end === bytes.length && lines.length > 3) break;
    const length = end > start ? cleanLine(bytes, start, end, clean) : 0;
    const first = skipBlanks(clean, 0, length);
    const text = textOf(clean, first, trimEnd(clean, first, length)).replace(/\r\n?|\n/g, " ");
    if (text !== "" && !/^(#|%|\/\/|sep=.$|@(relation|attribute|data)\b)/i.test(text))
      lines.push({ text, number });
    for (let at = start; at <= end; at++) {
      // The line feed after a carriage return does not end another line.
      if (bytes[at] === lineFeed || (bytes[at] === carriageReturn && bytes[at + 1] !== lineFeed)) number++;
    }
    start = end + 1;
  }
  return lines;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) at++;
  return at;
}

/** The end of the record whose first line is `bytes[start..end)`: of that line, unless a later one closes its quotes. */
function recordEnd(bytes: Uint8Array, start: number, end: number): number {
  const quotes = new RecordQuotes();
  let last = end;
  for (let from = start; ; last = lineEnd(bytes, from)) {
    const first = skipBlanks(bytes, from, last);
    const ending = quotes.follow(bytes, first, trimEnd(bytes, first, last));
    if (ending === "complete") return last;
    if (ending === "none" || last >= bytes.length) return end;
    const isPair = bytes[last] === carriageReturn && bytes[last + 1] === lineFeed;
    from = last + (isPair ? 2 : 1);
  }
}

/** The comments of a text, without their marks, and the names of an ARFF file as one. One of them may be a header. */
export function commentsIn(bytes: Uint8Array): string[] {
  const text = textOf(bytes, 0, Math.min(bytes.length, mostCommentBytes));
  const attributes = [...text.matchAll(/^@attribute\s+("[^"]*"|'[^']*'|\S+)/gim)].map(([, name]) => name);
  if (attributes.length > 0) return [attributes.join(",")];
  return [...text.matchAll(/^[ \t]*(?:#|%|\/\/)+[ \t]*(.+?)[ \t\r]*$/gm)].map(([, comment]) => comment);
}
