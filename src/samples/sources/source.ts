/**
 * State of a source. `opening`: for the first time. `open`. `waiting`: the device is missing or was lost. `silent`: no
 * byte arrived for too long, so the source reopens it. `ended`: there is no more to read. `closed`: for good.
 */
export type SourceState = "opening" | "open" | "waiting" | "silent" | "ended" | "closed";

/** Counts of a source since it was created. They only rise. */
export interface SourceCounts {
  /** Bytes passed on. */
  bytes: number;
  /** Times the source was opened, including the first. */
  opens: number;
  /** Times an open source was lost. */
  losses: number;
  /** Failed attempts to open it. Absent where there is one attempt only. */
  failures?: number;
  /**
   * Times it polled: for bytes, or for a missing port. A source that no longer polls is stuck, even if the other side
   * is silent. Absent where bytes arrive by events; one number for each polled source where several are merged.
   */
  looks?: number | readonly number[];
  /** Datagrams that the system discarded before they were read, as its buffer was full. Absent where the sender is held back. */
  discarded?: number;
  /** Writes that were discarded because the source was closed, or the other side did not read fast enough. */
  droppedWrites: number;
}

/** Most bytes passed on at a time: the most that the kernel returns for a serial port, so that the ring has room. */
export const chunkBytes = 4096;

/** Receives the first `end` bytes of `chunk`, which the next call may reuse. */
export type Receive = (chunk: Uint8Array, end: number) => void;

/** A source of bytes: it opens, passes on chunks, reconnects by itself, and counts losses. */
export interface Source {
  readonly counts: Readonly<SourceCounts>;
  /**
   * Starts reading, and calls `receive` with each chunk as it arrives. The bytes are valid until `receive` returns: the
   * next chunk may use the same memory, and the same view of it.
   *
   * @throws RivuletError when the source cannot be opened
   */
  open(receive: Receive): Promise<void>;
  /** Stops reading for good; no chunk arrives afterwards. Never fails; may be called at any time, and twice. */
  close(): Promise<void>;
  /**
   * Resolves when everything has been passed on; rejects with a RivuletError when the rest cannot be read. Absent for a
   * source without an end.
   */
  readonly ended?: Promise<void>;
  /**
   * Sends the first `end` bytes, by default all, to the device; returns false when all of them were discarded. The
   * bytes are copied: the caller may reuse the memory. Never waits, and never queues more than a few kilobytes. Absent
   * where nothing can be sent back.
   */
  write?(bytes: Uint8Array, end?: number): boolean;
}
