/** Predictions as lines on standard output, for the next program of a pipe. */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import { reasonOf } from "../../errors/system-error.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

const standardOutput = 1;
/** What may wait for a reader; lines beyond it are dropped. */
const mostWaitingBytes = 256 * 1024;
const retryMs = 10;
const lineEnd = 0x0a;
/** A pipe takes this many bytes whole or not at all (PIPE_BUF of Linux). */
const atomicBytes = 4096;

/** Writes bytes without waiting: returns how many went, and calls back once more of them can. */
type Writer = (bytes: Uint8Array, onReady: () => void) => number;

/**
 * A pipe is opened again, so that only this end does not wait: to make the descriptor itself do so would change it for all
 * programs that share it.
 */
function pipeWriter(): { write: Writer; close(): void } {
  const descriptor = openSync("/dev/fd/1", constants.O_WRONLY | constants.O_NONBLOCK);
  return {
    write(bytes, onReady) {
      let written = 0;
      try {
        while (written < bytes.length) {
          const rest = bytes.subarray(written, written + atomicBytes);
          // Whole lines alone, so that none is left half written where the reader never reads on.
          const end = written + rest.length === bytes.length ? rest.length : rest.lastIndexOf(lineEnd) + 1;
          written += writeSync(descriptor, rest, 0, end || rest.length);
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        setTimeout(onReady, retryMs);
      }
      return written;
    },
    close: () => closeSync(descriptor),
  };
}

/** A file is written by another thread, as a card may take its time. */
function fileWriter(onError: (error: Error) => void): { write: Writer; close(): void } {
  let isBusy = false;
  return {
    write(bytes, onReady) {
      if (isBusy) return 0;
      isBusy = true;
      const copy = Buffer.from(bytes);
      const next = (from: number) =>
        write(standardOutput, copy, from, copy.length - from, null, (error, written) => {
          if (error !== null) return onError(error);
          if (from + written < copy.length) return next(from + written);
          isBusy = false;
          onReady();
        });
      next(0);
      return bytes.length;
    },
    close() {},
  };
}

function socketWriter(onError: (error: Error) => void): { write: Writer; close(): void } {
  const socket = new Socket({ fd: standardOutput, readable: false, writable: true });
  socket.on("error", onError);
  return {
    write(bytes, onReady) {
      if (socket.writableLength > mostWaitingBytes) {
        socket.once("drain", onReady);
        return 0;
      }
      socket.write(Buffer.from(bytes));
      return bytes.length;
    },
    close: () => void socket.end(),
  };
}

export class StandardOutput implements PredictionOutput {
  readonly name = "stdout";
  sent = 0;
  dropped = 0;
  isActive = true;
  readonly #onEnd: (text: string) => void;
  readonly #writer: { write: Writer; close(): void };
  #waiting: Uint8Array = new Uint8Array(0);
  /** Lines of this turn of the event loop. */
  #lines = "";
  #isScheduled = false;
  #onEmpty: (() => void) | null = null;
  readonly #flush = () => {
    this.#isScheduled = false;
    this.#writeWaiting();
  };

  /** @param onEnd called with a sentence where nobody reads any more */
  constructor(onEnd: (text: string) => void) {
    this.#onEnd = onEnd;
    const about = fstatSync(standardOutput);
    const fail = (error: Error) => this.#fail(error);
    this.#writer =
      about.isFIFO() || about.isCharacterDevice()
        ? pipeWriter()
        : about.isSocket()
          ? socketWriter(fail)
          : fileWriter(fail);
  }

  send(_: PredictionRecord, line: string): void {
    if (this.#waiting.length + this.#lines.length > mostWaitingBytes) {
      this.dropped++;
      return;
    }
    this.sent++;
    this.#lines += line;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  #writeWaiting(): void {
    if (!this.isActive) return;
    if (this.#lines !== "") {
      this.#waiting = Buffer.concat([this.#waiting, Buffer.from(this.#lines)]);
      this.#lines = "";
    }
    try {
      if (this.#waiting.length > 0) {
        this.#waiting = this.#waiting.subarray(this.#writer.write(this.#waiting, this.#flush));
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    if (this.#waiting.length === 0) this.#onEmpty?.();
  }

  #fail(error: Error): void {
    if (!this.isActive) return;
    this.isActive = false;
    const isGone = (error as NodeJS.ErrnoException).code === "EPIPE";
    const why = isGone ? "the program that read them has ended" : reasonOf(error);
    this.#onEnd(`predictions no longer go to standard output: ${why}; learning continues`);
    this.#onEmpty?.();
  }

  async close(withinMs: number): Promise<void> {
    this.#writeWaiting();
    if (this.isActive && this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isActive = false;
    this.#writer.close();
    const left = this.#waiting.filter((byte) => byte === lineEnd).length;
    this.sent -= left;
    this.dropped += left;
  }
}
