/**
 * A folder of checkpoints that survives power cuts, kills and full disks. File names contain a sequence number that only
 * increases, `checkpoint-00000042.msgpack`. The order does not depend on a clock, because clocks can jump backwards.
 */
import fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { openRegularFile } from "../machine/regular-file.ts";
import { readCheckpointFile } from "./checkpoint-file.ts";
import { diskError, filesThatMakeRoom, isFull } from "./disk-error.ts";
import { removeFile, syncFolderSync, writeFileDurably, writeFileDurablySync } from "./durable-file.ts";
import { createFolderLock, type FolderLock } from "./folder-lock.ts";
import { endsInDigest, tailBytes } from "./format.ts";

/** A checkpoint in its folder. */
export interface CheckpointFile {
  path: string;
  /** Increases with every save in the folder. */
  sequence: number;
}

/** A checkpoint and the file from which it was read. */
export interface FoundCheckpoint<T> extends CheckpointFile {
  checkpoint: T;
}

/** Decodes the bytes of a file named `where`, or throws a CheckpointError; `decodeCheckpoint` is one such function. */
export type ReadCheckpoint<T> = (bytes: Uint8Array, where: string) => T;

/** Of all complete checkpoints, oldest first, those that must stay beside the newest; called before any is deleted. */
export type Spare = (complete: readonly CheckpointFile[]) => readonly CheckpointFile[];

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
  /** Reads the newest checkpoint that `read` accepts, like `newestCheckpoint`, and reports each one that it rejects. */
  newest<T>(read: ReadCheckpoint<T>): FoundCheckpoint<T> | undefined;
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
  const lock = createFolderLock(folder);
  const contents = openFolder(folder, lock, report);

  let newestSequence = contents.newestSequence;
  /** Oldest first. Incomplete ones stay for inspection until they are old, but are not counted among those to keep. */
  let entries: Entry[] = contents.entries;
  /** What `save` writes from. */
  let snapshot = new Uint8Array(0);
  let saving = false;
  let isClosed = false;
  let isWriting = false;
  let writtenBytes = 0;

  function reserve(bytes: number): void {
    if (snapshot.length >= bytes) return;
    snapshot = new Uint8Array(bytes);
    // The kernel allocates each page when it is first written, so write them all now.
    snapshot.fill(1);
  }

  /** Acquires the lock. If another process had it meanwhile, the next sequence number follows those that it saved. */
  function holdFolder(): void {
    if (!lock.hold()) return;
    const contents = contentsOf(folder);
    newestSequence = Math.max(newestSequence, contents.newestSequence);
    entries = contents.entries;
  }

  function nextFile(): CheckpointFile {
    const sequence = ++newestSequence;
    return { path: join(folder, nameOf(sequence)), sequence };
  }

  /** Adds a file whose name is durable or not. A folder that was synced made the names of all files in it durable. */
  function add(file: CheckpointFile, durable: boolean): void {
    if (durable) entries = entries.map((entry) => ({ ...entry, durable }));
    entries.push({ ...file, complete: true, durable });
    entries.sort((one, other) => one.sequence - other.sequence);
  }

  function forget({ sequence }: CheckpointFile): void {
    entries = entries.filter((entry) => entry.sequence !== sequence);
  }

  /** Everything older than the newest `count` complete checkpoints, but for the newest that no power cut can take. */
  function olderThan(count: number): CheckpointFile[] {
    const complete = entries.filter((entry) => entry.complete);
    const oldestKept = complete.at(-count);
    const safe = complete.filter((entry) => entry.durable).at(-1);
    if (oldestKept === undefined) return [];
    return entries.filter((entry) => entry.sequence < oldestKept.sequence && entry !== safe);
  }

  /** Everything older than the newest `keep` complete checkpoints that is not spared. */
  function surplus(): CheckpointFile[] {
    const old = olderThan(keep);
    if (old.length === 0) return [];
    const spared = new Set(spare(entries.filter(({ complete }) => complete)).map(({ sequence }) => sequence));
    return old.filter(({ sequence }) => !spared.has(sequence));
  }

  /**
   * Deletes the oldest checkpoints, where that makes room on a full disk for the next one. The newest complete one stays.
   * @returns whether another attempt to write may succeed
   */
  function makeRoom(error: unknown, neededBytes: number): boolean {
    if (!isFull(error)) return false;
    const candidates = olderThan(1);
    const freed = filesThatMakeRoom(candidates, folder, neededBytes);
    for (const old of freed) {
      fs.rmSync(old.path, { force: true });
      forget(old);
    }
    if (freed.length > 0) {
      report(
        `the disk of ${folder} is full: deleted ${freed.length} of the oldest checkpoints to make room for the next one; free some space there`,
      );
    }
    return freed.length > 0;
  }

  async function writeMakingRoom(path: string, bytes: Uint8Array): Promise<void> {
    for (;;) {
      try {
        return await writeFileDurably(path, bytes);
      } catch (error) {
        if (!makeRoom(error, bytes.byteLength)) throw error;
      }
    }
  }

  function writeMakingRoomSync(path: string, chunks: readonly Uint8Array[]): void {
    for (;;) {
      try {
        writeFileDurablySync(path, chunks);
        return;
      } catch (error) {
        if (!makeRoom(error, byteLengthOf(chunks))) throw error;
      }
    }
  }

  function saveError(error: unknown, file: CheckpointFile | undefined, neededBytes: number): Error {
    // The file was renamed but the folder was not synced: usable now, but a power cut may lose it.
    if (file !== undefined && fs.existsSync(file.path)) {
      add(file, false);
      deleteSurplus();
    }
    return diskError(error, `cannot save a checkpoint in ${folder}`, folder, neededBytes);
  }

  /** The file stays listed, so the next save tries to delete it again. */
  function reportUndeleted(error: unknown): void {
    report(diskError(error, `cannot delete an old checkpoint in ${folder}`, folder).message);
  }

  function deleteSurplus(): void {
    for (const old of surplus()) {
      try {
        fs.rmSync(old.path, { force: true });
        forget(old);
      } catch (error) {
        reportUndeleted(error);
      }
    }
  }

  return {
    directory: folder,
    get saving() {
      return saving;
    },

    get writtenBytes() {
      return writtenBytes;
    },

    reserve,

    async save(chunks, complete) {
      if (saving) {
        throw new RivuletError(
          "checkpoint.not-saved",
          `a checkpoint is still being saved in ${folder}; save the next one after it`,
        );
      }
      saving = true;
      const bytes = byteLengthOf(chunks);
      let file: CheckpointFile | undefined;
      try {
        holdFolder();
        file = nextFile();
        reserve(bytes);
        copyInto(snapshot, chunks);
        const copy = snapshot.subarray(0, bytes);
        await complete?.(copy);
        if (isClosed)
          throw new RivuletError(
            "checkpoint.not-saved",
            `${folder} was closed before its checkpoint was written`,
          );
        lock.hold();
        isWriting = true;
        await writeMakingRoom(file.path, copy);
        writtenBytes += bytes;
        add(file, true);
        for (const old of surplus()) {
          await removeFile(old.path).then(() => forget(old), reportUndeleted);
        }
        return file;
      } catch (error) {
        throw saveError(error, file, bytes);
      } finally {
        saving = false;
        isWriting = false;
        if (isClosed) lock.release();
      }
    },

    saveSync(chunks) {
      let file: CheckpointFile | undefined;
      try {
        if (!fs.existsSync(folder)) {
          createFolder(folder);
          report(`${folder} was missing and has been created again for this checkpoint`);
        }
        holdFolder();
        file = nextFile();
        writeMakingRoomSync(file.path, chunks);
        writtenBytes += byteLengthOf(chunks);
        add(file, true);
      } catch (error) {
        throw saveError(error, file, byteLengthOf(chunks));
      }
      deleteSurplus();
      return file;
    },

    newest(read) {
      return newestCheckpoint(folder, read, (sentence, { sequence }) => {
        entries = entries.map((entry) =>
          entry.sequence === sequence ? { ...entry, complete: false } : entry,
        );
        report(sentence);
      });
    },

    close() {
      isClosed = true;
      if (!isWriting) lock.release();
    },
  };
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
  refused: (sentence: string, file: CheckpointFile) => void,
): FoundCheckpoint<T> | undefined {
  for (const file of listCheckpoints(directory).reverse()) {
    try {
      return { ...file, checkpoint: read(readCheckpointFile(file.path, { followLinks: false }), file.path) };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      refused(error.message, file);
    }
  }
  return undefined;
}

/**
 * Lists the checkpoint files in a folder, oldest first, valid or not.
 *
 * @throws RivuletError when the folder cannot be read
 */
export function listCheckpoints(directory: string): CheckpointFile[] {
  try {
    return checkpointsAmong(fs.readdirSync(directory), directory);
  } catch (error) {
    throw diskError(error, `cannot read the checkpoints in ${directory}`, directory);
  }
}

interface Entry extends CheckpointFile {
  /** It ends like a checkpoint, and was not rejected when read. */
  complete: boolean;
  /** The folder was synced after its file was named, so that no power cut takes the name. */
  durable: boolean;
}

function openFolder(folder: string, lock: FolderLock, report: Report) {
  try {
    createFolder(folder);
    holdUnlessFull(folder, lock.hold, report);
    const names = fs.readdirSync(folder);
    for (const name of names.filter((name) => overlongName.test(name))) {
      report(
        `${join(folder, name)} is ignored; found a number of more than 12 digits, expected one of a save; move it away`,
      );
    }
    for (const name of names.filter((name) => temporaryName.test(name))) {
      fs.rmSync(join(folder, name), { force: true });
    }
    return contentsOf(folder);
  } catch (error) {
    // Otherwise another attempt in this process would find the folder in use.
    lock.release();
    throw diskError(error, `cannot keep checkpoints in ${folder}`, folder);
  }
}

function contentsOf(folder: string): { newestSequence: number; entries: Entry[] } {
  const files = checkpointsAmong(fs.readdirSync(folder), folder);
  return {
    newestSequence: files.at(-1)?.sequence ?? 0,
    entries: files.map((file) => ({ ...file, complete: looksComplete(file.path), durable: true })),
  };
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

/**
 * A number has at most 12 digits: saving a thousand times a second it lasts 30 years. A longer one is not of a store, and
 * from the largest of 15 digits no store could count on.
 */
const checkpointName = /^checkpoint-(\d{8,12})\.msgpack$/;
const overlongName = /^checkpoint-\d{13,}\.msgpack$/;
const temporaryName = /^checkpoint-\d{8,12}\.msgpack\.tmp$/;

function nameOf(sequence: number): string {
  return `checkpoint-${String(sequence).padStart(8, "0")}.msgpack`;
}

/** Oldest first. */
function checkpointsAmong(names: string[], folder: string): CheckpointFile[] {
  return names
    .flatMap((name) => {
      const digits = checkpointName.exec(name)?.[1];
      return digits === undefined ? [] : [{ path: join(folder, name), sequence: Number(digits) }];
    })
    .sort((one, other) => one.sequence - other.sequence);
}

/** Checks only the end of a file: one that a power cut left empty, truncated or full of zeros does not pass. */
function looksComplete(path: string): boolean {
  try {
    const { file, bytes } = openRegularFile(path, { followLinks: false });
    try {
      const tail = Buffer.alloc(tailBytes);
      const start = Math.max(0, bytes - tailBytes);
      return fs.readSync(file, tail, 0, tailBytes, start) === tailBytes && endsInDigest(tail);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return false; // a file that cannot be read does not count as complete
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
