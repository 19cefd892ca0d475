/**
 * A folder of checkpoints that survives power cuts, kills and full disks. File names contain a sequence number that only
 * increases, `checkpoint-00000042.msgpack`. The order does not depend on a clock, because clocks can jump backwards.
 */
import fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { isUnreadableForNow, readCheckpointFile, remedyOf } from "./checkpoint-file.ts";
import { type CheckpointFile, isOverlong, isTemporary, listCheckpoints } from "./checkpoint-names.ts";
import { diskError, filesThatMakeRoom, isFull } from "./disk-error.ts";
import {
  removeFile,
  removeFileSync,
  syncFolderSync,
  writeFileDurably,
  writeFileDurablySync,
} from "./durable-file.ts";
import { createFolderLock, type FolderLock } from "./folder-lock.ts";
import { isRegularFile, Retention, type Spare } from "./retention.ts";

/** A block of most file systems, which the lock takes. */
const lockBytes = 4096;

/** A checkpoint and the file from which it was read. */
export interface FoundCheckpoint<T> extends CheckpointFile {
  checkpoint: T;
}

/** Decodes the bytes of a file named `where`, or throws a CheckpointError; `decodeCheckpoint` is one such function. */
export type ReadCheckpoint<T> = (bytes: Uint8Array, where: string) => T;

/** Reports a problem that did not stop the operation, as one sentence. */
export type Report = (sentence: string) => void;

/** A checkpoint folder that this process has locked. */
export interface Store {
  /** Absolute path of the folder. */
  readonly directory: string;
  /** True from a call of `save` until its promise settles. */
  readonly saving: boolean;
  /** Total bytes of all checkpoints that this store has saved, without the file system's own writes. */
  readonly writtenBytes: number;
  /**
   * Saves a checkpoint on Node's thread pool. The chunks are copied before the call returns, so the caller may change
   * them afterwards. The store keeps the memory of the copy for the next save: the size of one checkpoint. The promise
   * resolves once the file is on the disk.
   *
   * Only one save may run at a time: another one rejects and changes nothing. When the promise rejects, the earlier
   * checkpoints are unchanged, and the next save writes a new file.
   *
   * @param complete finishes the copy before it is written, such as `sealCheckpoint`
   * @throws RivuletError (rejects): disk full, no permission, read-only, folder missing or in use by another process
   */
  save(
    chunks: readonly Uint8Array[],
    complete?: (bytes: Uint8Array) => Promise<void>,
  ): Promise<CheckpointFile>;
  /** Allocates the memory into which `save` copies a checkpoint of up to `bytes` bytes, so that no save has to. */
  reserve(bytes: number): void;
  /**
   * Saves a checkpoint synchronously, directly from the chunks: for process exit and signal handlers. On an SD card this
   * may take 100 ms or more. If a `save` is running, this checkpoint counts as the newer one. A missing folder is created
   * again, because this is the last chance to save. `save` rejects instead, since the folder may return, for example on a
   * USB stick.
   *
   * @throws RivuletError as `save`
   */
  saveSync(chunks: readonly Uint8Array[]): CheckpointFile;
  /**
   * Reads the newest checkpoint that `read` accepts, like `newestCheckpoint`, and reports each one that it rejects. One that
   * this process may not read, or that is of a newer version, may be whole: it is never deleted.
   *
   * @throws CheckpointError of the newest such one, where `read` accepts none
   */
  newest<T>(read: ReadCheckpoint<T>): FoundCheckpoint<T> | undefined;
  /** @throws RivuletError where another process, which started at the same moment, has locked the folder meanwhile */
  requireLock(): void;
  /** Unlocks the folder. A `save` that is writing finishes first; one that has not begun to write rejects. */
  close(): void;
}

/**
 * Opens and locks a checkpoint folder. Creates it and its parents if needed, and deletes incomplete files that a killed
 * process left behind.
 *
 * @param options.keep number of complete checkpoints to keep; older ones are deleted after a save
 * @param options.spare chooses older ones to keep besides; default: none
 * @param options.report is called for damaged checkpoints and for files that cannot be deleted
 * @throws RivuletError when the folder cannot be created, read or written, or another process uses it
 *
 * @example
 * import assert from "node:assert/strict";
 * import { checkpointOf, createLearner, decodeCheckpoint, encodeCheckpoint, learnerFrom, openStore } from "rivulet";
 *
 * const learner = createLearner({ fields: ["x", "y"], target: { column: "y" } });
 * const store = openStore("store", { keep: 3 }); // stays locked until it is closed
 * for (let i = 0; i < 20; i++) {
 *   learner.observe(Float64Array.of(i, 2 * i), 0);
 *   if (i % 5 === 4) await store.save(encodeCheckpoint(checkpointOf(learner))); // writes while the learner goes on
 * }
 * const { checkpoint, path } = store.newest(decodeCheckpoint);
 * store.close();
 * assert.equal(learnerFrom(checkpoint, path).samplesSeen, 20);
 */
export function openStore(
  directory: string,
  options: { keep?: number; spare?: Spare; report?: Report } = {},
): Store {
  const { keep = 5, spare = () => [], report = () => {} } = options;
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `checkpoints to keep in ${directory}: found ${keep}, expected an integer from 1`,
    );
  }
  const folder = resolve(directory);
  const retention = new Retention(folder, keep, spare);
  const lock = createFolderLock(folder);
  openFolder(folder, lock, retention, report);
  return new FolderStore(folder, lock, retention, report);
}

class FolderStore implements Store {
  readonly directory: string;
  saving = false;
  writtenBytes = 0;
  readonly #lock: FolderLock;
  readonly #retention: Retention;
  readonly #report: Report;
  /** What `save` writes from. */
  #snapshot = new Uint8Array(0);
  #isClosed = false;
  #isWriting = false;

  constructor(folder: string, lock: FolderLock, retention: Retention, report: Report) {
    this.directory = folder;
    this.#lock = lock;
    this.#retention = retention;
    this.#report = report;
  }

  reserve(bytes: number): void {
    if (this.#snapshot.length >= bytes) return;
    this.#snapshot = new Uint8Array(bytes);
    // The kernel allocates each page when it is first written, so write them all now.
    this.#snapshot.fill(1);
  }

  async save(
    chunks: readonly Uint8Array[],
    complete?: (bytes: Uint8Array) => Promise<void>,
  ): Promise<CheckpointFile> {
    if (this.saving) {
      throw new RivuletError(
        "checkpoint.not-saved",
        `a checkpoint is still being saved in ${this.directory}; save the next one after it`,
      );
    }
    this.saving = true;
    const bytes = byteLengthOf(chunks);
    let file: CheckpointFile | undefined;
    try {
      this.#holdFolder();
      file = this.#retention.nextFile();
      const copy = this.#copyOf(chunks, bytes);
      await complete?.(copy);
      this.#requireOpen();
      this.#lock.hold();
      this.#isWriting = true;
      await this.#write(file, copy);
      await this.#deleteSurplus();
      return file;
    } catch (error) {
      throw this.#saveError(error, file, bytes);
    } finally {
      this.saving = false;
      this.#isWriting = false;
      if (this.#isClosed) this.#lock.release();
    }
  }

  saveSync(chunks: readonly Uint8Array[]): CheckpointFile {
    const bytes = byteLengthOf(chunks);
    let file: CheckpointFile | undefined;
    try {
      this.#createMissingFolder();
      this.#holdFolder();
      file = this.#retention.nextFile();
      this.#writeSync(file, chunks, bytes);
    } catch (error) {
      throw this.#saveError(error, file, bytes);
    }
    this.#deleteSurplusSync();
    return file;
  }

  newest<T>(read: ReadCheckpoint<T>): FoundCheckpoint<T> | undefined {
    const refused: CheckpointError[] = [];
    const found = newestCheckpoint(this.directory, read, (_, file, error) => {
      this.#retention.reject(file, isUnreadableForNow(error) ? "unreadable" : "incomplete");
      refused.push(error);
    });
    const unreadable = found === undefined ? refused.find(isUnreadableForNow) : undefined;
    for (const error of refused) if (error !== unreadable) this.#report(error.message);
    if (unreadable !== undefined) throw withAdvice(unreadable);
    return found;
  }

  requireLock(): void {
    try {
      this.#holdFolder();
    } catch (error) {
      // On a full disk there may be no lock: each save tries again.
      if (error instanceof RivuletError) throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isWriting) this.#lock.release();
  }

  /**
   * Acquires the lock, for whose file a full disk may have no room. If another process had it meanwhile, the next sequence
   * number follows those that it saved.
   */
  #holdFolder(): void {
    for (;;) {
      try {
        if (this.#lock.hold()) this.#retention.readFolder();
        return;
      } catch (error) {
        if (!this.#makeRoom(error, lockBytes)) throw error;
      }
    }
  }

  #createMissingFolder(): void {
    if (fs.existsSync(this.directory)) return;
    createFolder(this.directory);
    this.#report(`${this.directory} was missing and has been created again for this checkpoint`);
  }

  #copyOf(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
    this.reserve(bytes);
    copyInto(this.#snapshot, chunks);
    return this.#snapshot.subarray(0, bytes);
  }

  #requireOpen(): void {
    if (!this.#isClosed) return;
    throw new RivuletError(
      "checkpoint.not-saved",
      `${this.directory} was closed before its checkpoint was written`,
    );
  }

  async #write(file: CheckpointFile, bytes: Uint8Array): Promise<void> {
    for (;;) {
      try {
        await writeFileDurably(file.path, bytes);
        break;
      } catch (error) {
        if (!this.#makeRoom(error, bytes.byteLength)) throw error;
      }
    }
    this.#count(file, bytes.byteLength);
  }

  #writeSync(file: CheckpointFile, chunks: readonly Uint8Array[], bytes: number): void {
    for (;;) {
      try {
        writeFileDurablySync(file.path, chunks);
        break;
      } catch (error) {
        if (!this.#makeRoom(error, bytes)) throw error;
      }
    }
    this.#count(file, bytes);
  }

  #count(file: CheckpointFile, bytes: number): void {
    this.writtenBytes += bytes;
    this.#retention.add(file, true);
  }

  /**
   * Deletes the oldest checkpoints, where that makes room on a full disk for the next one. The newest complete one stays.
   * @returns whether another attempt to write may succeed
   */
  #makeRoom(error: unknown, neededBytes: number): boolean {
    if (!isFull(error)) return false;
    const freed = filesThatMakeRoom(this.#retention.olderThan(1), this.directory, neededBytes);
    for (const old of freed) {
      removeFileSync(old.path);
      this.#retention.forget(old);
    }
    if (freed.length > 0) {
      this.#report(
        `the disk of ${this.directory} is full: deleted ${freed.length} of the oldest checkpoints to make room for the next one; free some space there`,
      );
    }
    return freed.length > 0;
  }

  async #deleteSurplus(): Promise<void> {
    for (const old of this.#retention.surplus()) {
      await removeFile(old.path).then(
        () => this.#retention.forget(old),
        (error) => this.#reportUndeleted(error),
      );
    }
  }

  #deleteSurplusSync(): void {
    for (const old of this.#retention.surplus()) {
      try {
        removeFileSync(old.path);
        this.#retention.forget(old);
      } catch (error) {
        this.#reportUndeleted(error);
      }
    }
  }

  /** The file stays listed, so the next save tries to delete it again. */
  #reportUndeleted(error: unknown): void {
    this.#report(
      diskError(error, `cannot delete an old checkpoint in ${this.directory}`, this.directory).message,
    );
  }

  #saveError(error: unknown, file: CheckpointFile | undefined, neededBytes: number): Error {
    if (file !== undefined && isRegularFile(file.path)) {
      // The file was renamed but the folder was not synced: usable now, but a power cut may lose it.
      this.#retention.add(file, false);
      this.#deleteSurplusSync();
    } else if (file !== undefined) {
      this.#retention.giveBack(file);
    }
    return diskError(error, `cannot save a checkpoint in ${this.directory}`, this.directory, neededBytes);
  }
}

/**
 * Reads the newest valid checkpoint in a folder; undefined when there is none. Changes nothing, so it may read the folder
 * of a running process.
 *
 * @param read decodes a file; an error other than CheckpointError is not about the file and is thrown
 * @param refused is called for each newer checkpoint that is not valid; the file stays where it is
 * @throws RivuletError when the folder cannot be read
 */
export function newestCheckpoint<T>(
  directory: string,
  read: ReadCheckpoint<T>,
  refused: (sentence: string, file: CheckpointFile, error: CheckpointError) => void,
): FoundCheckpoint<T> | undefined {
  for (const file of listCheckpoints(directory).reverse()) {
    try {
      return { ...file, checkpoint: read(readCheckpointFile(file.path, { followLinks: false }), file.path) };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      refused(error.message, file, error);
    }
  }
  return undefined;
}

/** The error of a checkpoint beside which nothing is learned from scratch, with what its user can do. */
function withAdvice(error: CheckpointError): CheckpointError {
  // That of a newer version says itself what to do.
  const remedy = remedyOf(error.cause);
  const sentence = remedy === null ? error.message : `${error.message}; ${remedy}`;
  return new CheckpointError(error.code, `${sentence}, or move it out of the folder to learn from scratch`, {
    cause: error,
  });
}

/** Creates and locks a folder, deletes what a killed process left half written, and reads what is there. */
function openFolder(folder: string, lock: FolderLock, retention: Retention, report: Report): void {
  try {
    createFolder(folder);
    holdUnlessFull(folder, lock.hold, report);
    const names = fs.readdirSync(folder);
    for (const name of names.filter(isOverlong)) {
      report(
        `${join(folder, name)} is ignored; found a number of more than 12 digits, expected one of a save; move it away`,
      );
    }
    for (const name of names.filter(isTemporary)) fs.rmSync(join(folder, name), { force: true });
    retention.readFolder();
  } catch (error) {
    // Otherwise another attempt in this process would find the folder in use.
    lock.release();
    throw diskError(error, `cannot keep checkpoints in ${folder}`, folder);
  }
}

function createFolder(folder: string): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  // A power cut loses a new folder with its content, unless its parent folder is synced.
  const top = dirname(first);
  for (let parent = dirname(folder); parent.startsWith(top); parent = dirname(parent)) {
    syncFolderSync(parent);
    if (parent === top) break;
  }
}

/** Acquires the lock, but tolerates a full disk, which has no room for it: the daemon can start. Each save tries again. */
function holdUnlessFull(folder: string, hold: () => boolean, report: Report): void {
  try {
    hold();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    report(diskError(error, `cannot mark ${folder} as in use`, folder).message);
  }
}

function byteLengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

function copyInto(target: Uint8Array, chunks: readonly Uint8Array[]): void {
  let offset = 0;
  for (const chunk of chunks) {
    target.set(chunk, offset);
    offset += chunk.byteLength;
  }
}
