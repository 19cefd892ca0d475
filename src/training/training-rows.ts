import { RivuletError } from "../errors/errors.ts";
import type { Learner } from "../learner/learner.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import { type Dataset, mostHeldBytes, rereadableDatasetOf, type SampleRows } from "./dataset.ts";
import type { Rows } from "./descent.ts";
import { rowsOfFeatures } from "./feature-rows.ts";
import { createLastSplit, createSplit } from "./split.ts";
import {
  createFiniteValidator,
  createLearnableTest,
  type RowValidator,
  type UsableTest,
  unlearnableRow,
  usableTestsOf,
} from "./usable-rows.ts";

/** Which rows train, which are held out, and which are left out. */
export interface RowOptions {
  /** Part of all rows that is held out to evaluate with, from 0 to below 1. Default 0.2. */
  heldOut?: number;
  /** Hold out the last rows instead of rows drawn at random. Default false. */
  heldOutLast?: boolean;
  /** Seed of the draw and of the order in which rows train. Default: the learner's. */
  seed?: number;
  /** Called before each reading of the rows. Default: a validator that rejects rows with a value that is not finite. */
  createValidator?: () => RowValidator;
  /** Ends the call at the next opportunity: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A dataset, and which of its rows are held out: the same rows every time it is read, whatever their values are. */
export interface DrawnRows {
  dataset: Dataset;
  columns: readonly string[];
  /** All rows of the dataset. */
  rows: number;
  /** How many of all rows are held out, usable or not. */
  heldOutRows: number;
  heldOutLast: boolean;
  seed: number;
  createUsable: () => UsableTest;
  signal?: AbortSignal;
}

/** The same, with the usable rows counted. */
export interface Split extends DrawnRows {
  /** Usable rows that train. */
  trainingRows: number;
  /** Usable rows that are held out. */
  usableHeldOutRows: number;
  /** Rows that are not usable. */
  rejected: number;
}

/** Rows between two looks at the signal. */
export const rowsPerCheck = 1024;

/** Reads all rows once, and passes on the usable ones in order. */
export async function forEachRow(
  drawn: DrawnRows,
  take: (values: Float64Array, offset: number, isHeldOut: boolean) => void,
): Promise<void> {
  const { dataset, columns, rows, heldOutRows, heldOutLast, seed, signal } = drawn;
  const draw = heldOutLast ? createLastSplit(rows, heldOutRows) : createSplit(rows, heldOutRows, seed);
  const isUsable = drawn.createUsable();
  signal?.throwIfAborted();
  let seen = 0;
  await dataset.read(columns, (values, offset) => {
    if (++seen % rowsPerCheck === 0) signal?.throwIfAborted();
    // Both depend on the rows before: each must see them all.
    const isHeldOut = draw();
    if (isUsable(values, offset)) take(values, offset, isHeldOut);
  });
}

/** Of these, passes on the rows that train. Resolves with their number. */
export async function forEachTrainingRow(
  drawn: DrawnRows,
  take: (values: Float64Array, offset: number) => void,
): Promise<number> {
  let count = 0;
  await forEachRow(drawn, (values, offset, isHeldOut) => {
    if (isHeldOut) return;
    count++;
    take(values, offset);
  });
  return count;
}

/**
 * Prepares rows for training: checks every row, draws those that are held out, and adds the others to the learner's
 * running statistics of features and target, where it learns them by themselves. Reads the dataset twice.
 *
 * @param mostRows refuse more rows than this
 * @throws RivuletError where an option is out of its range, a row cannot be learned from, or no rows remain to train on
 */
export async function splitRows(
  learner: PrequentialLearner & Partial<Pick<Learner, "learnStatistics">>,
  rows: SampleRows,
  options: RowOptions,
  mostRows = Number.POSITIVE_INFINITY,
): Promise<Split> {
  const { fields, training } = learner.describe();
  const { columns } = learner;
  const { heldOut = 0.2, heldOutLast = false, seed = training.seed, signal } = options;
  requireShare(heldOut);
  const given = rowsOfFeatures(learner, await rereadableDatasetOf(rows, fields), options.createValidator);
  const { dataset } = given;
  const createUsable = usableTestsOf(learner, dataset, given.createValidator);
  const checked = await checkRows(learner, dataset, createUsable(), mostRows, signal);
  const drawn: DrawnRows = {
    dataset,
    columns,
    rows: checked.rows,
    heldOutRows: Math.round(checked.rows * heldOut),
    heldOutLast,
    seed,
    createUsable,
    signal,
  };
  const trainingRows = await forEachTrainingRow(drawn, (values, offset) =>
    learner.learnStatistics?.(values, offset),
  );
  if (trainingRows === 0) throw noTrainingRows(drawn, checked.rejected);
  const usableHeldOutRows = checked.rows - checked.rejected - trainingRows;
  return { ...drawn, trainingRows, usableHeldOutRows, rejected: checked.rejected };
}

/** Counts all rows and those that are left out, and refuses the first that should be corrected. */
async function checkRows(
  learner: PrequentialLearner,
  dataset: Dataset,
  isUsable: UsableTest,
  mostRows: number,
  signal: AbortSignal | undefined,
): Promise<{ rows: number; rejected: number }> {
  const isLearnable = createLearnableTest(learner);
  let seen = 0;
  let rejected = 0;
  signal?.throwIfAborted();
  await dataset.read(learner.columns, (values, offset, place) => {
    if (++seen % rowsPerCheck === 0) signal?.throwIfAborted();
    if (seen > mostRows) {
      throw new RivuletError("data.too-large", `${dataset.name} has more than ${mostRows} rows; give fewer`);
    }
    if (!isUsable(values, offset)) rejected++;
    else if (!isLearnable(values, offset)) throw unlearnableRow(learner, dataset, place, values, offset);
  });
  return { rows: seen, rejected };
}

function requireShare(heldOut: number): void {
  if (heldOut >= 0 && heldOut < 1) return;
  throw new RivuletError(
    "argument.bad-value",
    `heldOut must be a number from 0 to below 1, found ${heldOut}`,
  );
}

function noTrainingRows({ dataset, rows, heldOutRows }: DrawnRows, rejected: number): RivuletError {
  const found = `${dataset.name} has ${formatCount(rows, "row")}`;
  if (rejected === 0) {
    return new RivuletError(
      "data.empty",
      rows === 0
        ? `${found}, so there is nothing to train on; give at least one row`
        : `${found}, ${heldOutRows} of them held out: no training rows remain; hold out a smaller part`,
    );
  }
  return new RivuletError(
    "data.empty",
    `${found}, ${rejected} of them rejected for their values: no training rows remain; correct the values, or allow wider ranges`,
  );
}

/** Counts the rows of a dataset that a training would use, see `splitRows`. Reads the dataset twice. */
export async function countTrainingRows(
  dataset: Dataset,
  columns: readonly string[],
  { heldOut = 0.2, heldOutLast = false, seed = 1, createValidator }: RowOptions,
): Promise<number> {
  const { rows } = await dataset.read(columns, () => {});
  const heldOutRows = Math.round(rows * heldOut);
  const createUsable = () => {
    const validator = createValidator?.() ?? createFiniteValidator(columns.length);
    return (values: Float64Array, offset: number) => validator.validate(values, offset);
  };
  return forEachTrainingRow(
    { dataset, columns, rows, heldOutRows, heldOutLast, seed, createUsable },
    () => {},
  );
}

/**
 * The training rows in memory, in the form that the network takes.
 * @throws RivuletError, ending in `advice`, where they would take more than 1 GiB
 */
export async function holdTrainingRows(learner: Learner, split: Split, advice: string): Promise<Rows> {
  const { inputs } = learner.network;
  const count = split.trainingRows;
  requireHoldable(split, inputs, advice);
  const rows = { count, inputs: new Float32Array(count * inputs), targets: new Float32Array(count) };
  let at = 0;
  await forEachTrainingRow(split, (values, offset) => {
    requireSameRows(at < count);
    learner.writeExample(values, offset, rows.inputs, rows.targets, at++);
  });
  requireSameRows(at === count);
  return rows;
}

/**
 * Checks that training rows can be held in memory.
 * @throws RivuletError, ending in `advice`, where the training rows would take more than 1 GiB of memory
 */
export function requireHoldable({ dataset, trainingRows }: Split, inputs: number, advice: string): void {
  const bytes = trainingRows * (inputs + 1) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= mostHeldBytes) return;
  throw new RivuletError(
    "data.too-large",
    `${dataset.name} needs ${formatSize(bytes)} of memory to be shuffled, more than ${formatSize(mostHeldBytes)}; ${advice}`,
  );
}

function requireSameRows(same: boolean): void {
  if (!same)
    throw new RivuletError(
      "data.bad-row",
      "the rows changed between two readings; use a copy that does not change",
    );
}
