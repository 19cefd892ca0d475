/** Training over rows for several epochs, in one of the three regimes of gradient descent. */
import { createRandom } from "../engine/model/random.ts";
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { Learner } from "../learner/learner.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { SampleRows } from "./dataset.ts";
import { BatchEpoch, descendEpoch, type Regime, rowOrder, updatesPerEpoch } from "./descent.ts";
import { eventLoopTurn } from "./event-loop.ts";
import { type FitDetails, FitJudge } from "./fit-details.ts";
import { NeighbourChange } from "./neighbour-change.ts";
import { batchSizeOf, requireAccumulation, requireCount } from "./options.ts";
import { Scorer } from "./scores.ts";
import {
  forEachRow,
  forEachTrainingRow,
  holdTrainingRows,
  type RowOptions,
  type Split,
  splitRows,
} from "./training-rows.ts";

export interface FitOptions extends RowOptions {
  /** Default `mini-batch`. */
  regime?: Regime;
  /** How often to go over the rows. Default 10. */
  epochs?: number;
  /** Rows of one update in mini-batch descent. Default: the learner's `training.batchSize`. */
  batchSize?: number;
  /** Also judge the network after each epoch, and in the end each field: `details` of the report. Default false. */
  details?: boolean;
  /** Called at the start, then after each epoch, and in batch descent after every 1024 rows as well. */
  onProgress?: (progress: FitProgress) => void;
}

/** How far a training has come. */
export interface FitProgress {
  /** Rows trained on so far, each counted once an epoch. */
  rows: number;
  /** What `rows` will be at the end. */
  totalRows: number;
  /** Mean loss of each epoch that is complete. */
  losses: readonly number[];
}

/** What a training came to; `task` says which scores these are. */
export type FitReport = {
  regime: Regime;
  epochs: number;
  /** All rows: those that trained, those held out, and those rejected. */
  rows: number;
  trainingRows: number;
  heldOutRows: number;
  /**
   * Mean squared change of the target from row to row beside that of any two rows: about 1 where the order of the rows says
   * nothing. Near 0, rows held out at random have their likes among those that trained, and the last ones would score
   * lower: see `heldOutLast`.
   */
  neighbourChange: number;
  rejected: number;
  /** Updates of the weights that the learner's network has made, and how many an epoch takes. */
  updates: number;
  updatesPerEpoch: number;
  /** Updates left out because their loss or gradient was not finite. */
  skippedSteps: number;
  /** Mean loss of the training rows in each epoch, each as it was before its update [epochs]. */
  losses: number[];
  /** Time spent training, without reading for the first time and evaluating. */
  milliseconds: number;
  /** null unless asked for. */
  details: FitDetails | null;
} & FitScores;

/** Scores of the trained network on the rows that trained, and on those held out; null where there are none. */
type FitScores =
  | { task: "classification"; training: ClassificationReport; heldOut: ClassificationReport | null }
  | { task: "regression"; training: RegressionReport; heldOut: RegressionReport | null };

/**
 * Trains a learner over rows for several epochs, with a part of them held out to evaluate with. The running statistics
 * of features and target learn the training rows first; the network continues from its weights. In the batch regime
 * rows are read once an epoch and may be more than fit in memory; the other two shuffle, and hold them in memory.
 *
 * @param learner not changed until all rows have been checked
 * @param rows each [fields], in the order of the learner's fields
 * @returns losses by epoch and scores, as plain data
 * @throws RivuletError where an option is out of its range, a row cannot be learned from, no rows remain to train on,
 *   or an update takes more rows than the learner accumulates gradients of; the signal's reason where it was aborted
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, csvFile, fit } from "rivulet";
 *
 * const data = csvFile("devices/examples/pump.csv");
 * const learner = createLearner({
 *   fields: await data.columns(),
 *   target: { column: "label", classes: 3 },
 *   model: {}, // a single network: the ensemble learns from a stream in one pass
 *   training: { batchSize: 32 },
 * });
 * const report = await fit(learner, data, {
 *   epochs: 5,
 *   heldOut: 0.25,
 *   onProgress: ({ rows, totalRows }) => assert(rows <= totalRows),
 * });
 * assert.equal(report.losses.length, 5);
 * assert(report.task === "classification" && report.heldOut.accuracy > 0.5);
 */
export async function fit(learner: Learner, rows: SampleRows, options: FitOptions = {}): Promise<FitReport> {
  const { regime = "mini-batch", epochs = 10 } = options;
  requireCount("epochs", epochs);
  const batchSize = batchSizeOf(learner, regime, options.batchSize);
  const split = await splitRows(learner, rows, options);
  requireAccumulation(learner, regime === "batch" ? split.trainingRows : batchSize);
  const judge = options.details ? new FitJudge(learner, split) : null;
  const started = performance.now();
  await judge?.judgeEpoch();
  const run: Run = { learner, split, epochs, batchSize, judge, onProgress: options.onProgress };
  const losses = await (regime === "batch" ? descendStreamed(run) : descendHeld(run));
  const milliseconds = performance.now() - started - (judge?.milliseconds ?? 0);
  const { network } = learner;
  return {
    regime,
    epochs,
    rows: split.rows,
    trainingRows: split.trainingRows,
    heldOutRows: split.usableHeldOutRows,
    rejected: split.rejected,
    updates: network.updates,
    updatesPerEpoch: updatesPerEpoch(regime, split.trainingRows, batchSize),
    skippedSteps: network.skipped,
    losses,
    milliseconds,
    details: (await judge?.details()) ?? null,
    ...(await scoreSplit(learner, split)),
  };
}

interface Run {
  learner: Learner;
  split: Split;
  epochs: number;
  batchSize: number;
  judge: FitJudge | null;
  onProgress: FitOptions["onProgress"];
}

/** Rows between two reports of progress in batch descent. */
const rowsPerReport = 1024;

/** Batch descent: the rows are read once an epoch, however many they are. Resolves with the mean loss of each epoch. */
async function descendStreamed({ learner, split, epochs, judge, onProgress }: Run): Promise<number[]> {
  const { network } = learner;
  const count = split.trainingRows;
  const losses: number[] = [];
  let done = 0;
  const report = () => onProgress?.({ rows: done, totalRows: epochs * count, losses });
  report();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const pass = new BatchEpoch(network, count);
    await forEachTrainingRow(split, (values, offset) => {
      learner.writeExample(values, offset, network.input, network.target, pass.row);
      pass.add();
      done++;
      if (done % rowsPerReport === 0) report();
    });
    losses.push(pass.end());
    await judge?.judgeEpoch();
    report();
  }
  return losses;
}

/** Stochastic and mini-batch descent: the rows are held in memory and shuffled. Resolves with the loss of each epoch. */
async function descendHeld({ learner, split, epochs, batchSize, judge, onProgress }: Run): Promise<number[]> {
  const rows = await holdTrainingRows(learner, split, "use the batch regime, which need not hold them");
  const order = rowOrder(rows.count);
  const random = createRandom(split.seed);
  const losses: number[] = [];
  const report = () => {
    onProgress?.({ rows: losses.length * rows.count, totalRows: epochs * rows.count, losses });
  };
  report();
  while (losses.length < epochs) {
    split.signal?.throwIfAborted();
    losses.push(descendEpoch(learner.network, rows, batchSize, order, random));
    await judge?.judgeEpoch();
    report();
    await eventLoopTurn();
  }
  return losses;
}

/** Scores of the trained network on both parts of the rows. */
async function scoreSplit(
  learner: Learner,
  split: Split,
): Promise<FitScores & Pick<FitReport, "neighbourChange">> {
  const training = new Scorer(learner);
  const heldOut = new Scorer(learner);
  const change = new NeighbourChange();
  const targetAt = learner.columns.indexOf(learner.describe().target.column);
  await forEachRow(split, (values, offset, isHeldOut) => {
    change.observe(values[offset + targetAt]);
    (isHeldOut ? heldOut : training).observe(values, offset);
  });
  const { task, metrics } = training.scores();
  const held = split.usableHeldOutRows > 0 ? heldOut.scores().metrics : null;
  const scores = { task, training: metrics, heldOut: held } as FitScores;
  return { ...scores, neighbourChange: change.ratio };
}
