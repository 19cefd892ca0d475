/** The learner of a checkpoint, and the columns of a file that it knows. */

import { readCheckpoint } from "../../checkpoint/read-checkpoint.ts";
import { learnerFrom } from "../../continuing/learner-checkpoint.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import type { DataFile } from "../../library/data-files.ts";

/** Reads a checkpoint and returns its learner. @throws RivuletError where there is no checkpoint, or it holds no learner */
export function storedLearner(path: string): { file: string; learner: PrequentialLearner } {
  const { file, checkpoint } = readCheckpoint(path);
  return { file, learner: learnerFrom(checkpoint, file) };
}

/** Refuses a file that lacks a column that the learner knows, apart from those in `mayLack`. */
export async function requireColumns(
  data: DataFile,
  columns: readonly string[],
  mayLack: readonly string[] = [],
): Promise<string[]> {
  const found = await data.columns();
  const lacking = columns.filter((name) => !found.includes(name) && !mayLack.includes(name));
  if (lacking.length === 0) return found;
  throw new RivuletError(
    "data.missing-column",
    `${data.name} has no column ${lacking.join(", ")}, which the learner knows; its columns are ${found.join(", ")}`,
  );
}
