import { lineFeed } from "../decoding/ascii.ts";
import { readBytes, requireRegularFile } from "./file-bytes.ts";
import { readText } from "./file-text.ts";
import { chunkBytes, type Receive, type Source, type SourceCounts, type SourceState } from "./source.ts";

export interface FileOptions {
  path: string;
  /** Inspects the file before it is read; returns whether it is text, whose last line may lack its line end. */
  prepare: () => Promise<{ isText: boolean }>;
  /** Called where the last line of a text has no end, before it is given one. */
  onUnfinished?: () => void;
  /** Called at the end of the file; `ended` rejects with what it throws. */
  onEnd?: () => void;
  onState?: (state: SourceState, sentence: string) => void;
}

/** Creates a source of the bytes of a file, gzipped or not, from beginning to end, as fast as they are consumed. */
export function createFileSource(options: FileOptions): Source {
  return new FileSource(options);
}

class FileSource implements Source {
  readonly counts: SourceCounts = { bytes: 0, opens: 0, losses: 0, droppedWrites: 0 };
  readonly ended: Promise<void>;
  readonly #options: FileOptions;
  #end: (outcome: Promise<void>) => void = () => {};
  #reading: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: FileOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.ended.catch(() => {}); // a failure is only for those who wait for `ended`
  }

  async open(receive: Receive): Promise<void> {
    await requireRegularFile(this.#options.path);
    const { isText } = await this.#options.prepare();
    this.counts.opens++;
    this.#options.onState?.("open", `reading ${this.#options.path}`);
    this.#reading = this.#read(isText, receive);
    this.#end(this.#reading);
    this.#reading.catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reading.catch(() => {});
  }

  async #read(isText: boolean, receive: Receive): Promise<void> {
    const { path, onEnd, onState, onUnfinished } = this.#options;
    let last = lineFeed;
    for await (const chunk of isText ? readText(path) : readBytes(path)) {
      for (let at = 0; at < chunk.length; at += chunkBytes) {
        // Lets the event loop run other work between chunks.
        await new Promise(setImmediate);
        if (this.#isClosed) return;
        const piece = chunk.subarray(at, at + chunkBytes);
        this.counts.bytes += piece.length;
        receive(piece, piece.length);
      }
      last = chunk[chunk.length - 1];
    }
    if (isText && last !== lineFeed) {
      onUnfinished?.();
      receive(Uint8Array.of(lineFeed), 1);
    }
    onEnd?.();
    onState?.("ended", `${path} has ended`);
  }
}
