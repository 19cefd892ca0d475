/** The checkpoint that a user named: a file, or the newest of a folder. */
import { statSync } from "node:fs";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { readCheckpointFile } from "./checkpoint-file.ts";
import { type Checkpoint, decodeCheckpoint } from "./format.ts";
import { newestCheckpoint } from "./store.ts";

export interface FoundCheckpoint {
  file: string;
  bytes: number;
  checkpoint: Checkpoint;
  /** Newer checkpoints in the folder that must not be used, each with its reason. */
  refused: string[];
}

/**
 * Reads the checkpoint that a user named: a file, or a folder, of which it is the newest valid one.
 * @throws RivuletError where there is none, or it cannot be used
 */
export function readCheckpoint(path: string): FoundCheckpoint {
  const refused: string[] = [];
  try {
    if (statSync(path).isDirectory()) {
      const found = newestCheckpoint(path, decodeCheckpoint, (sentence) => refused.push(sentence));
      if (found === undefined) {
        const why = refused.length > 0 ? ` (${refused.join("; ")})` : "";
        throw new RivuletError(
          "checkpoint.missing",
          `there is no valid checkpoint in ${path}${why}; name a file or another folder`,
        );
      }
      return { file: found.path, bytes: statSync(found.path).size, checkpoint: found.checkpoint, refused };
    }
    const bytes = readCheckpointFile(path, { followLinks: true });
    return { file: path, bytes: bytes.length, checkpoint: decodeCheckpoint(bytes, path), refused };
  } catch (error) {
    if (error instanceof RivuletError) throw error;
    throw new RivuletError("checkpoint.unreadable", `cannot read ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
