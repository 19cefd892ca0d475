/** Counts of an emulated board from start to end. */
export interface BoardReport {
  /** Emulated time since the start of the firmware. */
  milliseconds: number;
  /** Bytes written to the port. */
  bytesSent: number;
  /** Bytes lost because the host had the port open and did not read fast enough. */
  bytesDropped: number;
  /** Bytes lost because no host had the port open. */
  bytesUnheard: number;
}
