import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { settled, syncFolderSync } from "../checkpoint/durable-file.ts";
import { RivuletError } from "../errors/errors.ts";
import { BlockEncoder, encodeHeader, type RecordingHeader } from "./format.ts";

/** What a recording may lose to a power cut. */
const syncEveryMs = 1000;
/** Blocks that wait for a disk that is too slow. They are bounded, as the device's memory is. */
const mostWaitingBytes = 1 << 22;

export interface RecordingCounts {
  /** Samples taken in. */
  samples: number;
  /** Of these, the samples that the disk says it has. */
  syncedSamples: number;
  /** Bytes that the disk says it has. */
  bytes: number;
}

/**
 * A recording being written: a block as soon as one is full, and once a second whatever there is, with a sync
 * each second, so that a power cut takes the last second at most. Writing and syncing is done on Node's thread pool, as an SD
 * card may take half a second for it, in which a serial port would overflow.
 *
 * A file that exists is refused. To append would mean to trust its end, which may be torn, and its fields, which may be
 * others; to write over it would lose what cannot be recorded again.
 */
export class RecordingFile {
  readonly counts: RecordingCounts = { samples: 0, syncedSamples: 0, bytes: 0 };
  /** Rejects with a RivuletError when writing failed. Nothing more is recorded then; what was synced is whole. */
  readonly failed: Promise<never>;
  readonly #path: string;
  readonly #file: number;
  readonly #blocks: BlockEncoder;
  readonly #timer: NodeJS.Timeout;
  #fail: (error: unknown) => void = () => {};
  #failure: unknown = null;
  /** Ends once all that was handed over is on the disk, or could not be written. */
  #written: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  /** Where the next block goes. */
  #end = 0;

  /** @throws RivuletError where the file exists or cannot be written */
  constructor(path: string, header: RecordingHeader) {
    this.#path = path;
    this.#blocks = new BlockEncoder(header.fields);
    const message = encodeHeader(header);
    try {
      this.#file = fs.openSync(path, "wx", 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw this.#describe(error);
      throw new RivuletError(
        "file.exists",
        `${path} exists already, and a recording is never written over nor appended to: name another file, or move that one away`,
      );
    }
    try {
      let written = 0;
      while (written < message.length) written += fs.writeSync(this.#file, message, written);
      fs.fsyncSync(this.#file);
      syncFolderSync(dirname(resolve(path)));
    } catch (error) {
      fs.closeSync(this.#file);
      fs.rmSync(path, { force: true });
      throw this.#describe(error);
    }
    this.counts.bytes = message.length;
    this.#end = message.length;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // whoever waits for it is told, and close() tells it too
    this.#timer = setInterval(() => this.#flush(), syncEveryMs);
  }

  /** Takes the sample at `offset` of `values`. `deviceTime` is NaN where there is none. */
  append(values: Float64Array, offset: number, time: number, sequence: number, deviceTime: number): void {
    if (this.#failure !== null) return;
    if (!this.#blocks.add(values, offset, time, sequence, deviceTime)) {
      this.#flush(false);
      this.#blocks.add(values, offset, time, sequence, deviceTime);
    }
    this.counts.samples++;
  }

  /**
   * Writes what is left and closes the file.
   * @throws RivuletError where that fails, or writing had failed before
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#written;
    fs.closeSync(this.#file);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Removes the file again, where nothing could be recorded at all. */
  discard(): void {
    clearInterval(this.#timer);
    fs.closeSync(this.#file);
    fs.rmSync(this.#path, { force: true });
  }

  /** Hands the gathered samples over to be written; where `sync`, the disk is asked to have them. */
  #flush(sync = true): void {
    if (this.#failure !== null) return;
    if (this.#blocks.samples > 0) {
      const block = this.#blocks.take();
      const place = this.#end;
      this.#end += block.length;
      if (this.#waitingBytes + block.length > mostWaitingBytes) this.#writeNow(block, place);
      else this.#then(() => this.#write(block, place), block.length);
    }
    const { samples } = this.counts;
    if (sync) this.#then(() => this.#sync(samples));
  }

  /** Does work behind all that was handed over before. */
  #then(work: () => Promise<void>, bytes = 0): void {
    this.#waitingBytes += bytes;
    this.#written = this.#written
      .then(() => (this.#failure === null ? work() : undefined))
      .catch((error) => this.#stop(error))
      .then(() => {
        this.#waitingBytes -= bytes;
      });
  }

  async #write(block: Uint8Array, place: number): Promise<void> {
    try {
      for (let at = 0; at < block.length; ) {
        at += await settled<number>((done) =>
          fs.write(this.#file, block, at, block.length - at, place + at, done),
        );
      }
    } catch (error) {
      this.#takeBack(place);
      throw error;
    }
  }

  /** Where too much waits for the disk, whoever sends is to wait too. Other blocks may still be on their way. */
  #writeNow(block: Uint8Array, place: number): void {
    try {
      for (let at = 0; at < block.length; ) {
        at += fs.writeSync(this.#file, block, at, block.length - at, place + at);
      }
      fs.fdatasyncSync(this.#file);
    } catch (error) {
      this.#takeBack(place);
      this.#stop(error);
    }
  }

  async #sync(samples: number): Promise<void> {
    const bytes = this.#end;
    if (samples > this.counts.syncedSamples) {
      await settled((done) => fs.fdatasync(this.#file, done));
      this.counts.bytes = Math.min(bytes, fs.fstatSync(this.#file).size);
      this.counts.syncedSamples = samples;
    }
    // Looked at also where nothing came: a file that is gone is worth knowing of before the next sample comes.
    this.#requireThere();
  }

  /** Half a block is recognised as torn, but a file without it is better. Best effort: the disk has failed already. */
  #takeBack(place: number): void {
    try {
      fs.ftruncateSync(this.#file, place);
    } catch {}
  }

  /** A file that somebody has removed can be written to without end, and every byte is lost. */
  #requireThere(): void {
    if (fs.fstatSync(this.#file).nlink > 0) return;
    throw new RivuletError(
      "recording.lost",
      `${this.#path} was removed while it was being recorded: begin another recording, what was recorded is gone`,
    );
  }

  #stop(error: unknown): void {
    if (this.#failure !== null) return;
    clearInterval(this.#timer);
    this.#failure = this.#describe(error);
    this.#fail(this.#failure);
  }

  #describe(error: unknown): unknown {
    return diskError(error, `cannot record to ${this.#path}`, dirname(resolve(this.#path)));
  }
}
