/**
 * Standard output and standard error, written synchronously. `process.stdout` would load Node's streams and sockets, which
 * cost 1.8 MB of memory; only commands that draw on a terminal use it.
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { reasonOf } from "../errors/system-error.ts";

/** A text output. */
export interface Output {
  /** Writes text and returns when it is written. Never throws. */
  write(text: string): void;
}

/** Where the log of a daemon goes. */
export interface LogOutput extends Output {
  /** Whether the text that was written last was left out, because nobody reads on. */
  readonly isStalled: boolean;
}

const standardOutputDescriptor = 1;
const standardErrorDescriptor = 2;
/** Delay before the next attempt to write when the reader is slow. */
const waitMs = 2;
/** How long a daemon waits for a reader of its log, and for how long it then waits no more. */
const patienceMs = 1000;
const impatientMs = 60_000;

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
 * Any other error, such as a full disk after `> file`, is reported once on standard error and does not stop the daemon.
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

/**
 * An output for the log of a daemon, which learns on where its log goes into a pipe that nobody reads any more, or too
 * slowly: a line waits for a second, and those of the next minute not at all. All else is written as by `output`.
 */
export function createLogOutput(
  output: Output,
  descriptor = output === standardOutput ? standardOutputDescriptor : standardErrorDescriptor,
): LogOutput {
  const pipe = openPipe(descriptor);
  let isStalled = false;
  /** In milliseconds of a steady clock. */
  let patientFrom = 0;
  return {
    get isStalled() {
      return isStalled;
    },
    write(text) {
      if (pipe === null) return output.write(text);
      try {
        const isPatient = performance.now() >= patientFrom;
        isStalled = !writeWhole(pipe, text, isPatient ? patienceMs : 0);
        if (isStalled && isPatient) patientFrom = performance.now() + impatientMs;
      } catch {
        output.write(text); // it says why
      }
    },
  };
}

/**
 * A pipe, opened again so that only this end does not wait: to make the descriptor itself do so would change it for all
 * programs that share it. Null where it is not one, or may not be opened.
 */
function openPipe(descriptor: number): number | null {
  try {
    if (!fstatSync(descriptor).isFIFO()) return null;
    return openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

/** Writes a text, and returns whether there was room for it within the time. */
function writeWhole(descriptor: number, text: string, mostMs = Number.POSITIVE_INFINITY): boolean {
  let rest = Buffer.from(text);
  written += rest.length;
  for (let waited = 0; rest.length > 0; waited += waitMs) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      if (waited >= mostMs) return false;
      // The parent process has made this pipe non-blocking, or nobody reads just now, so wait here.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
  return true;
}
