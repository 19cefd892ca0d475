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

/** Errors of the operating system that say nothing of a file, and that somebody can put right. */
const notOfTheFile = ["EACCES", "EPERM", "EMFILE", "ENFILE", "ENOMEM"];

/**
 * Whether a checkpoint was refused that may be whole: this process may not read it, or it is of a newer version. To learn
 * from scratch beside it would end in its deletion.
 */
export function isWithheld({ code, cause }: CheckpointError): boolean {
  if (code === "checkpoint.newer-version") return true;
  return (
    code === "checkpoint.unreadable" && notOfTheFile.includes((cause as NodeJS.ErrnoException).code ?? "")
  );
}
