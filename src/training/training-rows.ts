import { RivuletError } from "../errors/errors.ts";
import type { Learner } from "../learner/learner.ts";
import { readRows } from "../samples/decoding/csv-file.ts";
import type { SampleValidator } from "../samples/sample-validator.ts";
import { formatSize } from "../wording/quantities.ts";
import type { Rows } from "./descent.ts";
import { createLastSplit, createSplit } from "./split.ts";

/** Most bytes of rows that are held in memory. */
const mostHeldBytes = 2 ** 30;

/** A file and which of its rows are held out: the same every time it is read, whatever becomes of their values. */
export interface DrawnRows {
  data: string;
  columns: string[];
  /** All of the file. */
  rows: number;
  /** So many of all are held out. */
  heldOutRows: number;
  /** Whether the last rows are held out, instead of rows drawn from all of them. */
  heldOutLast: boolean;
  seed: number;
  /** Gives what looks at every row in the file's order, anew for each time that it is read. */
  createValidator: () => SampleValidator;
}

/** The same, with those to train on counted. */
export interface Split extends DrawnRows {
  /** Rows that are not held out and whose values can be true. */
  trainingRows: number;
}

/** Reads the file once, and hands over the rows whose values can be true, in order. */
export async function forEachRow(
  drawn: DrawnRows,
  take: (row: Float64Array, isHeldOut: boolean) => void,
): Promise<void> {
  const { data, columns, rows, heldOutRows, heldOutLast, seed } = drawn;
  const draw = heldOutLast ? createLastSplit(rows, heldOutRows) : createSplit(rows, heldOutRows, seed);
  const validator = drawn.createValidator();
  await readRows(
    data,
    (row) => {
      // Both go by the rows before: each must see them all.
      const isHeldOut = draw();
      if (validator.validate(row, 0)) take(row, isHeldOut);
    },
    { columns },
  );
}

/** Of these, those that are not held out; gives how many they are. */
export async function forEachTrainingRow(
  drawn: DrawnRows,
  take: (row: Float64Array) => void,
): Promise<number> {
  let count = 0;
  await forEachRow(drawn, (row, isHeldOut) => {
    if (isHeldOut) return;
    count++;
    take(row);
  });
  return count;
}

/**
 * The training rows in memory, as the network is to see them.
 * @throws RivuletError, ending in `advice`, where they would take too much of it
 */
export async function holdTrainingRows(learner: Learner, split: Split, advice: string): Promise<Rows> {
  const { inputs } = learner.network;
  const count = split.trainingRows;
  const bytes = count * (inputs + 1) * 4;
  if (bytes > mostHeldBytes) {
    throw new RivuletError(
      "data.too-large",
      `${split.data} needs ${formatSize(bytes)} in memory to be shuffled, more than ${formatSize(mostHeldBytes)}; ${advice}`,
    );
  }
  const rows = { count, inputs: new Float32Array(count * inputs), targets: new Float32Array(count) };
  let at = 0;
  await forEachTrainingRow(split, (row) => learner.writeExample(row, 0, rows.inputs, rows.targets, at++));
  return rows;
}
