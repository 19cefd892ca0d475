/**
 * Files that are there whole or not at all, whenever the power goes: written under a temporary name in the same
 * folder, synced, renamed, and then the folder is synced, which makes the new name itself durable.
 *
 * A file whose write or sync failed is removed and never retried: after a failed fsync the kernel may have dropped the dirty
 * pages and report success the second time.
 */
import fs from "node:fs";
import { dirname } from "node:path";

/** One operation of `fs` as a promise. Not of `fs.promises`: loading that takes a megabyte of a board's memory. */
export function settled<T = void>(
  start: (done: (error: Error | null, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

/** Writes the chunks, one after the other, as one file. Blocks until the disk has them. */
export function writeFileDurablySync(path: string, chunks: readonly Uint8Array[]): void {
  const temporary = `${path}.tmp`;
  try {
    const file = openNewSync(temporary);
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

/** Takes the place of what a kill in mid-save has left under that name. */
function openNewSync(path: string): number {
  try {
    return fs.openSync(path, "wx", 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    fs.rmSync(path, { force: true });
    return fs.openSync(path, "wx", 0o644);
  }
}

/**
 * The same on Node's thread pool, from bytes that must stay as they are until the promise settles. For a new name, which
 * nobody has begun to write to before.
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

/** Makes the names in a folder durable. Does nothing where a folder cannot be synced: on some network disks, on
 * Windows, or without permission to read it. */
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

/** A write may take fewer bytes than asked, on a disk that fills up for one; the next one says why. */
function writeAllSync(file: number, chunks: readonly Uint8Array[]): void {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0);
  while (rest.length > 0) rest = after(rest, fs.writevSync(file, rest));
}

async function writeAll(file: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    at += await settled<number>((done) => fs.write(file, bytes, at, bytes.byteLength - at, null, done));
  }
}

/** What is left of the chunks once `written` bytes are gone. */
function after(chunks: Uint8Array[], written: number): Uint8Array[] {
  let index = 0;
  let left = written;
  while (index < chunks.length && left >= chunks[index].byteLength) left -= chunks[index++].byteLength;
  if (index === chunks.length) return [];
  return [chunks[index].subarray(left), ...chunks.slice(index + 1)];
}

/** Removes a file, or finds that it is gone already. */
export async function removeFile(path: string): Promise<void> {
  await settled((done) => fs.unlink(path, (error) => done(error?.code === "ENOENT" ? null : error)));
}

/** Best effort: where something is in the way still, the write says so. */
export function removeSync(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {}
}
