import { createReadStream, fstatSync } from "node:fs";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { lineFeed } from "../decoding/ascii.ts";
import { chunkBytes, type Receive, type Source, type SourceCounts, type SourceState } from "./source.ts";

const standardInput = 0;

export interface StandardInputOptions {
  onState?: (state: SourceState, sentence: string) => void;
  /** Called where the last line has no end; returns whether to give it one. Default: it is not given one. */
  onUnfinished?: () => boolean;
}

/**
 * Creates a source that reads standard input: a pipe, a socket, a file or a terminal. The writer is held back until its
 * bytes have been processed. The source ends with the input.
 */
export function createStandardInput(options: StandardInputOptions = {}): Source {
  return new StandardInput(options);
}

class StandardInput implements Source {
  readonly counts: SourceCounts = { bytes: 0, opens: 0, losses: 0, droppedWrites: 0 };
  readonly ended: Promise<void>;
  readonly #options: StandardInputOptions;
  #end: () => void = () => {};
  #fail: (error: RivuletError) => void = () => {};
  #stop: () => void = () => {};
  #isClosed = false;

  constructor(options: StandardInputOptions) {
    this.#options = options;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {}); // a failure is only for those who wait for `ended`
  }

  async open(receive: Receive): Promise<void> {
    this.counts.opens++;
    this.#options.onState?.("open", "reading standard input");
    let last = lineFeed;
    const hand = (chunk: Uint8Array, bytes: number) => {
      if (this.#isClosed) return;
      this.counts.bytes += bytes;
      if (bytes > 0) last = chunk[bytes - 1];
      receive(chunk, bytes);
    };
    const finish = () => {
      this.#endLine(last, receive);
      if (!this.#isClosed) this.#options.onState?.("ended", "standard input has ended");
      this.#end();
    };
    const kind = fstatSync(standardInput);
    if (kind.isFIFO() || kind.isSocket()) await this.#readPipe(hand, finish);
    else this.#readStream(hand, finish);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
  }

  /** Ends the last line, where it has no end. */
  #endLine(last: number, receive: Receive): void {
    const { onUnfinished } = this.#options;
    if (this.#isClosed || last === lineFeed || !onUnfinished?.()) return;
    receive(Uint8Array.of(lineFeed), 1);
  }

  async #readPipe(hand: Receive, finish: () => void): Promise<void> {
    const { Socket } = await import("node:net");
    const buffer = Buffer.alloc(chunkBytes);
    const options = {
      ...{ fd: standardInput, readable: true, writable: false },
      onread: {
        buffer,
        callback: (bytes: number) => {
          hand(buffer, bytes);
          return true;
        },
      },
    };
    // `onread` is documented for connect() only, which passes it to this constructor.
    const socket = new Socket(options);
    this.#stop = () => socket.destroy();
    // A broken pipe is the end of the input.
    socket.on("error", () => {});
    socket.once("close", finish);
    socket.once("end", () => socket.destroy());
    socket.resume();
  }

  /** Reads a file or a terminal. */
  #readStream(hand: Receive, finish: () => void): void {
    // A terminal; or /dev/null, which ends at once.
    const isDevice = fstatSync(standardInput).isCharacterDevice();
    const stream = isDevice
      ? process.stdin
      : createReadStream("", {
          fd: standardInput,
          highWaterMark: chunkBytes,
        });
    this.#stop = () => stream.destroy();
    stream.on("error", (error: Error) => {
      this.#fail(
        new RivuletError("input.failed", `standard input cannot be read: ${reasonOf(error)}`, {
          cause: error,
        }),
      );
    });
    stream.once("end", finish);
    stream.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += chunkBytes) {
        const piece = chunk.subarray(at, at + chunkBytes);
        hand(piece, piece.length);
      }
    });
  }
}
