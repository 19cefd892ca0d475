/**
 * Standard output and standard error, written at once. Not as `process.stdout`: with it come Node's streams and
 * sockets, 1.8 MB of a board's memory. Commands that draw on a terminal use that, and pay for it.
 */
import { writeSync } from "node:fs";
import { reasonOf } from "../errors/system-error.ts";

export interface Output {
  write(text: string): void;
}

const standardOutputDescriptor = 1;
const standardErrorDescriptor = 2;
/** How long to wait before trying again where the reader is slow. */
const waitMs = 2;

let failed = false;
let written = 0;

/** Bytes written to both so far: what a log costs that ends on an SD card. */
export function writtenBytes(): number {
  return written;
}

/** Whether something could not be written to standard output: the exit code is to say so. */
export function outputFailed(): boolean {
  return failed;
}

/**
 * What to do about an error of standard output. A reader that went away (`rivulet plan ... | head`) is no fault: what
 * was still to be said is not needed. A full disk behind `> file` is one, but none to stop a daemon for: it is told once.
 */
export function reportOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE" || failed) return;
  failed = true;
  standardError.write(`rivulet: cannot write to standard output: ${reasonOf(error)}\n`);
}

export const standardOutput: Output = {
  write(text) {
    try {
      writeWhole(standardOutputDescriptor, text);
    } catch (error) {
      reportOutputError(error as NodeJS.ErrnoException);
    }
  },
};

export const standardError: Output = {
  write(text) {
    try {
      writeWhole(standardErrorDescriptor, text);
    } catch {} // there is no other place to say it
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
      // Whoever gave us this pipe does not let it block: so the wait is here.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}
