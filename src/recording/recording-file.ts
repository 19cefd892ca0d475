import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { settled, syncFolderSync } from "../checkpoint/durable-file.ts";
import { RivuletError } from "../errors/errors.ts";
import { NewClasses } from "./class-names.ts";
import {
  encodeEvents,
  type ModelEvent,
  mostEventsInBlock,
  type RecordedEvent,
  type StoredEvent,
} from "./events.ts";
import { BlockEncoder, encodeHeader, type RecordingHeader } from "./format.ts";
import { partsOf } from "./model-parts.ts";

/** Most time of a recording that a power cut can destroy. */
const syncEveryMs = 1000;
/** Most blocks that wait for a slow disk, because memory is limited. */
const mostWaitingBytes = 1 << 22;

export interface RecordingCounts {
  /** Samples received. */
  samples: number;
  /** Of these, the samples that have been synced to the disk. */
  syncedSamples: number;
  /** Bytes that have been synced to the disk. */
  bytes: number;
}

/**
 * Writes a recording: a block as soon as it is full, and once a second all waiting samples, with a sync each second, so
 * that a power cut destroys at most the last second. Writing and syncing run on Node's thread pool, because an SD card
 * may need half a second, in which a serial port would overflow.
 *
 * An existing file is refused. Its end may be incomplete and its fields may differ, so nothing can be appended safely;
 * and overwriting it would destroy what cannot be recorded again.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { playRecording, RecordingFile } from "rivulet";
 *
 * const fields = [{ name: "level", type: "f32", scale: 1, offset: 0 }];
 * const createdAt = new Date().toISOString();
 * const recording = new RecordingFile("level.rec", { name: "tank", createdAt, source: "a program", fields });
 * for (let i = 0; i < 10; i++) recording.append(Float64Array.of(i), 0, Date.now() + 100 * i, i, Number.NaN);
 * await recording.close();
 * assert.equal((await playRecording("level.rec", () => {})).samples, 10);
 */
export class RecordingFile {
  readonly counts: RecordingCounts = { samples: 0, syncedSamples: 0, bytes: 0 };
  /** Rejects with a RivuletError when writing fails. Recording stops then; what was synced is complete. */
  readonly failed: Promise<never>;
  readonly #path: string;
  readonly #file: number;
  readonly #blocks: BlockEncoder;
  readonly #timer: NodeJS.Timeout;
  #fail: (error: unknown) => void = () => {};
  #failure: unknown = null;
  /** Resolves once all blocks passed on are on the disk, or could not be written. */
  #written: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  /** Byte offset of the next block in the file. */
  #end = 0;
  readonly #hasEvents: boolean;
  readonly #newClasses: NewClasses;
  /** Number of the next sample, and events that have not been passed on yet. */
  #number: number;
  #events: StoredEvent[] = [];
  /** Bytes of blocks that have been synced. */
  #synced = 0;

  /**
   * Creates the file and writes its header.
   * @param first number of the first sample, where the header says that there may be events
   * @throws RivuletError when the file exists or cannot be written
   */
  constructor(path: string, header: RecordingHeader, first = 1) {
    this.#path = path;
    this.#newClasses = new NewClasses(header.fields);
    this.#hasEvents = header.hasEvents === true || this.#newClasses.arePossible;
    this.#number = first;
    this.#blocks = new BlockEncoder(header.fields);
    const message = encodeHeader({ ...header, hasEvents: this.#hasEvents });
    try {
      this.#file = fs.openSync(path, "wx", 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw this.#describe(error);
      throw new RivuletError(
        "file.exists",
        `${path} exists already, and recordings are never overwritten nor appended to; name another file, or move that one away`,
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
    this.failed.catch(() => {}); // only for those who wait for `failed`; close() throws the error too
    this.#timer = setInterval(() => this.#flush(), syncEveryMs);
  }

  /** Adds the sample at `offset` of `values`. `deviceTime` is NaN where there is none. */
  append(values: Float64Array, offset: number, time: number, sequence: number, deviceTime: number): void {
    if (this.#failure !== null) return;
    this.#newClasses.report(this.#noteClass);
    if (!this.#blocks.add(values, offset, time, sequence, deviceTime)) {
      this.#flush(false);
      this.#blocks.add(values, offset, time, sequence, deviceTime);
    }
    this.counts.samples++;
  }

  readonly #noteClass = (field: string, name: string, number: number) =>
    this.event({ kind: "class", after: this.#number - 1 + this.#blocks.samples, field, name, number });

  /** Adds an event, which took effect after the newest sample. */
  event(event: RecordedEvent): void {
    if (this.#failure !== null) return;
    // A label may be of a class that no sample so far has had.
    if (event.kind === "label") this.#newClasses.report(this.#noteClass);
    if (event.kind === "model") this.#addModel(event);
    else this.#events.push(event);
    if (this.#events.length >= mostEventsInBlock) this.#flush(false);
  }

  /** Each part of it is a block of its own. */
  #addModel(event: ModelEvent): void {
    for (const part of partsOf(event)) {
      this.#flush(false);
      this.#events.push(part);
    }
    this.#flush(false);
  }

  /**
   * Writes the remaining samples and closes the file.
   * @throws RivuletError when that fails, or writing failed before
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#written;
    fs.closeSync(this.#file);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Removes the file, if nothing could be recorded. */
  discard(): void {
    clearInterval(this.#timer);
    fs.closeSync(this.#file);
    fs.rmSync(this.#path, { force: true });
  }

  /** Passes the collected samples on to be written, and with `sync` to be synced to the disk. */
  #flush(sync = true): void {
    if (this.#failure !== null) return;
    const { samples: taken } = this.#blocks;
    // Ahead of the samples between which they took effect, and with the number of the first of these.
    if (this.#hasEvents && (taken > 0 || this.#events.length > 0)) {
      this.#pass(encodeEvents(this.#number, this.#events));
      this.#number += taken;
      this.#events = [];
    }
    if (taken > 0) this.#pass(this.#blocks.take());
    const { samples } = this.counts;
    if (sync) this.#then(() => this.#sync(samples));
  }

  /** Passes a block on to be written. */
  #pass(block: Uint8Array): void {
    const place = this.#end;
    this.#end += block.length;
    if (this.#waitingBytes + block.length > mostWaitingBytes) this.#writeNow(block, place);
    else this.#then(() => this.#write(block, place), block.length);
  }

  /** Runs work after all work that was passed on before. */
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

  /** If too much waits for the disk, the sender must wait too. Other blocks may still be in progress. */
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
    if (bytes > this.#synced) {
      this.#synced = bytes;
      await settled((done) => fs.fdatasync(this.#file, done));
      this.counts.bytes = Math.min(bytes, fs.fstatSync(this.#file).size);
      this.counts.syncedSamples = samples;
    }
    // Checked even if no sample arrived: a removed file should be reported before the next sample.
    this.#requireThere();
  }

  /**
   * Readers recognize half a block as incomplete, but a file without it is better. Best effort: the disk has failed.
   */
  #takeBack(place: number): void {
    try {
      fs.ftruncateSync(this.#file, place);
    } catch {}
  }

  /** Writing to a removed file succeeds, but every byte is lost. */
  #requireThere(): void {
    if (fs.fstatSync(this.#file).nlink > 0) return;
    throw new RivuletError(
      "recording.lost",
      `${this.#path} was removed while it was being recorded, and its samples are lost; start another recording`,
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
