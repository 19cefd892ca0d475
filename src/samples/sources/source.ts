/**
 * `opening` for the first time, `open`, `waiting` for something that is not there or went away, `silent`: open, but no
 * byte came for too long, so it is opened again, `ended`: there is no more to come, `closed` for good.
 */
export type SourceState = "opening" | "open" | "waiting" | "silent" | "ended" | "closed";

/** Counts of a source since it was created. They only rise. */
export interface SourceCounts {
  /** Bytes passed on. */
  bytes: number;
  /** Times the source was opened, the first included. */
  opens: number;
  /** Times an open source went away by itself. */
  losses: number;
  /** Attempts to open it that failed. Absent where there is one attempt only. */
  failures?: number;
  /**
   * Times it looked: for bytes, or for a port that is away. One that no longer looks is stuck, however quiet the other
   * side. Absent where bytes come without being looked for; one for each that looks where several are merged.
   */
  looks?: number | readonly number[];
  /** Writes that were dropped because the source was closed, or the other side does not read, or not so fast. */
  droppedWrites: number;
}

/** Bytes handed on at a time at most: what the kernel gives of a serial port, so that the ring has room for it. */
export const chunkBytes = 4096;

/** Receives bytes: the first `end` of `chunk`, which the next call may reuse. */
export type Receive = (chunk: Uint8Array, end: number) => void;

/** A source of bytes: it opens, passes on chunks, reconnects by itself, and counts what it lost. */
export interface Source {
  readonly counts: Readonly<SourceCounts>;
  /**
   * Starts reading. `receive` is given each chunk as it arrives, the first `end` bytes of `chunk`, and must be done with
   * it when it returns: the next one may use the same memory, and the same view of it.
   *
   * @throws RivuletError when the source cannot be opened
   */
  open(receive: Receive): Promise<void>;
  /** Stops reading for good; no chunk arrives afterwards. Never fails, and may be called at any time and twice. */
  close(): Promise<void>;
  /**
   * Resolves when everything has been passed on, rejects with a RivuletError when the rest cannot be read. Absent where a
   * source has no end.
   */
  readonly ended?: Promise<void>;
  /**
   * Sends the first `end` bytes, all of them where that is left out, to the device; false when they were dropped, all or
   * none. They are taken over: the caller may use the memory again. Never waits, and never keeps more than a few
   * kilobytes waiting. Absent where there is no way back.
   */
  write?(bytes: Uint8Array, end?: number): boolean;
}
