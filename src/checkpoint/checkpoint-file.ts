/** Reads checkpoint files, of which only the names are trusted until their digest has been checked. */
import { CheckpointError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { readRegularFile, UnsuitableFileError } from "../machine/regular-file.ts";

/** Largest checkpoint file that is read: 256 million weights. */
const mostBytes = 2 ** 30;

/**
 * Reads a checkpoint file whole; nothing of it is checked yet.
 *
 * @param options.followLinks whether a symbolic link may lead to it: yes where the user named it, no in a store
 * @throws CheckpointError where it is not a regular file, is larger than 1 GiB, or cannot be read
 */
export function readCheckpointFile(path: string, options: { followLinks: boolean }): Uint8Array {
  try {
    return readRegularFile(path, { mostBytes, ...options });
  } catch (error) {
    const sentence =
      error instanceof UnsuitableFileError
        ? `${path} ${error.message}; name a checkpoint file, or move it out of the folder`
        : `${path} cannot be read: ${reasonOf(error)}`;
    throw new CheckpointError("checkpoint.unreadable", sentence, { cause: error });
  }
}

/** What helps where the operating system refuses to read a file for a reason that says nothing of the file. */
const remedies: Record<string, string> = {
  EACCES: "make it readable for this user",
  EPERM: "make it readable for this user",
  EMFILE: "raise the limit of open files (ulimit -n, LimitNOFILE=)",
  ENFILE: "close other programs",
  ENOMEM: "free some memory",
};

/**
 * What makes a file readable that the operating system refused to read, though it may be whole; null where the error is
 * about the file itself.
 */
export function remedyOf(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  return Object.hasOwn(remedies, code) ? remedies[code] : null;
}

/** Whether a checkpoint was refused that may be whole: this process may not read it now, or it is of a newer version. */
export function isUnreadableForNow({ code, cause }: CheckpointError): boolean {
  if (code === "checkpoint.newer-version") return true;
  return code === "checkpoint.unreadable" && remedyOf(cause) !== null;
}
