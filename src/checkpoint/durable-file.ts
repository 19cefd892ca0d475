/**
 * Writes files atomically and durably: after a power cut a file is either complete or absent. It is written under a
 * temporary name in the same folder, synced and renamed. Then the folder is synced, which makes the new name durable.
 *
 * A file whose write or sync failed is removed and never retried: after a failed fsync the kernel may have dropped the dirty
 * pages and report success the second time.
 */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";

/** Runs one callback operation of `fs` as a promise. `fs.promises` would cost a megabyte of memory to load. */
export function settled<T = void>(
  start: (done: (error: Error | null, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

/**
 * Writes the chunks as one file of a store, durably. Blocks until they are on the disk.
 * @param mode who may read it; default: everyone whom the umask allows
 * @throws the file system's error; the temporary file is removed
 */
export function writeFileDurablySync(path: string, chunks: readonly Uint8Array[], mode = 0o644): void {
  writeThrough(`${path}.tmp`, path, chunks, mode);
}

/**
 * Writes a file that the user named, durably. The temporary file beside it has a name that no user's file has: `m.tmp`
 * beside `m` may be theirs.
 * @throws the file system's error; the temporary file is removed
 */
export function writeNamedFileDurablySync(path: string, chunks: readonly Uint8Array[]): void {
  writeThrough(join(dirname(path), `.${basename(path)}.rivulet-partial`), path, chunks, 0o644);
}

function writeThrough(temporary: string, path: string, chunks: readonly Uint8Array[], mode: number): void {
  try {
    const file = openNewSync(temporary, mode);
    try {
      writeAllSync(file, chunks);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    removeSync(temporary);
    throw error;
  }
  syncFolderSync(dirname(path));
}

/** Creates a file; replaces one that a process killed during a save left behind. */
function openNewSync(path: string, mode: number): number {
  try {
    return fs.openSync(path, "wx", mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    fs.rmSync(path, { force: true });
    return fs.openSync(path, "wx", mode);
  }
}

/**
 * Writes bytes as one file, durably, on Node's thread pool. The bytes must not change until the promise settles. The path
 * must be new, and no temporary file of it may exist.
 * @throws the file system's error; the temporary file is removed
 */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await settled<number>((done) => fs.open(temporary, "wx", 0o644, done));
    try {
      await writeAll(file, bytes);
      await settled((done) => fs.fsync(file, done));
    } finally {
      await settled((done) => fs.close(file, done));
    }
    await settled((done) => fs.rename(temporary, path, done));
  } catch (error) {
    removeSync(temporary);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Syncs a folder, which makes the names in it durable. Does nothing where a folder cannot be synced: on some network
 * disks, on Windows, or without permission to read it.
 */
export function syncFolderSync(folder: string): void {
  try {
    const handle = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await settled<number>((done) => fs.open(folder, "r", done));
    try {
      await settled((done) => fs.fsync(handle, done));
    } finally {
      await settled((done) => fs.close(handle, done));
    }
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  }
}

function cannotSyncFolders(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EINVAL" || code === "ENOTSUP" || code === "EACCES" || process.platform === "win32";
}

/** A write may write fewer bytes than requested, for example on a disk that fills up; the next write then throws the reason. */
function writeAllSync(file: number, chunks: readonly Uint8Array[]): void {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0);
  while (rest.length > 0) rest = after(rest, fs.writevSync(file, rest));
}

async function writeAll(file: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    at += await settled<number>((done) => fs.write(file, bytes, at, bytes.byteLength - at, null, done));
  }
}

/** The remaining chunks after the first `written` bytes. */
function after(chunks: Uint8Array[], written: number): Uint8Array[] {
  let index = 0;
  let left = written;
  while (index < chunks.length && left >= chunks[index].byteLength) left -= chunks[index++].byteLength;
  if (index === chunks.length) return [];
  return [chunks[index].subarray(left), ...chunks.slice(index + 1)];
}

/** Removes a file; a missing file is no error. @throws the file system's error otherwise */
export async function removeFile(path: string): Promise<void> {
  await settled((done) => fs.unlink(path, (error) => done(error?.code === "ENOENT" ? null : error)));
}

/** As `removeFile`, at once. `rmSync` would take one that may not be deleted for a folder, and say so. */
export function removeFileSync(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Removes a file and ignores errors: if it still blocks the next write, that write throws. */
export function removeSync(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {}
}
