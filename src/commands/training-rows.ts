import { formatSize } from "../daemon/quantities.ts";
import type { Rows } from "../engine/descent.ts";
import { RivuletError } from "../errors.ts";
import type { Learner } from "../learner/learner.ts";
import { readRows } from "../samples/csv-file.ts";
import { createLastSplit, createSplit } from "./split.ts";

/** Most bytes of rows that are held in memory. */
const mostHeldBytes = 2 ** 30;

/** A file and which of its rows are for training: the same every time it is read. */
export interface Split {
  data: string;
  columns: string[];
  rows: number;
  heldOutRows: number;
  /** Whether the last rows are held out, instead of rows drawn from all of them. */
  heldOutLast: boolean;
  seed: number;
}

/** Tells row by row, in the file's order, whether it is held out. */
export function heldOutBy({ rows, heldOutRows, heldOutLast, seed }: Split): () => boolean {
  return heldOutLast ? createLastSplit(rows, heldOutRows) : createSplit(rows, heldOutRows, seed);
}

/** Reads the file once, and hands over the rows that are not held out, in order. */
export async function forEachTrainingRow(split: Split, take: (row: Float64Array) => void): Promise<void> {
  const isHeldOut = heldOutBy(split);
  const { data, columns } = split;
  await readRows(data, (row) => isHeldOut() || take(row), { columns });
}

/**
 * The training rows in memory, as the network is to see them.
 * @throws RivuletError, ending in `advice`, where they would take too much of it
 */
export async function holdTrainingRows(learner: Learner, split: Split, advice: string): Promise<Rows> {
  const { inputs } = learner.network;
  const count = split.rows - split.heldOutRows;
  const bytes = count * (inputs + 1) * 4;
  if (bytes > mostHeldBytes) {
    throw new RivuletError(
      `${split.data} needs ${formatSize(bytes)} in memory to be shuffled, more than ${formatSize(mostHeldBytes)}; ${advice}`,
    );
  }
  const rows = { count, inputs: new Float32Array(count * inputs), targets: new Float32Array(count) };
  let at = 0;
  await forEachTrainingRow(split, (row) => learner.writeExample(row, 0, rows.inputs, rows.targets, at++));
  return rows;
}
