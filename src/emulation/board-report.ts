/** What a board counted in its life. */
export interface BoardReport {
  /** Of its own time, from the start of the firmware. */
  milliseconds: number;
  /** Handed to the port. */
  bytesSent: number;
  /** Lost because the host had the port open and did not read fast enough. */
  bytesDropped: number;
  /** Lost because nobody had the port open. */
  bytesUnheard: number;
}
