/**
 * A folder of checkpoints that survives power cuts, kills and full disks. Files are named by a sequence number that
 * only grows, `checkpoint-00000042.msgpack`, so which one is newest depends on no clock; clocks jump backwards.
 */
import fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { diskError } from "./disk-error.ts";
import { removeFile, syncFolderSync, writeFileDurably, writeFileDurablySync } from "./durable-file.ts";
import { createFolderLock } from "./folder-lock.ts";
import { endsInDigest, tailBytes } from "./format.ts";

/** A checkpoint in its folder. */
export interface CheckpointFile {
  path: string;
  /** Grows with every save, for the life of the folder. */
  sequence: number;
}

/** A checkpoint that was read. */
export interface FoundCheckpoint<T> extends CheckpointFile {
  checkpoint: T;
}

/** Makes a checkpoint of the bytes of a file named `where`, or throws a CheckpointError; `decodeCheckpoint` is one. */
export type ReadCheckpoint<T> = (bytes: Uint8Array, where: string) => T;

/** Takes one sentence about something that went wrong and stopped nothing. */
export type Report = (sentence: string) => void;

export interface Store {
  /** Absolute. */
  readonly directory: string;
  /** True from a call of `save` until its promise settles. */
  readonly saving: boolean;
  /** Bytes of the checkpoints that it has saved, all together: what they cost an SD card, but for the file system's own. */
  readonly writtenBytes: number;
  /**
   * Saves on Node's thread pool. The caller waits only while the chunks are copied, and may change them from then
   * on. The copy's memory is kept for the next save: a store that saves this way holds the size of one checkpoint.
   * Resolves once the disk has the file.
   *
   * `complete` does what is left to do to the copy before it is written: `sealCheckpoint`, for one.
   *
   * One at a time: while a save is under way, another is refused and changes nothing. When the promise rejects, the
   * checkpoints saved before are as they were, and the next save writes a new file.
   *
   * @throws RivuletError (rejects): disk full, no permission, read-only, folder gone or in use by another process
   */
  save(
    chunks: readonly Uint8Array[],
    complete?: (bytes: Uint8Array) => Promise<void>,
  ): Promise<CheckpointFile>;
  /** Takes the memory that `save` copies `bytes` bytes into, so that no later moment has to find it. */
  reserve(bytes: number): void;
  /**
   * Saves before it returns, from the chunks themselves: for the way out and for signal handlers. On an SD card this
   * may take 100 ms and more. While a `save` is under way, this one overtakes it and counts as the newer. A folder that
   * somebody has removed is made again: `save` waits for it to come back, as one on a USB stick may, but this is the
   * last chance.
   *
   * @throws RivuletError as `save`
   */
  saveSync(chunks: readonly Uint8Array[]): CheckpointFile;
  /** The newest checkpoint that `read` accepts, as `newestCheckpoint` finds it. */
  newest<T>(read: ReadCheckpoint<T>): FoundCheckpoint<T> | undefined;
  /** Frees the folder for another process. A `save` that is writing ends first; one that has not begun to rejects. */
  close(): void;
}

/**
 * Opens a folder of checkpoints for this process alone. Creates it, with its parents, where there is none, and clears
 * away what a killed process left half-written.
 *
 * @param options.keep complete checkpoints to keep; older ones are deleted after a save
 * @param options.report hears of damaged checkpoints and of files that cannot be deleted
 * @throws RivuletError when the folder cannot be created, read or written, or another process uses it
 */
export function openStore(directory: string, options: { keep?: number; report?: Report } = {}): Store {
  const { keep = 5, report = () => {} } = options;
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `checkpoints to keep in ${directory}: found ${keep}, expected an integer from 1`,
    );
  }
  const folder = resolve(directory);
  const lock = createFolderLock(folder);
  const contents = openFolder(folder, lock.hold, report);

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
    // Memory that was never written is none yet: the kernel gives each page when it is first touched.
    snapshot.fill(1);
  }

  /** What another process has saved while the folder was its own comes before what is saved next. */
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

  function add(file: CheckpointFile): void {
    entries.push({ ...file, complete: true });
    entries.sort((one, other) => one.sequence - other.sequence);
  }

  function forget({ sequence }: CheckpointFile): void {
    entries = entries.filter((entry) => entry.sequence !== sequence);
  }

  /** Everything older than the newest `keep` complete checkpoints. */
  function surplus(): CheckpointFile[] {
    const oldestKept = entries.filter((entry) => entry.complete).at(-keep);
    return oldestKept === undefined ? [] : entries.filter((entry) => entry.sequence < oldestKept.sequence);
  }

  function saveError(error: unknown, file: CheckpointFile | undefined, neededBytes: number): Error {
    // It has its name but the folder could not be synced: good for now, perhaps gone after a power cut.
    if (file !== undefined && fs.existsSync(file.path)) add(file);
    return diskError(error, `cannot save a checkpoint in ${folder}`, folder, neededBytes);
  }

  /** Stays listed, and so is tried again after the next save. */
  function reportUndeleted(error: unknown): void {
    report(diskError(error, `cannot delete an old checkpoint in ${folder}`, folder).message);
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
          `a checkpoint is still being saved in ${folder}: save the next one after it`,
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
        await writeFileDurably(file.path, copy);
        writtenBytes += bytes;
        add(file);
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
          report(`${folder} was gone, and is made again for what is saved now`);
        }
        holdFolder();
        file = nextFile();
        writeFileDurablySync(file.path, chunks);
        writtenBytes += byteLengthOf(chunks);
        add(file);
      } catch (error) {
        throw saveError(error, file, byteLengthOf(chunks));
      }
      for (const old of surplus()) {
        try {
          fs.rmSync(old.path, { force: true });
          forget(old);
        } catch (error) {
          reportUndeleted(error);
        }
      }
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
 * The newest checkpoint in a folder that can be read, going from newest to oldest; undefined when there is none.
 * Changes nothing, so it may look into the folder of a running process.
 *
 * @param read any error of it that is no CheckpointError is not about the file, and is thrown
 * @param refused hears of each newer checkpoint that had to be passed over; it stays where it is
 * @throws RivuletError when the folder cannot be read
 */
export function newestCheckpoint<T>(
  directory: string,
  read: ReadCheckpoint<T>,
  refused: (sentence: string, file: CheckpointFile) => void,
): FoundCheckpoint<T> | undefined {
  for (const file of listCheckpoints(directory).reverse()) {
    try {
      return { ...file, checkpoint: read(readFile(file.path), file.path) };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      refused(error.message, file);
    }
  }
  return undefined;
}

/**
 * The checkpoints in a folder, oldest first, valid or not.
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
  /** It ends as a checkpoint does, and was not refused since. */
  complete: boolean;
}

function openFolder(folder: string, hold: () => boolean, report: Report) {
  try {
    createFolder(folder);
    holdUnlessFull(folder, hold, report);
    const names = fs.readdirSync(folder);
    for (const name of names.filter((name) => temporaryName.test(name))) {
      fs.rmSync(join(folder, name), { force: true });
    }
    return contentsOf(folder);
  } catch (error) {
    throw diskError(error, `cannot keep checkpoints in ${folder}`, folder);
  }
}

function contentsOf(folder: string): { newestSequence: number; entries: Entry[] } {
  const files = checkpointsAmong(fs.readdirSync(folder), folder);
  return {
    newestSequence: files.at(-1)?.sequence ?? 0,
    entries: files.map((file) => ({ ...file, complete: looksComplete(file.path) })),
  };
}

function createFolder(folder: string): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  // A new folder is lost in a power cut, with all that is in it, unless the one it stands in is synced.
  const top = dirname(first);
  for (let parent = dirname(folder); parent.startsWith(top); parent = dirname(parent)) {
    syncFolderSync(parent);
    if (parent === top) break;
  }
}

/** A full disk has no room for the lock, and is no reason not to start. Each save takes the lock again. */
function holdUnlessFull(folder: string, hold: () => boolean, report: Report): void {
  try {
    hold();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    report(diskError(error, `cannot mark ${folder} as in use`, folder).message);
  }
}

const checkpointName = /^checkpoint-(\d{8,15})\.msgpack$/;
const temporaryName = /^checkpoint-\d{8,15}\.msgpack\.tmp$/;

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

/** Looks at the end only: a file that a power cut left empty, cut off or full of zeros does not pass. */
function looksComplete(path: string): boolean {
  try {
    const file = fs.openSync(path, "r");
    try {
      const tail = Buffer.alloc(tailBytes);
      const start = Math.max(0, fs.fstatSync(file).size - tailBytes);
      return fs.readSync(file, tail, 0, tailBytes, start) === tailBytes && endsInDigest(tail);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return false; // a file that cannot be read is none to rely on
  }
}

function readFile(path: string): Uint8Array {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    throw new CheckpointError("checkpoint.unreadable", `${path} cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
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
