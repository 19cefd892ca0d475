/** Explains file system errors to a user whose checkpoints could not be saved or read, and says what to do. */
import fs from "node:fs";
import type { ErrorCode } from "../errors/codes.ts";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";

/**
 * Wraps the error of a file operation in a RivuletError with advice; returns any other error unchanged.
 *
 * @param what failed, such as "cannot save a checkpoint in /data"
 * @param directory folder of the file
 * @param neededBytes size of the file, if it was being written
 */
export function diskError(error: unknown, what: string, directory: string, neededBytes?: number): Error {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error as Error;
  return new RivuletError(
    codeOf(code),
    `${what}: ${advice(code, directory, neededBytes) ?? reasonOf(error)}`,
    {
      cause: error,
    },
  );
}

function codeOf(code: string | undefined): ErrorCode {
  if (code === "ENOSPC" || code === "EDQUOT") return "disk.full";
  return code === "EROFS" || code === "EACCES" || code === "EPERM" ? "disk.forbidden" : "disk.failed";
}

/** What an error code means for a checkpoint folder, and what to do; undefined where there is no special advice. */
function advice(code: string | undefined, directory: string, neededBytes?: number): string | undefined {
  const needed = neededBytes === undefined ? "" : `, ${neededBytes} bytes are needed`;
  switch (code) {
    case "ENOSPC":
      if (hasNoFreeInode(directory)) {
        return "the file system has no room for one more file (its inodes are used up, see df -i); delete some files there";
      }
      return `the disk is full${needed}, ${freeBytes(directory)} bytes are free; free some space there`;
    case "EDQUOT":
      return `the disk quota is used up${needed}; free some space there or raise the quota`;
    case "EFBIG":
      return `the file exceeds the largest permitted size${needed}; raise the limit (ulimit -f, LimitFSIZE=)`;
    case "EROFS":
      return "the file system is read-only; mount it writable, and check the card, because a failing card turns read-only";
    case "EACCES":
    case "EPERM":
      return `no permission for user id ${process.getuid?.() ?? "unknown"}; change the owner of the folder to that user with chown, or name another folder`;
    case "ENOENT":
      return "the folder does not exist; create it, or mount its disk";
    case "EEXIST":
    case "ENOTDIR":
      return "found a file, expected a folder; move the file away, or name another folder";
    case "EIO":
      return "the disk reports an input/output error; check the card or disk, and replace it if it is failing";
    default:
      return undefined;
  }
}

/** Whether a write failed because the disk, the quota or the table of files is full. */
export function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

function freeBytes(directory: string): number | string {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return "too few";
  }
}

/** A file system that allocates inodes as needed, such as btrfs, reports a total of 0 (statfs(2)). */
function hasNoFreeInode(directory: string): boolean {
  try {
    const { files, ffree } = fs.statfsSync(directory);
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
}

/**
 * The first of these files whose deletion makes room for one of `neededBytes`; none where all of them together would not.
 *
 * @param files oldest first
 */
export function filesThatMakeRoom<T extends { path: string }>(
  files: readonly T[],
  directory: string,
  neededBytes: number,
): T[] {
  if (hasNoFreeInode(directory)) return files.slice(0, 1);
  let bytes = Number(freeBytes(directory)) || 0;
  for (let count = 1; count <= files.length; count++) {
    bytes += fs.statSync(files[count - 1].path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes >= neededBytes) return files.slice(0, count);
  }
  return [];
}
