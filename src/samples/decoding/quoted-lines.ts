/**
 * Joins the lines of a record whose quotes hold line ends, as RFC 4180 allows. A quote opens at the beginning of a cell only:
 * an inch mark behind a number opens none.
 */
import { blank, isBlank, isSeparator, quote } from "./ascii.ts";

/** Most lines of a record: where a quote does not close, the lines below it are records of their own. */
export const mostRecordLines = 32;
const mostBytes = 1 << 16;

/** Whether `bytes[start..end)` ends within quotes; `isInside`: it begins within them. */
export function endsInQuotes(bytes: Uint8Array, start: number, end: number, isInside = false): boolean {
  let inside = isInside;
  let opens = !isInside;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (inside) {
      // Two quotes within quotes are one that is meant.
      if (byte !== quote) continue;
      if (at + 1 < end && bytes[at + 1] === quote) at++;
      else inside = false;
    } else if (byte === quote && opens) {
      inside = true;
      opens = false;
    } else opens = isSeparator(byte) || (opens && isBlank(byte));
  }
  return inside;
}

/** The lines of a record that is not complete. */
export class QuotedLines {
  /** The lines with a blank between them, [length]. */
  bytes = new Uint8Array(0);
  length = 0;
  /** The quotes of the latest line are still open. */
  isOpen = false;
  /** Lines that have been read by themselves. */
  taken = 0;
  readonly #starts: number[] = [];

  get lines(): number {
    return this.#starts.length;
  }

  /** There is no room for another line. */
  get isFull(): boolean {
    return this.lines >= mostRecordLines || this.length >= mostBytes;
  }

  /** Adds the line `bytes[start..end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start + 1;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    if (this.lines > 0) this.bytes[this.length++] = blank;
    this.#starts.push(this.length);
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length += end - start;
    this.isOpen = endsInQuotes(bytes, start, end, this.isOpen);
  }

  /** Where the line begins and ends in `bytes`. */
  line(index: number): readonly [start: number, end: number] {
    const next = this.#starts[index + 1];
    return [this.#starts[index], next === undefined ? this.length : next - 1];
  }

  /** Says that its lines are no record together. */
  close(): void {
    this.isOpen = false;
  }

  clear(): void {
    this.length = 0;
    this.taken = 0;
    this.isOpen = false;
    this.#starts.length = 0;
  }
}
