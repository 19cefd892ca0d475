/**
 * Joins the lines of a record whose quotes hold line ends, as RFC 4180 allows. A quote opens at the beginning of a cell only:
 * an inch mark after a number opens none. Lines are joined only where nothing else can be meant, since a joined line is no
 * row any more; the others are read by themselves.
 */
import { beginsAsComment, blank, isBlank, isSeparator, lineFeed, quote, skipBlanks } from "./ascii.ts";

/** Most lines of a record, and bytes from which on it has no more. */
const mostRecordLines = 32;
const mostRecordBytes = 1 << 16;

/** What the lines up to one are: a record, the beginning of one, or none together. */
export type Ending = "complete" | "open" | "none";

/** Follows the quotes of a record from line to line. */
export class RecordQuotes {
  #lines = 0;
  #bytes = 0;
  #isOpen = false;
  /** The separator beside a quote, which is that of the record; 0 where there is none yet. */
  #separator = 0;
  /** What stands before the open quote: the separator, or lineFeed at the beginning of a line. */
  #opener = 0;

  clear(): void {
    this.#lines = 0;
    this.#bytes = 0;
    this.#isOpen = false;
    this.#separator = 0;
  }

  /** Follows the line `bytes[start..end)`, which neither begins nor ends with a blank. */
  follow(bytes: Uint8Array, start: number, end: number): Ending {
    // Quotes in a comment are those of a sentence.
    if (this.#lines === 0 && beginsAsComment(bytes, start, end)) return "complete";
    this.#lines++;
    this.#bytes += end - start;
    if (!this.#followQuotes(bytes, start, end)) return "none";
    if (!this.#isOpen) return "complete";
    return this.#lines < mostRecordLines && this.#bytes < mostRecordBytes ? "open" : "none";
  }

  /** Returns false where a quote neither opens nor closes a cell for certain. */
  #followQuotes(bytes: Uint8Array, start: number, end: number): boolean {
    // What stands before `at`, blanks aside; 0: a part of the cell.
    let before = lineFeed;
    let at = start;
    while (at < end) {
      const byte = bytes[at];
      if (byte !== quote || !(this.#isOpen || this.#opens(before))) {
        if (!isBlank(byte)) before = isSeparator(byte) ? byte : 0;
        at++;
        continue;
      }
      if (this.#isOpen) {
        // Two quotes within quotes are one that is meant.
        const isPair = at + 1 < end && bytes[at + 1] === quote;
        at = skipBlanks(bytes, at + (isPair ? 2 : 1), end);
        const isAtEnd = at === end || this.#separates(bytes[at]);
        // One that stands as the open one does may open another cell: the open one is a stray.
        if (isAtEnd ? before === this.#opener : !isPair) return false;
        if (!isPair) this.#close(bytes[at], at < end);
      } else {
        this.#isOpen = true;
        this.#opener = before;
        if (before !== lineFeed) this.#separator = before;
        at++;
      }
      before = 0;
    }
    return true;
  }

  #close(separator: number, hasSeparator: boolean): void {
    this.#isOpen = false;
    if (hasSeparator) this.#separator = separator;
  }

  #opens(before: number): boolean {
    return before === lineFeed || this.#separates(before);
  }

  #separates(byte: number): boolean {
    return this.#separator === 0 ? isSeparator(byte) : byte === this.#separator;
  }
}

/** Lines that wait for the end of the record that the first of them begins. */
export class QuotedLines {
  /** The lines with a blank between them. */
  bytes = new Uint8Array(0);
  /** The first line begins a record that no line below completes. */
  isUnclosed = false;
  #length = 0;
  #starts: number[] = [];
  #numbers: number[] = [];
  readonly #quotes = new RecordQuotes();
  /** Lines whose quotes have been followed. */
  #followed = 0;
  #hasEnded = false;

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** Whether a line begins a record of several. */
  begins(bytes: Uint8Array, start: number, end: number): boolean {
    this.#quotes.clear();
    const ending = this.#quotes.follow(bytes, start, end);
    this.#quotes.clear();
    return ending === "open";
  }

  /** Adds the line `bytes[start..end)`, whose number in the file is `number`. */
  add(bytes: Uint8Array, start: number, end: number, number: number): void {
    const needed = this.#length + end - start + 1;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    if (!this.isEmpty) this.bytes[this.#length++] = blank;
    this.#starts.push(this.#length);
    this.#numbers.push(number);
    this.bytes.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Says that the record that is open has no more lines. */
  end(): void {
    this.#hasEnded = !this.isEmpty;
  }

  /** How many of the first lines are a record; 0 where lines below are needed to tell. Take at least one of them then. */
  recordLines(): number {
    this.isUnclosed = false;
    while (this.#followed < this.#starts.length) {
      const [start, end] = this.lines(this.#followed, 1);
      const ending = this.#quotes.follow(this.bytes, start, end);
      this.#followed++;
      if (ending === "complete") return this.#followed;
      if (ending === "open") continue;
      this.isUnclosed = this.#followed > 1;
      return 1;
    }
    this.isUnclosed = this.#hasEnded;
    return this.#hasEnded ? 1 : 0;
  }

  /** Where `count` lines begin and end in `bytes`, from the one at `index` on. */
  lines(index: number, count: number): readonly [start: number, end: number] {
    const next = this.#starts[index + count];
    return [this.#starts[index], next === undefined ? this.#length : next - 1];
  }

  /** The number of a line in the file. */
  number(index: number): number {
    return this.#numbers[index];
  }

  /** Removes the first lines. */
  take(count: number): void {
    this.#quotes.clear();
    this.#followed = 0;
    const from = this.#starts[count] ?? this.#length;
    this.bytes.copyWithin(0, from, this.#length);
    this.#length -= from;
    this.#starts = this.#starts.slice(count).map((start) => start - from);
    this.#numbers = this.#numbers.slice(count);
    if (this.isEmpty) this.#hasEnded = false;
  }
}
