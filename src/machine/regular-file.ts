/** Reads files of which only the name is trusted: a pipe, a device, a folder or a huge file may have it. */
import fs from "node:fs";

/** Why a file is not read, as the end of a sentence that begins with its path. */
export class UnsuitableFileError extends Error {
  override name = "UnsuitableFileError";
}

/**
 * Opens a regular file for reading, without waiting for anybody: a pipe without a writer blocks no one.
 *
 * @param options.followLinks whether a symbolic link may lead to the file; default true
 * @returns the descriptor, which the caller closes, and the size in bytes
 * @throws UnsuitableFileError where it is not a regular file; the system's error where it cannot be opened
 */
export function openRegularFile(
  path: string,
  { followLinks = true }: { followLinks?: boolean } = {},
): { file: number; bytes: number } {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
  let file: number;
  try {
    // Windows has neither flag.
    file = fs.openSync(path, O_RDONLY | (O_NONBLOCK ?? 0) | (followLinks ? 0 : (O_NOFOLLOW ?? 0)));
  } catch (error) {
    if (followLinks || (error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    throw new UnsuitableFileError("is a symbolic link, expected a regular file");
  }
  const found = fs.fstatSync(file);
  if (found.isFile()) return { file, bytes: found.size };
  fs.closeSync(file);
  const kind = found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device";
  throw new UnsuitableFileError(`is ${kind}, expected a regular file`);
}

/**
 * Reads a small text that a user named in a config or on the command line.
 *
 * @param mostBytes largest size that is read
 * @throws Error whose reason, by `reasonOf`, fits after a colon
 */
export function readNamedText(path: string, mostBytes: number): string {
  try {
    return readRegularFile(path, { mostBytes }).toString("utf8");
  } catch (error) {
    if (error instanceof UnsuitableFileError) throw new UnsuitableFileError(`it ${error.message}`);
    throw error;
  }
}

/**
 * Reads a regular file whole.
 *
 * @param options.mostBytes largest size that is read
 * @param options.checkMode called with the permission bits before anything is read; what it throws is thrown
 * @throws UnsuitableFileError where it is not a regular file, or larger; the system's error where it cannot be read
 */
export function readRegularFile(
  path: string,
  {
    mostBytes,
    followLinks,
    checkMode,
  }: { mostBytes: number; followLinks?: boolean; checkMode?: (mode: number) => void },
): Buffer {
  const { file, bytes } = openRegularFile(path, { followLinks });
  try {
    checkMode?.(fs.fstatSync(file).mode & 0o777);
    if (bytes > mostBytes) {
      throw new UnsuitableFileError(`has ${bytes} bytes, expected at most ${mostBytes}`);
    }
    return fs.readFileSync(file);
  } finally {
    fs.closeSync(file);
  }
}
