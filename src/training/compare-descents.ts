/** The textbook's comparison: one network trained in many ways, from the same weights on the same rows. */
import type { Model, Optimizer } from "../engine/model/model.ts";
import { optimizerKinds } from "../engine/optimizers/index.ts";
import type { Learner } from "../learner/learner.ts";
import type { SampleRows } from "./dataset.ts";
import { createLossEvaluator } from "./loss-evaluator.ts";
import { requireCount } from "./options.ts";
import { type Plane, principalPlane, project } from "./plane.ts";
import { restoringAfter } from "./restored.ts";
import {
  bestCandidateRate,
  type DescentRun,
  plain,
  type RunSetup,
  type RunTask,
  train,
  trainTooLarge,
} from "./runs.ts";
import { type LossSurface, lossSurface } from "./surface.ts";
import { holdTrainingRows, type RowOptions, splitRows } from "./training-rows.ts";

export interface CompareOptions extends Pick<RowOptions, "seed" | "createValidator" | "signal"> {
  /** How often each run goes over the rows. Default 20. */
  epochs?: number;
  /** Rows of one update in mini-batch descent. Default 16. */
  batchSize?: number;
  /** Refuse more rows: the loss over all of them is computed after every epoch of every run. Default 20,000. */
  mostRows?: number;
  /** Called after each epoch with the epochs done, those of all runs that are reported, and the name of the run. */
  onProgress?: (progress: { epochs: number; totalEpochs: number; run: string }) => void;
}

/** What a comparison came to, as plain data. */
export interface DescentComparison {
  /** Rows that trained. */
  rows: number;
  rejected: number;
  /** Trained numbers in the network. */
  weights: number;
  epochs: number;
  batchSize: number;
  seed: number;
  /** Rate of plain descent that the three regimes share, found by a short search. */
  learningRate: number;
  /** Plain batch, stochastic and mini-batch descent, in this order. */
  regimes: DescentRun[];
  /** Mini-batch descent with each optimizer; the first is plain descent, the third of `regimes`. */
  optimizers: DescentRun[];
  tooLarge: DescentRun;
  tooSmall: DescentRun;
  /** The plane through the first weights in which the regimes moved most, and the loss over it. */
  plane: Plane;
  surface: LossSurface;
}

/**
 * Trains one network in many ways, all from the same first weights on the same rows, and returns the learning curves:
 * the three regimes, the usual optimizers, a learning rate too large and one too small. The optimizer, the clipping and the
 * schedule of the learner's model play no part. The learner is afterwards as it was before.
 *
 * @param rows each [fields], in the order of the learner's fields; all of them train
 * @throws RivuletError where an option is out of its range, a row cannot be learned from, or there are too many rows;
 *   the signal's reason where it was aborted
 *
 * @example
 * import assert from "node:assert/strict";
 * import { compareDescents, createLearner } from "rivulet";
 *
 * const rows = Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(i), Math.sin(i) > Math.cos(i) ? 1 : 0]);
 * const learner = createLearner({ fields: ["a", "b", "label"], target: { column: "label", classes: 2 }, model: {} });
 * const { regimes } = await compareDescents(learner, rows, { epochs: 3 });
 * assert.deepEqual(regimes.map(({ updates }) => updates), [3, 3 * 60, 3 * 4]);
 */
export async function compareDescents(
  learner: Learner,
  rows: SampleRows,
  options: CompareOptions = {},
): Promise<DescentComparison> {
  const { epochs = 20, batchSize = 16, mostRows = 20_000, signal, onProgress } = options;
  requireCount("epochs", epochs);
  requireCount("batchSize", batchSize);
  const { deterministic } = learner.describe().training;
  return restoringAfter(learner, async () => {
    const split = await splitRows(learner, rows, { ...options, heldOut: 0 }, mostRows);
    const { seed, rejected } = split;
    const held = await holdTrainingRows(learner, split, "give fewer rows");
    const model = comparableModel(learner.network.model);
    const evaluateLoss = createLossEvaluator(model, held, deterministic);
    const task: RunTask = { model, rows: held, seed, deterministic, epochs, batchSize, evaluateLoss, signal };
    const learningRate = await bestCandidateRate(task);
    const runs = await trainAll(task, learningRate, onProgress);
    const trajectory = runs.regimes.flatMap((regime) => regime.trajectory);
    const plane = principalPlane(trajectory[0], trajectory);
    const points = trajectory.map((weights) => project(plane, weights));
    const surface = await lossSurface(model, held, plane, points, { seed, deterministic, signal });
    const counts = { rows: held.count, rejected, weights: plane.origin.length, epochs, batchSize, seed };
    return { ...counts, learningRate, ...runs, plane, surface };
  });
}

/**
 * The model with what would blur the comparison left out: with summed gradients the same rate would mean something else
 * in each regime, clipping would hide what a rate does, and a schedule would change it.
 */
function comparableModel(model: Model): Model {
  return { ...model, loss: { ...model.loss, reduction: "mean" }, clip: null, schedule: null };
}

type Runs = Pick<DescentComparison, "regimes" | "optimizers" | "tooLarge" | "tooSmall">;

async function trainAll(
  task: RunTask,
  learningRate: number,
  onProgress: CompareOptions["onProgress"],
): Promise<Runs> {
  const others = otherOptimizers(learningRate);
  const totalEpochs = (4 + others.length) * task.epochs;
  let finished = 0;
  const trainNext = async (setup: RunSetup): Promise<DescentRun> => {
    const run = await train(task, setup, (done) =>
      onProgress?.({ epochs: finished * task.epochs + done, totalEpochs, run: setup.name }),
    );
    finished++;
    return run;
  };
  const regimes: DescentRun[] = [];
  for (const regime of ["batch", "stochastic", "mini-batch"] as const) {
    regimes.push(await trainNext({ ...plain(regime, regime, learningRate), keepsTrajectory: true }));
  }
  const optimizers = [regimes[2]];
  for (const [optimizer, settings] of others) {
    optimizers.push(await trainNext({ name: optimizer, regime: "mini-batch", optimizer, settings }));
  }
  const tooSmall = await trainNext(plain("rate too small", "mini-batch", learningRate / 100));
  const tooLarge = await trainTooLarge(task, "rate too large", regimes[2]);
  return { regimes, optimizers, tooLarge, tooSmall };
}

/** The optimizers beside plain descent, each at the rate that its kind compares with `descentRate` of plain descent. */
function otherOptimizers(descentRate: number): [string, Optimizer][] {
  return Object.entries(optimizerKinds)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, make]): [string, Optimizer][] => {
      const { comparedRate } = make.kind;
      return comparedRate ? [[name, make({ learningRate: comparedRate(descentRate) })]] : [];
    });
}
