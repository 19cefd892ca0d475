/** Watches a decoder: reports what it refuses for the first time, and a stream of which it understands nothing. */
import type { Decoder } from "../samples/decoding/decoder.ts";
import type { Contradiction } from "../samples/decoding/lines.ts";
import type { OnRefused, RefusedCount } from "../samples/decoding/refusals.ts";
import type { Expectation } from "../samples/recognition/likely-cause.ts";
import { suggestion } from "../wording/nearest.ts";
import { formatSize } from "../wording/quantities.ts";
import { safe, shownBytesOf } from "../wording/safe.ts";
import type { Log } from "./log.ts";

/** Time between two attempts to find out why there is no sample. */
const attemptEveryMs = 3000;
/** Bytes that are kept for recognizing until the first sample: what a port at 115,200 baud sends in three seconds. */
const keptBytes = 1 << 15;
/** Most attempts to find out why there is no sample. */
const mostAttempts = 20;
/** From this many refused lines or frames on, the stream counts as not understood though it looks as expected. */
const enoughRefused = 100;
/** From this many bytes without a sample on, the stream counts as not understood even where none was refused. */
const enoughBytes = 1024;

/** Returns the receiver of first refusals that writes them to the log. */
export function refusalLog(place: string, log: Log): OnRefused {
  return ({ reason, bytes, length }) => {
    const shown = shownBytesOf(bytes, length);
    log({
      event: "refused",
      text: `${place} sent ${reason.what}: ${shown}; it is refused, and so are others like it, which are only counted`,
      details: { reason: reason.name, bytes: shown },
    });
  };
}

/** Returns the receiver of headers that contradict the fields, which writes them to the log. */
export function contradictionLog(place: string, log: Log): (contradiction: Contradiction) => void {
  return ({ header, absent }) => {
    const hints = absent.map((name) => `"${name}" (${suggestion(name, header)})`);
    log({
      event: "other-header",
      text: safe(
        `the header of ${place} names ${header.join(", ")}, but not ${hints.join(", ")} of source.fields: the lines below it are refused, as their columns are others; correct source.fields`,
      ),
      problem: true,
      details: { header: [...header], absent: [...absent] },
    });
  };
}

/** A decoder whose stream is watched until its first sample. Allocates nothing afterwards. */
export class WatchedDecoder implements Decoder {
  readonly #decoder: Decoder;
  readonly #expected: Expectation;
  readonly #place: string;
  readonly #log: Log;
  /** The beginning of the stream; null after the first sample. */
  #kept: Uint8Array | null = null;
  #keptBytes = 0;
  #hasSample = false;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;

  constructor(decoder: Decoder, expected: Expectation, place: string, log: Log) {
    this.#decoder = decoder;
    this.#expected = expected;
    this.#place = place;
    this.#log = log;
  }

  get counts() {
    return this.#decoder.counts;
  }

  get unfinished() {
    return this.#decoder.unfinished;
  }

  refused(): RefusedCount[] {
    return this.#decoder.refused?.() ?? [];
  }

  reset(): void {
    this.#decoder.reset();
  }

  expectEnd(): void {
    this.#decoder.expectEnd?.();
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    const at = this.#decoder.decode(chunk, start, end, time);
    if (!this.#hasSample) this.#watch(chunk, start, at);
    return at;
  }

  /** Keeps the bytes, until there is a sample. */
  #watch(chunk: Uint8Array, start: number, end: number): void {
    const { samples, rejected } = this.#decoder.counts;
    if (samples + rejected > 0) {
      this.#hasSample = true;
      this.#kept = null;
      this.stopWatching();
      return;
    }
    if (this.#kept === null) {
      this.#kept = new Uint8Array(keptBytes);
      this.#timer = setInterval(() => void this.#report(), attemptEveryMs);
      this.#timer.unref();
    }
    const taken = Math.min(end - start, keptBytes - this.#keptBytes);
    this.#kept.set(chunk.subarray(start, start + taken), this.#keptBytes);
    this.#keptBytes += taken;
  }

  /** Reports a stream of which nothing is understood so far, once there are enough bytes to say so. */
  async #report(): Promise<void> {
    const cause = await this.cause();
    this.#attempts++;
    if (cause !== null || this.#attempts === mostAttempts) this.stopWatching();
    if (cause === null || this.#hasSample) return;
    const { bytes } = this.#decoder.counts;
    this.#log({
      event: "not-understood",
      text: `no sample in the first ${formatSize(bytes)} of ${this.#place}: ${cause}`,
      problem: true,
      details: { bytes, cause },
    });
  }

  /**
   * Why nothing is understood, with advice; null where there is a sample, as long as samples may still come, and where
   * there are too few bytes to say.
   *
   * @param hasEnded no more bytes will come
   */
  async cause(hasEnded = false): Promise<string | null> {
    const { counts, unfinished } = this.#decoder;
    if (this.#kept === null || counts.samples + counts.rejected > 0) return null;
    const isTooLong = unfinished !== undefined && unfinished.bytes > unfinished.most;
    if (!hasEnded && counts.damaged === 0 && !isTooLong && counts.bytes < enoughBytes) return null;
    // Loaded only here: a stream that is understood needs none of it.
    const { likelyCause, tooLittle } = await import("../samples/recognition/likely-cause.ts");
    const cause = likelyCause(this.#kept.subarray(0, this.#keptBytes), this.#expected);
    if (cause !== null && cause !== tooLittle) return cause;
    if (isTooLong) {
      return `${formatSize(unfinished.bytes)} came without the end of a line or frame; let the device end each, or correct source.framing`;
    }
    if (counts.damaged < enoughRefused) return null;
    const reasons = this.refused().map(({ count, words }) => `${count} ${words}`);
    return `all ${counts.damaged} lines or frames were refused (${reasons.join(", ")}); compare source with what "rivulet sniff" prints`;
  }

  /** Reports nothing more by itself. */
  stopWatching(): void {
    clearInterval(this.#timer);
  }
}
