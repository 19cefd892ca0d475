import { dirname, resolve } from "node:path";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { requireWritable } from "../command-line/writable-file.ts";

/** Saves a learner under the name of its config, if it has one. @throws RivuletError where the file cannot be written */
export type Save = (learner: PrequentialLearner, name?: string) => void;

/**
 * Checks, before hours of training, that a checkpoint can be saved to the file that the user named, as far as that can
 * be known. Resolves with what saves it there; null where no file is named.
 * @throws RivuletError where the file cannot be written
 */
export async function prepareSave(path: string | undefined): Promise<Save | null> {
  if (path === undefined) return null;
  const file = resolve(path);
  const failure = `cannot save the checkpoint ${path}`;
  requireWritable(path, failure);
  // Loaded only by a command that saves.
  const { diskError } = await import("../../checkpoint/disk-error.ts");
  const { writeNamedFileDurablySync } = await import("../../checkpoint/durable-file.ts");
  const { encodeCheckpoint } = await import("../../checkpoint/format.ts");
  const { checkpointOf } = await import("../../daemon/learner-checkpoint.ts");
  return (learner, name) => {
    const chunks = encodeCheckpoint(checkpointOf(learner, name));
    try {
      writeNamedFileDurablySync(file, chunks);
    } catch (error) {
      throw diskError(error, failure, dirname(file));
    }
  };
}
