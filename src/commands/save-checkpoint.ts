import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { encodeCheckpoint } from "../checkpoint/format.ts";
import { checkpointOf } from "../daemon/learner-checkpoint.ts";
import type { Learner } from "../learner/learner.ts";

/** Writes the learner to the file that the user named. @throws RivuletError where it cannot be written */
export function saveCheckpoint(learner: Learner, path: string, name?: string): void {
  const chunks = encodeCheckpoint(checkpointOf(learner, name));
  try {
    writeFileDurablySync(resolve(path), chunks);
  } catch (error) {
    throw diskError(error, `cannot save the checkpoint ${path}`, dirname(resolve(path)));
  }
}
