import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Checkpoint } from "../../checkpoint/format.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { requireWritable } from "../command-line/writable-file.ts";

/** What a checkpoint has besides its learner: the course of its scores, and what a daemon knows. */
type Beside = Pick<Checkpoint, "history" | "daemonState">;

/** Saves a learner under the name of its config, if it has one. @throws RivuletError where the file cannot be written */
export type Save = (learner: PrequentialLearner, name?: string, beside?: Beside) => void;

/**
 * Checks, before hours of training, that a checkpoint can be saved to the file that the user named, as far as that can
 * be known. Resolves with what saves it there; null where no file is named. In a folder of checkpoints it becomes the
 * newest, from which a daemon continues; the folder is created where it ends in a slash, or is that of the config.
 * @param checkpoints the config's `checkpoint.directory`
 * @throws RivuletError where the file cannot be written, or a daemon uses the folder
 */
export async function prepareSave(path: string | undefined, checkpoints?: string): Promise<Save | null> {
  if (path === undefined) return null;
  const found = statSync(path, { throwIfNoEntry: false });
  const isMeant = path.endsWith("/") || (found === undefined && resolve(path) === checkpoints);
  if (isMeant || found?.isDirectory()) return folderSave(path);
  const file = resolve(path);
  const failure = `cannot save the checkpoint ${path}`;
  requireWritable(path, failure);
  // Loaded only by a command that saves.
  const { diskError } = await import("../../checkpoint/disk-error.ts");
  const { writeNamedFileDurablySync } = await import("../../checkpoint/durable-file.ts");
  const { encodeCheckpoint } = await import("../../checkpoint/format.ts");
  const { checkpointOf } = await import("../../continuing/learner-checkpoint.ts");
  return (learner, name, beside) => {
    const chunks = encodeCheckpoint({ ...checkpointOf(learner, name), ...beside });
    try {
      writeNamedFileDurablySync(file, chunks);
    } catch (error) {
      throw diskError(error, failure, dirname(file));
    }
  };
}

/** Saves as the newest checkpoint of a folder, and keeps all that are there. */
async function folderSave(folder: string): Promise<Save> {
  const { openStore } = await import("../../checkpoint/store.ts");
  const { encodeCheckpoint } = await import("../../checkpoint/format.ts");
  const { checkpointOf } = await import("../../continuing/learner-checkpoint.ts");
  // Opened to see that it can be, and closed meanwhile: training may take hours.
  openStore(folder).close();
  return (learner, name, beside) => {
    const store = openStore(folder, { keep: Number.MAX_SAFE_INTEGER });
    try {
      store.saveSync(encodeCheckpoint({ ...checkpointOf(learner, name), ...beside }));
    } finally {
      store.close();
    }
  };
}
