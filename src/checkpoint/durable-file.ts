/**
 * Files that are there whole or not at all, whenever the power goes: written under a temporary name in the same
 * folder, synced, renamed, and then the folder is synced, which makes the new name itself durable.
 *
 * A file whose write or sync failed is removed and never retried: after a failed fsync the kernel may have dropped the dirty
 * pages and report success the second time.
 */
import fs from "node:fs";
import { dirname } from "node:path";

/** Writes the chunks, one after the other, as one file. Blocks until the disk has them. */
export function writeFileDurablySync(path: string, chunks: readonly Uint8Array[]): void {
  const temporary = `${path}.tmp`;
  try {
    const file = fs.openSync(temporary, "wx", 0o644);
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

/** The same on Node's thread pool, from bytes that must stay as they are until the promise settles. */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await fs.promises.open(temporary, "wx", 0o644);
    try {
      await writeAll(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.promises.rename(temporary, path);
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
    const handle = await fs.promises.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
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

async function writeAll(file: fs.promises.FileHandle, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.byteLength > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}

/** What is left of the chunks once `written` bytes are gone. */
function after(chunks: Uint8Array[], written: number): Uint8Array[] {
  let index = 0;
  let left = written;
  while (index < chunks.length && left >= chunks[index].byteLength) left -= chunks[index++].byteLength;
  if (index === chunks.length) return [];
  return [chunks[index].subarray(left), ...chunks.slice(index + 1)];
}

/** Best effort: the reason why writing failed is the one to report, not why the remains cannot be removed. */
function removeSync(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {}
}
