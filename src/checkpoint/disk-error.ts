/** What the file system's error codes mean to someone who keeps checkpoints, and what to do about each. */
import fs from "node:fs";
import type { ErrorCode } from "../errors/codes.ts";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";

/**
 * The sentence for a failed file operation; an error of another kind comes back as it is.
 *
 * @param what could not be done, as "cannot save a checkpoint in /data"
 * @param neededBytes size of the file that was to be written, where one was
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

/** What a code means for a folder of ours, and what to do; nothing where that is no more than it means anywhere. */
function advice(code: string | undefined, directory: string, neededBytes?: number): string | undefined {
  const needed = neededBytes === undefined ? "" : `, ${neededBytes} bytes are needed`;
  switch (code) {
    case "ENOSPC":
      return `the disk is full${needed}, ${freeBytes(directory)} bytes are free; make room there`;
    case "EDQUOT":
      return `the disk quota is used up${needed}; make room there or raise the quota`;
    case "EFBIG":
      return `files may not grow that large here${needed}; raise the limit (ulimit -f, LimitFSIZE=)`;
    case "EROFS":
      return "the file system is read-only; mount it writable, and check the card, since a failing one turns read-only";
    case "EACCES":
    case "EPERM":
      return `no permission for user id ${process.getuid?.() ?? "unknown"}; give the folder to that user with chown, or name another one`;
    case "ENOENT":
      return "the folder is not there; create it, or mount the disk it is on";
    case "EEXIST":
    case "ENOTDIR":
      return "a file stands where a folder should be; move it away, or name another folder";
    case "EIO":
      return "the disk reports an input/output error; check the card or disk, and replace it if it is failing";
    default:
      return undefined;
  }
}

function freeBytes(directory: string): number | string {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return "too few";
  }
}
