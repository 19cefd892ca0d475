/**
 * Standard output and standard error, written synchronously. `process.stdout` would load Node's streams and sockets, which
 * cost 1.8 MB of memory; only commands that draw on a terminal use it.
 */
import { writeSync } from "node:fs";
import { reasonOf } from "../errors/system-error.ts";

/** A text output. */
export interface Output {
  /** Writes text and returns when it is written. Never throws. */
  write(text: string): void;
}

const standardOutputDescriptor = 1;
const standardErrorDescriptor = 2;
/** Delay before the next attempt to write when the reader is slow. */
const waitMs = 2;

let failed = false;
let written = 0;

/** Returns the total bytes written to both outputs: with the log on an SD card, what it costs the card. */
export function writtenBytes(): number {
  return written;
}

/** Whether a write to standard output has failed; the exit code reports it. */
export function outputFailed(): boolean {
  return failed;
}

/**
 * Handles an error of standard output. A closed pipe (`rivulet plan ... | head`) is ignored, because nobody needs the rest.
 * Any other error, such as a full disk behind `> file`, is reported once on standard error and does not stop the daemon.
 */
export function reportOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE" || failed) return;
  failed = true;
  standardError.write(`rivulet: cannot write to standard output: ${reasonOf(error)}\n`);
}

/** Standard output. A failed write is passed to `reportOutputError`. */
export const standardOutput: Output = {
  write(text) {
    try {
      writeWhole(standardOutputDescriptor, text);
    } catch (error) {
      reportOutputError(error as NodeJS.ErrnoException);
    }
  },
};

/** Standard error. A failed write is ignored. */
export const standardError: Output = {
  write(text) {
    try {
      writeWhole(standardErrorDescriptor, text);
    } catch {} // there is no other place to report it
  },
};

function writeWhole(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  written += rest.length;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      // The parent process has made this pipe non-blocking, so wait here.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}
