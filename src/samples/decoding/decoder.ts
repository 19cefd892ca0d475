import type { RefusedCount } from "./refusals.ts";

/** Counts of a decoder. They only rise; `reset` does not change them. */
export interface DecoderCounts {
  /** Bytes consumed. */
  bytes: number;
  /** Samples written to the ring. `SampleRing.dropped` counts those that the ring discarded. */
  samples: number;
  /** Frames or lines that were refused because they do not match the fields. */
  damaged: number;
  /**
   * Frames or lines that are complete but hold a value that is not finite. 0 where the decoder passes such samples on
   * for validation.
   */
  rejected: number;
  /** Samples that the device sent but that did not arrive, by their sequence numbers. */
  missing: number;
  /** 1 where the stream ended in a part of a line; absent where that is not known. */
  cutOff?: number;
  /** Samples that could not be combined with recent ones of every other device; absent where there is one device. */
  unmatched?: number;
}

/** Decodes chunks of bytes, split anywhere, into samples in a ring. Allocates nothing per sample. */
export interface Decoder {
  readonly counts: Readonly<DecoderCounts>;
  /**
   * Decodes `chunk[start..end)`. The chunk is read in place and not kept: it may be reused afterwards.
   *
   * @param time when the chunk arrived, in milliseconds since the epoch; each of its samples is given this time
   * @returns the index of the first byte not consumed: `end`, unless the ring is full under the policy `pause`;
   *   then make room and decode the rest
   */
  decode(chunk: Uint8Array, start: number, end: number, time: number): number;
  /** Says that the stream has ended in the middle of a line: what it is refused for is that it is cut off. */
  expectEnd?(): void;
  /** Discards an unfinished frame or line. Call it after a reconnect. */
  reset(): void;
  /** Returns the counts of what was refused, by reason. Absent where nothing is refused without an error. */
  refused?(): RefusedCount[];
  /** Bytes received since the latest end of a frame or line, and how many of these a whole one can have. */
  readonly unfinished?: { bytes: number; most: number };
}
