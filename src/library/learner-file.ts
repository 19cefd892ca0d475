/** A learner as a file, or as the newest checkpoint of a folder: in the daemon's format, so that both read each other's. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeNamedFileDurablySync } from "../checkpoint/durable-file.ts";
import { encodeCheckpoint } from "../checkpoint/format.ts";
import { readCheckpoint } from "../checkpoint/read-checkpoint.ts";
import { openStore } from "../checkpoint/store.ts";
import { checkpointOf, learnerFrom } from "../continuing/learner-checkpoint.ts";
import type { Ensemble } from "../learner/ensemble.ts";
import type { EnsembleOptions } from "../learner/ensemble-plan.ts";
import type { Forecaster } from "../learner/forecast/forecaster.ts";
import type { Learner } from "../learner/learner.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";

export interface SaveLearnerOptions {
  /** Name of the run, for those who look at the file. */
  name?: string;
  /** In a folder: checkpoints to keep, the new one included; older ones are deleted. Default 5. */
  keep?: number;
}

/**
 * Saves a learner of any kind, with all that it has come to, as `rivulet run` does: `loadLearner` continues from it bit
 * for bit, and so does a daemon of the same config. In a folder, which is created where the path ends in a slash, it
 * becomes the newest checkpoint; a folder that a daemon uses is refused. After a power cut a file holds all of it, or what
 * it held before. A network whose numbers have overflowed goes back to its last healthy weights first, which
 * `learner.recoveries` counts: otherwise it could not be loaded.
 *
 * @param path a file, or a folder of checkpoints
 * @throws RivuletError where it cannot be written, or another process uses the folder
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, loadLearner, saveLearner } from "rivulet";
 *
 * const learner = createLearner({ fields: ["x", "y"], target: { column: "y" } });
 * for (let i = 0; i < 50; i++) learner.observe(Float64Array.of(i % 7, 3 * (i % 7)), 0);
 * saveLearner(learner, "learner.msgpack"); // one file
 * saveLearner(learner, "checkpoints/"); // the newest of a folder, beside those before it
 * assert.equal(loadLearner("checkpoints/").samplesSeen, 50);
 */
export function saveLearner(
  learner: Ensemble | Forecaster | Learner,
  path: string,
  { name, keep }: SaveLearnerOptions = {},
): void {
  (learner as PrequentialLearner).healOverflow?.();
  const chunks = encodeCheckpoint(checkpointOf(learner, name));
  if (path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const store = openStore(path, keep === undefined ? {} : { keep });
    try {
      store.saveSync(chunks);
    } finally {
      store.close();
    }
    return;
  }
  try {
    writeNamedFileDurablySync(resolve(path), chunks);
  } catch (error) {
    throw diskError(error, `cannot save the learner as ${path}`, resolve(path, ".."));
  }
}

/**
 * Loads a learner that `saveLearner`, `rivulet run` or another command saved: features, weights, scores and random state
 * are as they were, so that it continues bit for bit. A folder is only read, so it may be that of a running daemon.
 *
 * @param path a file, or a folder of checkpoints, of which the newest valid one is taken
 * @param options `experts`: those of your own that the ensemble had, new ones of the same names, in the same order
 * @returns a learner of the kind that was saved; `report().task` tells whether it names classes
 * @throws RivuletError where there is none; CheckpointError where it is damaged, was written by a newer version, or holds
 *   no learner
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, loadLearner, saveLearner } from "rivulet";
 *
 * const sample = (i) => Float64Array.of(Math.sin(i), Math.cos(i), Math.sin(i) > 0 ? 1 : 0);
 * const learner = createLearner({ fields: ["a", "b", "label"], target: { column: "label", classes: 2 } });
 * for (let i = 0; i < 100; i++) learner.observe(sample(i), 0);
 * saveLearner(learner, "sines.msgpack");
 * const again = loadLearner("sines.msgpack");
 * for (const each of [learner, again]) each.observe(sample(100), 0);
 * assert.deepEqual(again.prediction, learner.prediction);
 */
export function loadLearner(
  path: string,
  options: Pick<EnsembleOptions, "experts"> = {},
): Ensemble | Forecaster | Learner {
  const { file, checkpoint } = readCheckpoint(path);
  return learnerFrom(checkpoint, file, options);
}
