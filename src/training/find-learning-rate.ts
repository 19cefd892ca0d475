/** The learning-rate range test: a short training while the rate rises from far too low to far too high. */
import { createRandom, shuffle } from "../engine/model/random.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Learner } from "../learner/learner.ts";
import type { SampleRows } from "./dataset.ts";
import { descendEpoch, type Regime, type Rows, rowOrder } from "./descent.ts";
import { eventLoopTurn } from "./event-loop.ts";
import { batchSizeOf, requireAccumulation } from "./options.ts";
import { endingMultiple, type RangeTestPoints, readRangeTest } from "./range-test.ts";
import { restoringAfter } from "./restored.ts";
import { holdTrainingRows, type RowOptions, splitRows } from "./training-rows.ts";

export interface FindLearningRateOptions extends RowOptions {
  /** Default `mini-batch`. */
  regime?: Regime;
  /** Rows of one update in mini-batch descent. Default: the learner's `training.batchSize`. */
  batchSize?: number;
  /** Called at the start and after each rate with the number of rates done, and the smoothed loss at the last one. */
  onProgress?: (progress: { rates: number; totalRates: number; loss: number | null }) => void;
}

/** The curve of a range test, and what it shows. */
export interface LearningRateSearch extends RangeTestPoints {
  /** Learning rates tried, each the same factor above the one before [points]. */
  rates: number[];
  /** Smoothed loss of the training rows at each rate [points]. */
  losses: number[];
  /** Updates made, each of `rowsPerUpdate` rows. */
  updates: number;
  rowsPerUpdate: number;
  /** Whether the test stopped before the highest rate, because the loss had left its best for good. */
  endedEarly: boolean;
  milliseconds: number;
}

/** Rates from the lowest to the highest, each as many times the one before: fifty to a power of ten. */
export const lowestRate = 1e-7;
export const highestRate = 10;
const points = 400;
/** Fewest rows at a rate. Where an update takes fewer, several are made at one rate, or noise would hide the curve. */
const leastRows = 16;
/** Decay of the running mean of the losses. It lags by some ten points, a fifth of a power of ten. */
const smoothing = 0.9;

/**
 * Searches a learning rate by a range test (Smith, 2017, "Cyclical learning rates for training neural networks"):
 * trains on the rows while the rate rises from 1e-7 to 10, and suggests the rate at which the loss fell fastest, but at
 * most a third of the one at which it left upwards. The learner is afterwards as it was before.
 *
 * @param learner with the network and the optimizer that are to be trained, and without a schedule
 * @param rows each [fields], in the order of the learner's fields
 * @throws RivuletError as `fit` does, and where the model has a schedule; the signal's reason where it was aborted
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, csvFile, findLearningRate } from "rivulet";
 *
 * const data = csvFile("devices/examples/pump.csv");
 * const learner = createLearner({
 *   fields: await data.columns(),
 *   target: { column: "label", classes: 3 },
 *   model: {}, // a single network: the ensemble learns from a stream in one pass
 *   training: { batchSize: 32 },
 * });
 * const { suggested, diverging } = await findLearningRate(learner, data);
 * assert(suggested > 1e-5 && suggested < diverging);
 */
export async function findLearningRate(
  learner: Learner,
  rows: SampleRows,
  options: FindLearningRateOptions = {},
): Promise<LearningRateSearch> {
  const { regime = "mini-batch", onProgress, signal } = options;
  const batchSize = batchSizeOf(learner, regime, options.batchSize);
  requireNoSchedule(learner);
  return restoringAfter(learner, async () => {
    const split = await splitRows(learner, rows, options);
    const started = performance.now();
    const rowsPerUpdate = regime === "batch" ? split.trainingRows : batchSize;
    requireAccumulation(learner, rowsPerUpdate);
    const held = await holdTrainingRows(learner, split, "search the rate on fewer rows");
    const { seed } = split;
    const curve = await raiseRate(learner, held, { rowsPerUpdate, seed, onProgress, signal });
    const found = readRangeTest(curve.rates, curve.losses, curve.endedEarly);
    return { ...curve, ...found, rowsPerUpdate, milliseconds: performance.now() - started };
  });
}

interface RaiseOptions extends Pick<FindLearningRateOptions, "onProgress" | "signal"> {
  rowsPerUpdate: number;
  seed: number;
}

type Curve = Pick<LearningRateSearch, "rates" | "losses" | "updates" | "endedEarly">;

/** Trains at ever higher rates, going over the rows as often as needed, until the loss is lost. */
async function raiseRate(learner: Learner, rows: Rows, options: RaiseOptions): Promise<Curve> {
  const { rowsPerUpdate, seed, onProgress, signal } = options;
  const { network } = learner;
  const { updates: updatesBefore, skipped: skippedBefore } = network;
  const updatesPerRate = Math.ceil(leastRows / rowsPerUpdate);
  const groups = shuffledGroups(rows.count, rowsPerUpdate, seed);
  const factor = (highestRate / lowestRate) ** (1 / (points - 1));
  const rates: number[] = [];
  const losses: number[] = [];
  let mean = 0;
  let weight = 0;
  let best = Number.POSITIVE_INFINITY;
  let endedEarly = false;
  onProgress?.({ rates: 0, totalRates: points, loss: null });
  for (let point = 0; point < points && !endedEarly; point++) {
    network.learningRate = lowestRate * factor ** point;
    let loss = 0;
    for (let update = 0; update < updatesPerRate; update++) {
      loss += descendEpoch(network, rows, rowsPerUpdate, groups(), null) / updatesPerRate;
    }
    if (!Number.isFinite(loss) || network.skipped > skippedBefore) {
      endedEarly = true;
      break;
    }
    // Divided by its weight: the mean starts from nothing, and would be too low at first (Kingma and Ba, 2015).
    mean = smoothing * mean + (1 - smoothing) * loss;
    weight = smoothing * weight + (1 - smoothing);
    const smoothed = mean / weight;
    rates.push(network.learningRate);
    losses.push(smoothed);
    best = Math.min(best, smoothed);
    endedEarly = smoothed > endingMultiple * best;
    onProgress?.({ rates: point + 1, totalRates: points, loss: smoothed });
    await eventLoopTurn();
    signal?.throwIfAborted();
  }
  return { rates, losses, updates: network.updates - updatesBefore, endedEarly };
}

/** Returns, call by call, the row numbers of the next group, from an order that is shuffled before each pass. */
function shuffledGroups(rows: number, groupSize: number, seed: number): () => Uint32Array {
  const order = rowOrder(rows);
  const group = new Uint32Array(groupSize);
  const random = createRandom(seed);
  let at = order.length;
  return () => {
    for (let row = 0; row < groupSize; row++) {
      if (at === order.length) {
        shuffle(order, random);
        at = 0;
      }
      group[row] = order[at++];
    }
    return group;
  };
}

function requireNoSchedule({ network }: Learner): void {
  if (!network.model.schedule) return;
  throw new RivuletError(
    "argument.bad-value",
    "model.schedule would change the rates that the search tries; create the learner without it, and add it again for the training",
  );
}
