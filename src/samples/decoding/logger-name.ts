/** Which logger, or which of its channels, the lines of a stream come from: the values of another mean something else. */
import { readLogName } from "./log-prefix.ts";

/** Bytes of a name that are compared. */
const longestName = 96;
/** Lines of others in a row, at least, after which the logger is taken to be gone. */
const fewestOthers = 32;

/**
 * Follows the name of the logger that wrote the first sample. It is forgotten where more lines of others come in a row than
 * it has written: what came first was a greeting then, not the device.
 */
export class LoggerName {
  readonly #name = new Uint8Array(longestName);
  readonly #other = new Uint8Array(longestName);
  /** Bytes of the name; -1 where no sample has come. */
  #length = -1;
  #lines = 0;
  /** Lines of others since the latest one of this. */
  #others = 0;

  /** Whether another logger has written the prefix `bytes[start..end)`. */
  isOther(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#length < 0) return false;
    const length = readLogName(bytes, start, end, this.#other);
    if (length === this.#length && isSameStart(this.#name, this.#other, length)) return false;
    if (++this.#others <= Math.max(fewestOthers, this.#lines)) return true;
    this.#length = -1;
    return false;
  }

  /** Takes the prefix `bytes[start..end)` of a sample that no other logger has written. */
  take(bytes: Uint8Array, start: number, end: number): void {
    if (this.#length < 0) {
      this.#length = readLogName(bytes, start, end, this.#name);
      this.#lines = 0;
    }
    this.#lines++;
    this.#others = 0;
  }
}

function isSameStart(one: Uint8Array, other: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return false;
  return true;
}
