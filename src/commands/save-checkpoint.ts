import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { encodeCheckpoint } from "../checkpoint/format.ts";
import { checkpointOf } from "../daemon/learner-checkpoint.ts";
import type { Learner } from "../learner/learner.ts";
import { requireWritable } from "./command-line/writable-file.ts";

/**
 * Makes sure, before hours of training, that a checkpoint can be saved to the file that the user named, as far as that
 * can be known. Gives what saves it there.
 * @throws RivuletError where it cannot be written, now or then
 */
export function prepareSave(path: string): (learner: Learner, name?: string) => void {
  const file = resolve(path);
  const folder = dirname(file);
  const failure = `cannot save the checkpoint ${path}`;
  requireWritable(path, failure);
  return (learner, name) => {
    const chunks = encodeCheckpoint(checkpointOf(learner, name));
    try {
      writeFileDurablySync(file, chunks);
    } catch (error) {
      throw diskError(error, failure, folder);
    }
  };
}
