/** Training where nobody named a network: several are tried, and the best goes on learning in an ensemble. */
import { describeLayers, type WrittenPart } from "../engine/model/description.ts";
import { createRandom, shuffle } from "../engine/model/random.ts";
import { RivuletError } from "../errors/errors.ts";
import { type CalibrationBin, CalibrationError } from "../learner/calibration-error.ts";
import { ClassificationMetrics } from "../learner/classification-metrics.ts";
import { createEnsemble, type Ensemble } from "../learner/ensemble.ts";
import type { EnsembleOptions } from "../learner/ensemble-plan.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import { Candidate, candidatesFor } from "./candidate.ts";
import type { SampleRows } from "./dataset.ts";
import { type Rows, rowOrder } from "./descent.ts";
import { eventLoopTurn } from "./event-loop.ts";
import { NeighbourChange } from "./neighbour-change.ts";
import { type Scores, scoresOf } from "./scores.ts";
import {
  forEachRow,
  forEachTrainingRow,
  type RowOptions,
  requireHoldable,
  type Split,
  splitRows,
} from "./training-rows.ts";

export interface ChooseOptions extends RowOptions {
  /** Time for choosing and training, in minutes. Default 1. */
  minutes?: number;
  /** Called after every round of training. */
  onProgress?: (progress: ChooseProgress) => void;
}

/** How far a choice has come. */
export interface ChooseProgress {
  /** `choosing` among several, or `training` the chosen one further. */
  phase: "choosing" | "training";
  /** How many candidates are still in it. */
  candidates: number;
  /** The candidate that was just trained, its rounds, and the best validation loss so far. */
  name: string;
  rounds: number;
  loss: number;
  milliseconds: number;
  /** When it ends at the latest. */
  totalMilliseconds: number;
}

/** What was tried, by the least loss of the validation rows: mean log loss, or mean absolute error in deviations. */
export interface Tried {
  name: string;
  learningRate: number;
  loss: number;
  rounds: number;
}

/** How the chosen network came to be, and what its answers to the held-out rows were like. */
export interface ChoiceDetails {
  /** Mean loss of the rows of each round, as they trained, and of the validation rows after it. */
  course: { training: number; validation: number }[];
  /** Answers by how sure they were; none where a number is predicted. */
  calibration: CalibrationBin[];
  /** Of some rows: target and prediction; none where a class is predicted. */
  answers: [target: number, prediction: number][];
}

/** What a choice came to; `task` says which scores the held-out rows got. */
export type ChoiceReport = {
  chosen: {
    name: string;
    layers: WrittenPart[];
    learningRate: number;
    batchSize: number;
    parameters: number;
  };
  /** All candidates, best first. */
  tried: Tried[];
  /** All rows: those that trained, those by which networks were compared, those held out, and those rejected. */
  rows: number;
  trainingRows: number;
  validationRows: number;
  heldOutRows: number;
  rejected: number;
  /** Rounds of the chosen network, the best of them, and updates in each. */
  rounds: number;
  bestRound: number;
  updatesPerRound: number;
  /** Loss of the validation rows at the best. */
  validationLoss: number;
  /** Why it ended: no further improvement, or the time was over. */
  endedBy: "improvement" | "time";
  milliseconds: number;
  details: ChoiceDetails;
  task: Scores["task"];
  /** Scores of the chosen network on rows that had no part in the choice; null where none are held out. */
  heldOut: Scores["metrics"] | null;
  /** Change of the target from row to row, compared with any two rows; near 0, scores of rows held out at random mislead. */
  neighbourChange: number;
};

/** Part of the training rows by which networks are compared and stopped. */
const validationShare = 0.15;
const mostValidationRows = 10_000;
/** Latest training rows from which the ensemble learns: it keeps a thousand of them, and statistics of some thousands. */
const mostObserved = 20_000;
/** Part of the time that choosing may take. */
const choosingShare = 0.5;
/** Answers that a report holds at most. */
const mostAnswers = 500;
/** Updates of each candidate before half of them are left out; twice as many in each further turn. */
const firstUpdates = 600;
/** Rounds without improvement until the learning rate falls to a third; and how often it falls. */
const patience = 15;
const slowDowns = 4;

/**
 * Chooses a network for rows and trains it: linear and with hidden layers of several sizes and rates, compared by
 * successive halving (Jamieson and Talwalkar, 2016) on a part of the training rows, then trained on until that part's
 * loss no longer falls (early stopping, the best weights kept), at a rate that falls meanwhile. The held-out rows are judged once, at the end.
 * The result is an ensemble that has observed the training rows, with the chosen network in the replayed network's place.
 *
 * @param options of the ensemble; its effort must leave it the replayed network
 * @param rows each [fields], in the order of `options.fields`
 * @throws RivuletError as `fit` does; the signal's reason where it was aborted
 *
 * @example
 * import assert from "node:assert/strict";
 * import { chooseNetwork, csvFile } from "rivulet";
 *
 * const data = csvFile("devices/examples/pump.csv");
 * const task = { fields: await data.columns(), target: { column: "label", classes: 3 } };
 * const { ensemble, report } = await chooseNetwork(task, data, { minutes: 0.05 });
 * assert(report.task === "classification" && report.heldOut.accuracy > 0.5);
 * assert(ensemble.samplesSeen > 3000); // learns on from here
 */
export async function chooseNetwork(
  options: EnsembleOptions,
  rows: SampleRows,
  { minutes = 1, onProgress, ...rowOptions }: ChooseOptions = {},
): Promise<{ ensemble: Ensemble; report: ChoiceReport }> {
  if (!(minutes > 0)) {
    throw new RivuletError("argument.bad-value", `minutes must be a number above 0, found ${minutes}`);
  }
  const started = performance.now();
  const scout = createEnsemble(options);
  const split = await splitRows(scout, rows, rowOptions);
  await observeTrainingRows(scout, split);
  const held = await holdExamples(scout, split);
  const search = new Search(held.rows, scout.classes, split, { started, minutes, onProgress });
  const candidate = await search.choose();
  const layers = describeLayers(candidate.options.layers);
  const { calibration, answers, ...judged } = await judge(scout, candidate, split);
  const ensemble = createEnsemble({ ...options, layers });
  await observeTrainingRows(ensemble, split);
  ensemble.adoptNetwork(candidate.bestWeights);
  const { rows: all, trainingRows, usableHeldOutRows, rejected } = split;
  const report: ChoiceReport = {
    chosen: {
      name: candidate.options.name,
      layers,
      learningRate: candidate.options.learningRate,
      batchSize: candidate.network.batchSize,
      parameters: candidate.bestWeights.reduce((sum, { data }) => sum + data.length, 0),
    },
    tried: search.tried(),
    rows: all,
    trainingRows: trainingRows - search.validationRows,
    validationRows: search.validationRows,
    heldOutRows: usableHeldOutRows,
    rejected,
    rounds: candidate.rounds,
    bestRound: candidate.bestRound,
    updatesPerRound: candidate.updatesPerRound,
    validationLoss: candidate.best,
    endedBy: search.endedBy,
    milliseconds: performance.now() - started,
    details: { course: candidate.course, calibration, answers },
    ...judged,
  };
  return { ensemble, report };
}

/** Lets an ensemble learn from the latest training rows, one after the other. */
async function observeTrainingRows(ensemble: Ensemble, split: Split): Promise<void> {
  let left = split.trainingRows;
  await forEachTrainingRow(split, (values, offset) => {
    if (left-- <= mostObserved) ensemble.observe(values, offset);
  });
}

/** The training rows in memory, as the replayed network sees them. */
async function holdExamples(ensemble: Ensemble, split: Split): Promise<{ rows: Rows }> {
  const count = split.trainingRows;
  const inputs = ensemble.columns.length - 1;
  requireHoldable(split, inputs, "give fewer rows");
  const rows: Rows = {
    count,
    inputs: new Float32Array(count * inputs),
    targets: new Float32Array(count),
  };
  let at = 0;
  await forEachTrainingRow(split, (values, offset) => {
    if (at < count) ensemble.writeExample(values, offset, rows.inputs, rows.targets, at++);
  });
  return { rows };
}

interface SearchOptions extends Pick<ChooseOptions, "onProgress"> {
  started: number;
  minutes: number;
}

/** Successive halving, then training of the one that is left, within a time. */
class Search {
  readonly validationRows: number;
  endedBy: ChoiceReport["endedBy"] = "improvement";
  readonly #split: Split;
  readonly #candidates: Candidate[];
  readonly #options: SearchOptions;
  readonly #totalMilliseconds: number;

  constructor(rows: Rows, classes: number, split: Split, options: SearchOptions) {
    const order = rowOrder(rows.count);
    // Of what is ordered in time the last rows are the likest to what comes.
    if (!split.heldOutLast) shuffle(order, createRandom(split.seed));
    const validationRows = Math.min(mostValidationRows, Math.round(rows.count * validationShare));
    if (validationRows < 2 || rows.count - validationRows < 2) {
      throw new RivuletError(
        "data.empty",
        `${split.dataset.name} leaves ${rows.count} training rows, too few to choose a network by; give at least 14, or name a model`,
      );
    }
    const training = order.slice(0, rows.count - validationRows);
    const validation = order.slice(rows.count - validationRows);
    const inputs = rows.inputs.length / rows.count;
    const batchSize = Math.min(128, Math.max(16, 2 ** Math.floor(Math.log2(training.length / 128))));
    const given = { rows, classes, training, validation, batchSize, seed: split.seed };
    this.validationRows = validationRows;
    this.#split = split;
    this.#options = options;
    this.#totalMilliseconds = options.minutes * 60_000;
    this.#candidates = candidatesFor(training.length, inputs).map((each) => new Candidate(each, given));
  }

  get #elapsed(): number {
    return performance.now() - this.#options.started;
  }

  async choose(): Promise<Candidate> {
    let left = this.#candidates;
    const [{ updatesPerRound }] = left;
    let rounds = Math.max(2, Math.ceil(firstUpdates / updatesPerRound));
    const until = choosingShare * this.#totalMilliseconds;
    while (left.length > 1) {
      for (const [index, candidate] of left.entries()) {
        // Where the time is short each has its share of it: the first ones must not use up that of the others.
        const share = this.#elapsed + (until - this.#elapsed) / (left.length - index);
        for (let round = 0; round < rounds && (this.#elapsed < share || candidate.rounds === 0); round++) {
          if (candidate.rounds === 0 && this.#elapsed > until && candidate !== left[0]) break;
          await this.#train(candidate, "choosing", left.length);
        }
      }
      left = [...left].sort((a, b) => a.best - b.best).slice(0, Math.ceil(left.length / 2));
      if (this.#elapsed >= until) left = left.slice(0, 1);
      rounds *= 2;
    }
    await this.#finish(left[0]);
    return left[0];
  }

  /** Trains on at a rate that falls where the loss no longer does, and at the latest when half of the time left is over. */
  async #finish(candidate: Candidate): Promise<void> {
    for (let slowed = 0; slowed <= slowDowns; slowed++) {
      const from = candidate.rounds;
      const until = this.#elapsed + (this.#totalMilliseconds - this.#elapsed) / 2;
      while (candidate.rounds - Math.max(from, candidate.bestRound) < patience) {
        if (this.#elapsed >= until) {
          this.endedBy = "time";
          break;
        }
        await this.#train(candidate, "training", 1);
      }
      candidate.slowDown(1 / 3);
    }
  }

  async #train(candidate: Candidate, phase: ChooseProgress["phase"], candidates: number): Promise<void> {
    this.#split.signal?.throwIfAborted();
    candidate.trainRound();
    this.#options.onProgress?.({
      phase,
      candidates,
      name: candidate.options.name,
      rounds: candidate.rounds,
      loss: Math.min(...this.#candidates.map(({ best }) => best)),
      milliseconds: this.#elapsed,
      totalMilliseconds: this.#totalMilliseconds,
    });
    await eventLoopTurn();
  }

  /** What was tried, best first. */
  tried(): Tried[] {
    return [...this.#candidates]
      .sort((a, b) => a.best - b.best)
      .map(({ options, best, rounds }) => ({
        name: options.name,
        learningRate: options.learningRate,
        loss: best,
        rounds,
      }));
  }
}

/** Scores of a candidate's best weights on the held-out rows. */
async function judge(
  ensemble: Ensemble,
  { network, bestWeights }: Candidate,
  split: Split,
): Promise<Pick<ChoiceReport, "task" | "heldOut" | "neighbourChange"> & Omit<ChoiceDetails, "course">> {
  const { classes } = ensemble;
  const targetAt = ensemble.columns.indexOf(ensemble.describe().target.column);
  const metrics = classes > 0 ? new ClassificationMetrics(classes) : new RegressionMetrics();
  const answer = new Float64Array(Math.max(1, classes));
  const target = new Float32Array(1);
  const [mean, deviation] = ensemble.targetUnit;
  const calibration = new CalibrationError();
  const answers: ChoiceDetails["answers"] = [];
  const every = Math.ceil(split.usableHeldOutRows / mostAnswers);
  const change = new NeighbourChange();
  let seen = 0;
  network.setParameters(bestWeights);
  await forEachRow(split, (values, offset, isHeldOut) => {
    change.observe(values[offset + targetAt]);
    if (!isHeldOut) return;
    ensemble.writeExample(values, offset, network.input, target, 0);
    network.infer(1);
    if (metrics instanceof RegressionMetrics) {
      answer[0] = mean + deviation * network.prediction[0];
      metrics.observe(values, offset + targetAt, answer);
      if (seen++ % every === 0) answers.push([values[offset + targetAt], answer[0]]);
      return;
    }
    let best = 0;
    for (let c = 0; c < classes; c++) {
      answer[c] = network.prediction[c];
      if (answer[c] > answer[best]) best = c;
    }
    metrics.observe(values[offset + targetAt], best, answer);
    calibration.observe(values, offset + targetAt, answer, best);
  });
  const { task, metrics: scores } = scoresOf(metrics);
  const heldOut = split.usableHeldOutRows > 0 ? scores : null;
  return { task, heldOut, neighbourChange: change.ratio, calibration: calibration.bins, answers };
}
