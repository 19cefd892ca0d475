/** What became of the bytes a decoder was given. Every count only rises; `reset` leaves them alone. */
export interface DecoderCounts {
  /** Bytes taken in, whatever they turned out to be. */
  bytes: number;
  /** Samples handed to the ring. What the ring then dropped is in `SampleRing.dropped`. */
  samples: number;
  /** Frames or lines that were refused because they are not what the fields describe. */
  damaged: number;
  /**
   * Frames or lines that arrived whole but hold a value that is not finite, which must not be learned from. 0 where
   * such samples are handed on, for someone else to judge.
   */
  rejected: number;
  /** Samples that the device sent and that never arrived, as far as the sequence numbers tell. */
  missing: number;
  /** Samples of one of several devices that no other one completed; absent where there is one device. */
  unmatched?: number;
}

/** Turns chunks of bytes, cut anywhere, into samples in a ring. Allocates nothing per sample. */
export interface Decoder {
  readonly counts: Readonly<DecoderCounts>;
  /**
   * Decodes `chunk[start..end)`. The chunk is read in place and not kept: it may be reused afterwards.
   *
   * @param time when the chunk arrived, in milliseconds since the epoch; each of its samples is given this time
   * @returns the index of the first byte not taken in: `end`, unless the ring is full under the policy `pause`;
   *   then make room and decode the rest
   */
  decode(chunk: Uint8Array, start: number, end: number, time: number): number;
  /** To be called after a reconnect: forgets what was begun on the old connection. */
  reset(): void;
}
