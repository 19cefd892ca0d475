/** What a saver has saved in its folder. */
import { readFileSync } from "node:fs";
import { listCheckpoints } from "../../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { isOfOneStep } from "../../../test/checkpoint/sample.ts";

/** Of a checkpoint: some 80 kB, for which a slow card takes about ten milliseconds. */
export const weights = 6000;

/** The step of each checkpoint of a folder, oldest first; null where it is not whole. */
export function stepsIn(folder: string): (number | null)[] {
  return listCheckpoints(folder).map(({ path }) => {
    try {
      const checkpoint = decodeCheckpoint(readFileSync(path), path);
      return isOfOneStep(checkpoint) ? checkpoint.step : null;
    } catch {
      return null;
    }
  });
}

/** The step that follows the newest whole one. */
export const nextStep = (folder: string): number =>
  Math.max(0, ...stepsIn(folder).map((step) => step ?? 0)) + 1;
