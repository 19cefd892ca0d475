/**
 * Limits what a log writes, so that no trouble wears the card out: a peer that connects and vanishes a thousand times an
 * hour gets a few lines and a count. Token buckets (Turner, New directions in communications, IEEE Communications
 * Magazine 24 (10), 1986): each kind of line has one for its number, and all lines together one for their bytes.
 */
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Lines of one kind that may follow each other at once, and after them one in this time: at most 300 a day. */
const burstLines = 12;
const msPerLine = 5 * 60 * 1000;

/** Bytes of all lines that may follow each other at once, and per day after that: together at most 5 MB a day. */
const burstBytes = 500_000;
const bytesPerDay = 4_500_000;

/** What the number of lines left out adds to a line, at most. */
const countBytes = 64;

/** Kinds that are not limited by number, as each comes once in a process or at an interval. */
const scheduledKinds: ReadonlySet<string> = new Set(["begin", "resume", "status", "stop", "end"]);

/** Which lines are not limited at all, and the clock that the limits go by. */
export interface LogLimitOptions {
  /** Kinds of lines that the user asked for at an interval of their own: all of them are written. */
  unlimited?: readonly string[];
  clock?: SteadyClock;
}

/** A quantity that refills at a constant rate up to a limit. */
class Bucket {
  #level: number;
  #filledAtMs: number;

  constructor(
    readonly most: number,
    readonly perMs: number,
    nowMs: number,
  ) {
    this.#level = most;
    this.#filledAtMs = nowMs;
  }

  has(amount: number, nowMs: number): boolean {
    this.#level = Math.min(this.most, this.#level + (nowMs - this.#filledAtMs) * this.perMs);
    this.#filledAtMs = nowMs;
    return this.#level >= amount;
  }

  take(amount: number): void {
    this.#level -= amount;
  }
}

/** What is counted of a kind of line. */
interface Kind {
  lines: Bucket;
  leftOut: number;
}

/** Decides which lines of a log are written, and counts those that are not. */
export class LogLimit {
  /** Lines that were left out, of all kinds. */
  leftOut = 0;
  readonly #clock: SteadyClock;
  readonly #unlimited: ReadonlySet<string>;
  readonly #bytes: Bucket;
  readonly #kinds = new Map<string, Kind>();

  constructor({ unlimited = [], clock = steadyClock }: LogLimitOptions = {}) {
    this.#clock = clock;
    this.#unlimited = new Set(unlimited);
    this.#bytes = new Bucket(burstBytes, bytesPerDay / dayMs, clock.now());
  }

  /**
   * Whether a line may be written: the number of lines of its kind that were left out since the last one, or null where
   * it is to be left out itself.
   *
   * @param kind one of a fixed set of words, such as the event of a log entry
   * @param bytes length of the line, without that number
   */
  admit(kind: string, bytes: number): number | null {
    const nowMs = this.#clock.now();
    const counted = this.#kind(kind, nowMs);
    if (this.#unlimited.has(kind)) return this.#tell(counted);
    const isLimited = !scheduledKinds.has(kind);
    if ((isLimited && !counted.lines.has(1, nowMs)) || !this.#bytes.has(bytes + countBytes, nowMs)) {
      counted.leftOut++;
      this.leftOut++;
      return null;
    }
    if (isLimited) counted.lines.take(1);
    this.#bytes.take(bytes + countBytes);
    return this.#tell(counted);
  }

  /** Counts a line that was admitted and could not be written, with those left out before it, whose number it would have shown. */
  notWritten(kind: string, leftOut: number): void {
    this.leftOut++;
    this.#kind(kind, this.#clock.now()).leftOut += 1 + leftOut;
  }

  #kind(kind: string, nowMs: number): Kind {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const counted = { lines: new Bucket(burstLines, 1 / msPerLine, nowMs), leftOut: 0 };
    this.#kinds.set(kind, counted);
    return counted;
  }

  /** The lines that were left out, for the line that reports them. */
  #tell(counted: Kind): number {
    const before = counted.leftOut;
    counted.leftOut = 0;
    return before;
  }
}
