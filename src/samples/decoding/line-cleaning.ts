/** Removes from a line what is no text: a byte order mark, colours of a terminal, padding, options of a telnet server. */
import { escapeByte, indexOfByte, openBracket } from "./ascii.ts";

const telnetCommand = 0xff;
const telnetWill = 0xfb;
const deleteByte = 0x7f;

/**
 * Copies `bytes[start..end)` to `clean` without what is no text. Control characters are removed at both ends only: in
 * the middle, something may be lost beside them.
 *
 * @returns the number of bytes copied
 */
export function cleanLine(bytes: Uint8Array, start: number, end: number, clean: Uint8Array): number {
  let first = start;
  let last = end;
  for (;;) {
    if (bytes[first] === telnetCommand && bytes[first + 1] >= telnetWill && first + 3 <= last) first += 3;
    else if (hasByteOrderMark(bytes, first, last)) first += 3;
    else if (first < last && isControl(bytes[first])) first++;
    else break;
  }
  while (last > first && isControl(bytes[last - 1])) last--;
  let length = 0;
  for (let at = first; at < last; ) {
    if (bytes[at] === escapeByte) at = sequenceEnd(bytes, at, last);
    else clean[length++] = bytes[at++];
  }
  return length;
}

/** Whether a line holds what `cleanLine` removes. */
export function needsCleaning(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === telnetCommand || hasByteOrderMark(bytes, start, end)) return true;
  if (isControl(bytes[start]) || isControl(bytes[end - 1])) return true;
  return indexOfByte(bytes, escapeByte, start, end) >= 0;
}

function hasByteOrderMark(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
}

/** Whether the byte is a control character that prints nothing; escape begins a sequence, and a tab separates. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09 && byte !== escapeByte) || byte === deleteByte;
}

/** Returns the index after the escape sequence at `start`: ECMA-48, of which colours are the usual case. */
function sequenceEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  if (at < end && bytes[at] === openBracket) {
    at++;
    while (at < end && (bytes[at] < 0x40 || bytes[at] > 0x7e)) at++;
  }
  return Math.min(at + 1, end);
}
