/** Classes as a device writes them: words such as `idle` and `run`, or numbers such as 1 to 3. */
import { isSameWord } from "./ascii.ts";
import { readDecimal } from "./decimal.ts";
import { textOf } from "./text.ts";

const encoder = new TextEncoder();

/** Longest name of a class that is learned from a stream, in bytes. */
const longestLearned = 64;

/** Finds the class that a cell names. Allocates nothing but for a class that it meets first. */
export class ClassWords {
  readonly #names: string[];
  readonly #most: number;
  /** The name of the field, which a header has in the place of a class. */
  readonly #title: Uint8Array;
  #words: Uint8Array[];
  /** The numbers that the classes are, null where they are words, [classes]. */
  #numbers: Float64Array | null;
  readonly #number = new Float64Array(1);
  #latest = 0;

  /**
   * @param names the classes in order. Those that a stream brings are appended
   * @param title the name of the field
   * @param most the most classes there may be; default: those that are named
   */
  constructor(names: string[], title: string, most = names.length) {
    this.#names = names;
    this.#title = encoder.encode(title);
    this.#most = most;
    this.#words = names.map((name) => encoder.encode(name));
    this.#numbers = numbersOf(names);
  }

  /** Returns the index of the class `bytes[start..end)`, or -1. Where classes are words, it may be their number. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const known = this.#findKnown(bytes, start, end);
    if (known >= 0 || this.#names.length >= this.#most || end - start > longestLearned) return known;
    if (isSameWord(bytes, start, end, this.#title)) return -1;
    const text = textOf(bytes, start, end);
    this.#names.push(Number.isFinite(Number(text)) ? String(Number(text)) : text);
    this.#readNames();
    return this.#names.length - 1;
  }

  /** Returns the index of the class that has this name, or -1. */
  findNamed(bytes: Uint8Array, start: number, end: number): number {
    if (this.#words.length !== this.#names.length) this.#readNames();
    const words = this.#words;
    // A class lasts, so the latest is compared first.
    if (this.#latest < words.length && isSameWord(bytes, start, end, words[this.#latest]))
      return this.#latest;
    for (let index = 0; index < words.length; index++) {
      if (!isSameWord(bytes, start, end, words[index])) continue;
      this.#latest = index;
      return index;
    }
    return -1;
  }

  #findKnown(bytes: Uint8Array, start: number, end: number): number {
    const words = this.#words;
    const named = this.findNamed(bytes, start, end);
    if (named >= 0) return named;
    if (readDecimal(bytes, start, end, this.#number, 0) !== end) return -1;
    if (this.#numbers !== null) return this.#numbers.indexOf(this.#number[0]);
    const place = this.#number[0];
    const isPlace = Number.isInteger(place) && place >= 0 && place < words.length;
    return isPlace && this.#most === words.length ? place : -1;
  }

  #readNames(): void {
    this.#words = this.#names.map((name) => encoder.encode(name));
    this.#numbers = numbersOf(this.#names);
  }
}

function numbersOf(names: readonly string[]): Float64Array | null {
  const areNumbers = names.every((name) => name.trim() !== "" && Number.isFinite(Number(name)));
  return areNumbers ? Float64Array.from(names, Number) : null;
}
