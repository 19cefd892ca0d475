/** The lines of a text as they are looked at: without what is no text, records in quotes as one. */
import { carriageReturn, lineFeed } from "./ascii.ts";
import { cleanLine } from "./line-cleaning.ts";
import { endsInQuotes, mostRecordLines } from "./quoted-lines.ts";
import { textOf } from "./text.ts";

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
    const first = lineEnd(bytes, start);
    const end = joinsQuoted ? recordEnd(bytes, start, first) : first;
    if (end === bytes.length && lines.length > 3) break;
    const length = end > start ? cleanLine(bytes, start, end, clean) : 0;
    const text = textOf(clean, 0, length)
      .replace(/\r\n?|\n/g, " ")
      .replace(/^ +| +$/g, "");
    if (text !== "" && !/^(#|%|\/\/|sep=.$|@(relation|attribute|data)\b)/i.test(text))
      lines.push({ text, number });
    for (let at = start; at <= end; at++) {
      // The line feed behind a carriage return ends no line of its own.
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
  let last = end;
  let from = start;
  let isOpen = false;
  for (let count = 0; count < 2 * mostRecordLines && last < bytes.length; count++) {
    isOpen = endsInQuotes(bytes, from, last, isOpen);
    if (!isOpen) return last;
    from = last + 1;
    last = lineEnd(bytes, from);
  }
  return end;
}

/** The comments of a text, without their marks, and the names of an ARFF file as one. One of them may be a header. */
export function commentsIn(bytes: Uint8Array): string[] {
  const text = textOf(bytes, 0, Math.min(bytes.length, mostCommentBytes));
  const attributes = [...text.matchAll(/^@attribute\s+("[^"]*"|'[^']*'|\S+)/gim)].map(([, name]) => name);
  if (attributes.length > 0) return [attributes.join(",")];
  return [...text.matchAll(/^[ \t]*(?:#|%|\/\/)+[ \t]*(.+?)[ \t\r]*$/gm)].map(([, comment]) => comment);
}
