/** Splits a stream of bytes at a delimiter, as every framing needs it. A stretch is the data between two delimiters. */
import type { SampleRing } from "../ring.ts";

/** Receives the stretches of a stream. */
export interface StretchReader {
  /**
   * Reads the stretch `bytes[start..end)`, without its delimiter, into the slot of the ring.
   *
   * @param end may lie beyond the end of `bytes`, where the stretch was too long to be kept: then it is damaged
   * @param time when its last byte arrived, in milliseconds since the epoch
   */
  readStretch(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void;
  /**
   * Reads the stretch that begins at `start` of `bytes` without knowing where it ends, if it is of the usual kind:
   * that spares a search for its end.
   *
   * @returns the index of its delimiter before `end`, or -1 where nothing was read
   */
  readAhead?(bytes: Uint8Array, start: number, end: number, slot: number, time: number): number;
  /** Called when a stretch becomes too long to be whole, though it has no end yet; `bytes` is its beginning. */
  noticeLength(bytes: Uint8Array, length: number): void;
}

/** Bytes that are kept at first of a stretch that began in an earlier chunk; more are when one is longer. */
const keptAtFirst = 1024;

/**
 * Finds delimiters in chunks of bytes. A stretch that lies in one chunk is read in place; one that began in an earlier
 * chunk is first copied to a buffer, which grows to the longest such stretch. Allocates nothing per stretch.
 */
export class Splitter {
  /** The byte that ended the latest stretch. */
  delimiter: number;
  /** The longest stretch that can be whole, in bytes without its delimiter. */
  readonly longestBytes: number;
  readonly #delimiter: number;
  readonly #otherDelimiter: number;
  readonly #largerDelimiter: number;
  /** A stretch that began in an earlier chunk. Bytes beyond the longest stretch are counted in `#begun` but not kept. */
  #partial: Uint8Array;
  #begun = 0;

  /**
   * @param longestBytes the longest stretch that can be whole, in bytes without its delimiter
   * @param otherDelimiter a second byte that ends a stretch; default: none
   */
  constructor(delimiter: number, longestBytes: number, otherDelimiter = delimiter) {
    this.delimiter = delimiter;
    this.#delimiter = delimiter;
    this.#otherDelimiter = otherDelimiter;
    this.#largerDelimiter = Math.max(delimiter, otherDelimiter);
    this.longestBytes = longestBytes;
    this.#partial = new Uint8Array(Math.min(keptAtFirst, longestBytes));
  }

  /** Bytes since the latest delimiter. */
  get unfinishedBytes(): number {
    return this.#begun;
  }

  /**
   * Passes every stretch that ends in `chunk[start..end)` to `reader`, for as long as `ring` has a slot for it.
   *
   * @returns the index of the first byte not consumed: `end`, unless the ring is full under the policy `pause`
   */
  split(
    chunk: Uint8Array,
    start: number,
    end: number,
    ring: SampleRing,
    reader: StretchReader,
    time: number,
  ): number {
    const larger = this.#largerDelimiter;
    const delimiter = this.#delimiter;
    const other = this.#otherDelimiter;
    let at = start;
    while (at < end) {
      const slot = ring.reserve();
      if (slot < 0) break;
      if (this.#begun === 0 && reader.readAhead !== undefined) {
        const ending = reader.readAhead(chunk, at, end, slot, time);
        if (ending >= 0) {
          this.delimiter = chunk[ending];
          at = ending + 1;
          continue;
        }
      }
      let found = at;
      // Most bytes of text are larger than both ends of a line.
      while (
        found < end &&
        (chunk[found] > larger || (chunk[found] !== delimiter && chunk[found] !== other))
      ) {
        found++;
      }
      if (found === end) {
        const before = this.#begun;
        this.#keep(chunk, at, end);
        const longest = this.longestBytes;
        if (before <= longest && this.#begun > longest) reader.noticeLength(this.#partial, this.#begun);
        return end;
      }
      this.delimiter = chunk[found];
      if (this.#begun > 0) {
        this.#keep(chunk, at, found);
        const length = this.#begun;
        this.#begun = 0;
        reader.readStretch(this.#partial, 0, length, slot, time);
      } else {
        reader.readStretch(chunk, at, found, slot, time);
      }
      at = found + 1;
    }
    return at;
  }

  /** Discards a stretch that has no end yet; returns whether there was one. */
  reset(): boolean {
    const hadBegun = this.#begun > 0;
    this.#begun = 0;
    return hadBegun;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const needed = Math.min(this.longestBytes, this.#begun + end - start);
    if (needed > this.#partial.length) this.#grow(needed);
    const partial = this.#partial;
    let write = this.#begun;
    for (let read = start; read < end && write < partial.length; read++) partial[write++] = chunk[read];
    this.#begun += end - start;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(this.longestBytes, Math.max(needed, 2 * this.#partial.length)));
    larger.set(this.#partial);
    this.#partial = larger;
  }
}
