/**
 * The prequential loop: every sample is predicted with what is known so far, scored, and only then learned from
 * (Dawid, 1984; Gama, Sebastiao and Rodrigues, 2013).
 */

import { lossKindOf } from "../engine/losses/index.ts";
import type { Reading } from "../engine/losses/loss.ts";
import { describeModel, type ModelDescription } from "../engine/model/description.ts";
import type { Loss, Model } from "../engine/model/model.ts";
import { createNetwork, type Network, type NetworkOptions } from "../engine/running/network.ts";
import type { Threads } from "../engine/running/shard-workers.ts";
import { RivuletError } from "../errors/errors.ts";
import { createPipeline, type Pipeline, type TransformDescription } from "../features/pipeline.ts";
import { restoreTogether } from "../features/restore.ts";
import { largestFloat32 } from "../float32.ts";
import type { State, Stateful } from "../state.ts";
import { ClassificationMetrics, type ClassificationReport } from "./classification-metrics.ts";
import { type ModelParts, modelFor } from "./model.ts";
import { RegressionMetrics, type RegressionReport } from "./regression-metrics.ts";
import { requireTarget, type TargetDescription, TargetScale } from "./target.ts";

export interface LearnerOptions {
  /** Names of the columns of a sample, in order; all but the target are features. */
  fields: readonly string[];
  /** `standardize` is true where it is left out. */
  target: { column: string; classes: number } | { column: string; standardize?: boolean };
  /** Transforms, in order. Default `["standardize"]`. */
  features?: unknown;
  model?: ModelParts;
  training?: { batchSize?: number; seed?: number; deterministic?: boolean };
  memory?: LearnerMemory;
  parallel?: LearnerThreads;
}

/** Which threads train, for batches that are worth it. */
export interface LearnerThreads {
  /** Parts of a batch; default 4 where there are workers, else 1. */
  shards?: number;
  workers?: Threads;
}

/** How little memory the network is to take. None of it changes what is learned. */
export interface LearnerMemory {
  /** Refuse a network that is planned larger than this. */
  budgetBytes?: number;
  /** Compute activations a second time instead of keeping them. Default false. */
  recompute?: boolean;
  /** Samples that the network works on at a time; a larger batch is gathered from several. Default the batch size. */
  batch?: number;
  /** Keep gradients even where a batch needs no gathering, for updates over more rows than a batch. Default false. */
  gather?: boolean;
}

/** The network's options that follow from those of a learner. */
export function networkOptions(
  model: Model,
  batchSize: number,
  { budgetBytes, recompute = false, batch = batchSize, gather = false }: LearnerMemory = {},
  parallel: LearnerThreads = {},
): NetworkOptions {
  const planned = Math.min(batch, batchSize);
  return {
    batchSize: planned,
    gather: gather || planned < batchSize || model.clip?.type === "norm",
    recompute,
    budgetBytes,
    ...parallel,
  };
}

/** Everything that makes a learner what it is, all defaults written out; `createLearner` builds an equal one from it. */
export type LearnerDescription = {
  fields: string[];
  target: TargetDescription;
  features: TransformDescription[];
  model: ModelDescription;
  training: { batchSize: number; seed: number; deterministic: boolean };
};

/** Samples that were not learned from, by reason. Nothing else of them is kept. */
export type Refusals = {
  /** A feature or target that is no finite number in float32, in which the network counts. */
  notFinite: number;
  /** A class that is no whole number from 0 to classes - 1. */
  badLabel: number;
};

export class Learner implements Stateful {
  readonly network: Network;
  readonly pipeline: Pipeline;
  readonly metrics: ClassificationMetrics | RegressionMetrics;
  /** Classes, or 0 where a number is predicted. */
  readonly classes: number;
  /** The last answer: probabilities of the classes [classes], or the number in the target's units [1]. */
  readonly prediction: Float64Array;
  /** The most probable class of the last answer; 0 where a number is predicted. */
  predictedClass = 0;
  /** Samples predicted, scored and taken in for training. */
  samplesSeen = 0;
  readonly refusals: Refusals = { notFinite: 0, badLabel: 0 };
  /**
   * Samples for which the network's answer was no finite number (weights that have run away, a feature far out of
   * its range); they are scored on what is known without it: the most frequent class, the mean of the targets.
   */
  unanswered = 0;

  readonly #fields: string[];
  readonly #target: TargetDescription;
  readonly #seed: number;
  /** Samples of one update. */
  readonly #batchSize: number;
  readonly #deterministic: boolean;
  readonly #targetAt: number;
  /** The columns of a sample that are features. */
  readonly #featureAt: Uint32Array;
  /** The features of the sample at hand, as they came. */
  readonly #row: Float64Array;
  readonly #scale: TargetScale;
  readonly #reading: Reading | null;
  readonly #classification: ClassificationMetrics | null;
  readonly #regression: RegressionMetrics | null;
  /** Samples waiting until there are enough for a step: they must not lie in the input that predicts. */
  readonly #gatheredInputs: Float32Array;
  readonly #gatheredTargets: Float32Array;
  #gathered = 0;

  constructor(options: LearnerOptions) {
    const { batchSize = 1, seed = 1, deterministic = false } = options.training ?? {};
    const target: TargetDescription =
      "classes" in options.target ? { ...options.target } : { standardize: true, ...options.target };
    requireTarget(target, options.fields);
    this.#fields = [...options.fields];
    this.#target = target;
    this.#seed = seed;
    this.#deterministic = deterministic;
    this.#targetAt = options.fields.indexOf(target.column);
    this.#featureAt = Uint32Array.from(options.fields.keys()).filter((column) => column !== this.#targetAt);
    if (this.#featureAt.length === 0) {
      throw new RivuletError(
        "argument.bad-value",
        `a sample has only the target "${target.column}"; name at least one other column`,
      );
    }
    this.#row = new Float64Array(this.#featureAt.length);
    this.pipeline = createPipeline(options.features ?? ["standardize"], this.#row.length);
    const model = modelFor(target, options.model ?? {}, this.pipeline.outputs);
    this.#batchSize = batchSize;
    this.network = createNetwork(model, {
      ...networkOptions(model, batchSize, options.memory, options.parallel),
      seed,
      deterministic,
    });
    this.#reading = readingOf(model.loss);
    this.classes = "classes" in target ? target.classes : 0;
    this.#classification = this.classes > 0 ? new ClassificationMetrics(this.classes) : null;
    this.#regression = this.classes > 0 ? null : new RegressionMetrics();
    this.metrics = (this.#classification ?? this.#regression) as ClassificationMetrics | RegressionMetrics;
    this.prediction = new Float64Array(Math.max(1, this.classes));
    this.#scale = new TargetScale("standardize" in target && target.standardize);
    this.#gatheredInputs = new Float32Array(this.network.batchSize * this.network.inputs);
    this.#gatheredTargets = new Float32Array(this.network.batchSize);
  }

  /**
   * Predicts the sample at `offset` of `values` (as many numbers as there are fields), scores the prediction, then
   * learns. Gives false where the sample was refused: it is counted in `refusals` and nothing else changed.
   * Allocates nothing.
   */
  observe(values: Float64Array, offset: number): boolean {
    if (!this.accepts(values, offset)) return false;
    const targetAt = offset + this.#targetAt;
    this.#readFeatures(values, offset);
    if (!this.#predictRow()) this.unanswered++;
    if (this.#classification) {
      this.#classification.observe(values[targetAt], this.predictedClass, this.prediction);
    } else {
      (this.#regression as RegressionMetrics).observe(values, targetAt, this.prediction);
    }
    this.#learnRow(values, targetAt);
    // To those that wait, as the statistics see it that know it by now.
    this.#writeRow(values, targetAt, this.#gatheredInputs, this.#gatheredTargets, this.#gathered);
    this.#stepWhenEnough();
    this.samplesSeen++;
    return true;
  }

  /**
   * Predicts the sample at `offset` of `values` into `prediction` and `predictedClass`; the target's column is not
   * looked at, and nothing is learned. Gives false, with nothing predicted, where a feature is not finite. Allocates
   * nothing.
   */
  predict(values: Float64Array, offset: number): boolean {
    for (let i = 0; i < this.#featureAt.length; i++) {
      if (!(Math.abs(values[offset + this.#featureAt[i]]) <= largestFloat32)) return false;
    }
    this.#readFeatures(values, offset);
    this.#predictRow();
    return true;
  }

  /**
   * Takes the sample into the running statistics of features and target, and into nothing else: for training over
   * files, where they are known before the first step. Allocates nothing.
   */
  learnStatistics(values: Float64Array, offset: number): void {
    this.#readFeatures(values, offset);
    this.#learnRow(values, offset + this.#targetAt);
  }

  /**
   * Writes the sample at `offset` of `values` as the network is to see it: features to row `at` of `inputs`
   * [rows, network.inputs], the target to row `at` of `targets` [rows]. Allocates nothing.
   */
  writeExample(
    values: Float64Array,
    offset: number,
    inputs: Float32Array,
    targets: Float32Array,
    at: number,
  ): void {
    this.#readFeatures(values, offset);
    this.#writeRow(values, offset + this.#targetAt, inputs, targets, at);
  }

  /** Whether the sample may be learned from; where not, it is counted in `refusals`. */
  accepts(values: Float64Array, offset: number): boolean {
    for (let i = 0; i < this.#fields.length; i++) {
      if (!(Math.abs(values[offset + i]) <= largestFloat32)) {
        this.refusals.notFinite++;
        return false;
      }
    }
    if (this.classes > 0) {
      const label = values[offset + this.#targetAt];
      if (!(label >= 0 && label < this.classes && Number.isInteger(label))) {
        this.refusals.badLabel++;
        return false;
      }
    }
    return true;
  }

  #readFeatures(values: Float64Array, offset: number): void {
    const row = this.#row;
    for (let i = 0; i < row.length; i++) row[i] = values[offset + this.#featureAt[i]];
  }

  #learnRow(values: Float64Array, targetAt: number): void {
    this.pipeline.learn(this.#row, 0);
    this.#scale.learn(values, targetAt);
  }

  #writeRow(
    values: Float64Array,
    targetAt: number,
    inputs: Float32Array,
    targets: Float32Array,
    at: number,
  ): void {
    this.pipeline.transform(this.#row, 0, inputs, at * this.network.inputs);
    if (this.classes > 0) targets[at] = values[targetAt];
    else this.#scale.scale(values, targetAt, targets, at);
  }

  /** Gives false where the network had no finite answer, and answers without it. */
  #predictRow(): boolean {
    this.pipeline.transform(this.#row, 0, this.network.input, 0);
    this.network.infer(1);
    return this.classes > 0 ? this.#readClass() : this.#readNumber();
  }

  #readNumber(): boolean {
    const answer = this.prediction;
    answer[0] = this.network.prediction[0];
    if (Number.isFinite(answer[0])) {
      this.#scale.restoreUnits(answer);
      return true;
    }
    answer[0] = (this.#regression as RegressionMetrics).targetMean;
    return false;
  }

  #readClass(): boolean {
    const answer = this.network.prediction;
    const probabilities = this.prediction;
    const classes = this.classes;
    switch (this.#reading) {
      case "probabilities":
        for (let c = 0; c < classes; c++) probabilities[c] = answer[c];
        break;
      case "log-probabilities":
        for (let c = 0; c < classes; c++) probabilities[c] = Math.exp(answer[c]);
        break;
      case "logit":
        // Not from the probability: 1 minus a float32 near 1 would leave no digits.
        probabilities[0] = 1 / (1 + Math.exp(this.network.output[0]));
        probabilities[1] = 1 / (1 + Math.exp(-this.network.output[0]));
        break;
      case "probability":
        probabilities[0] = 1 - answer[0];
        probabilities[1] = answer[0];
        break;
    }
    let best = 0;
    let sum = probabilities[0];
    for (let c = 1; c < classes; c++) {
      sum += probabilities[c];
      if (probabilities[c] > probabilities[best]) best = c;
    }
    this.predictedClass = best;
    if (Number.isFinite(sum)) return true;
    probabilities.fill(1 / classes);
    this.predictedClass = (this.#classification as ClassificationMetrics).mostFrequent;
    return false;
  }

  /**
   * Counts one more sample that waits, and takes a step once enough do. The last part of a batch may be smaller than what
   * the network takes at a time.
   */
  #stepWhenEnough(): void {
    const network = this.network;
    this.#gathered++;
    const rows = Math.min(network.batchSize, this.#batchSize - network.gathered);
    if (this.#gathered < rows) return;
    this.#gathered = 0;
    network.input.set(this.#gatheredInputs);
    network.target.set(this.#gatheredTargets);
    network.step(rows, this.#batchSize);
  }

  /** Plain scores of all predictions so far. */
  report(): ClassificationReport | RegressionReport {
    return this.metrics.report();
  }

  describe(): LearnerDescription {
    return {
      fields: [...this.#fields],
      target: { ...this.#target },
      features: [...this.pipeline.description],
      model: describeModel(this.network.model),
      training: {
        batchSize: this.#batchSize,
        seed: this.#seed,
        deterministic: this.#deterministic,
      },
    };
  }

  /**
   * All running state: a learner of the same description continues from it bit for bit. With `reuse`, the copies of
   * the weights are in memory that the next such call writes anew.
   */
  state({ reuse = false } = {}): LearnerState {
    return {
      samplesSeen: this.samplesSeen,
      refusals: { ...this.refusals },
      unanswered: this.unanswered,
      network: this.network.state({ reuse }),
      features: this.pipeline.state(),
      target: this.#scale.state(),
      metrics: this.metrics.state(),
      gathered: {
        rows: this.#gathered,
        inputs: this.#gatheredInputs.subarray(0, this.#gathered * this.network.inputs),
        targets: this.#gatheredTargets.subarray(0, this.#gathered),
      },
    };
  }

  /** @throws RivuletError, with nothing changed, where the state is of a learner of another description */
  restore(given: State): void {
    const state = this.#requireState(given);
    restoreTogether(
      [this.network, this.pipeline, this.#scale, this.metrics],
      [state.network as unknown as State, state.features, state.target, state.metrics],
    );
    this.samplesSeen = state.samplesSeen;
    this.refusals.notFinite = state.refusals.notFinite;
    this.refusals.badLabel = state.refusals.badLabel;
    this.unanswered = state.unanswered;
    this.#gathered = 0;
    // One by one: they may have waited for a step of more samples than this network takes at a time.
    const { rows, inputs, targets } = state.gathered;
    const width = this.network.inputs;
    for (let row = 0; row < rows; row++) {
      this.#gatheredInputs.set(inputs.subarray(row * width, (row + 1) * width), this.#gathered * width);
      this.#gatheredTargets[this.#gathered] = targets[row];
      this.#stepWhenEnough();
    }
  }

  /** Checks what is the learner's own in a state; its parts check theirs. */
  #requireState(given: State): LearnerState {
    const { samplesSeen, refusals, unanswered, gathered } = (given ?? {}) as unknown as Partial<LearnerState>;
    const counts = [samplesSeen, refusals?.notFinite, refusals?.badLabel, unanswered, gathered?.rows];
    if (!counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) {
      throw new RivuletError(
        "state.mismatch",
        "the stored learner must hold the counts samplesSeen, refusals, unanswered and gathered.rows",
      );
    }
    const { rows, inputs, targets } = gathered as LearnerState["gathered"];
    const width = this.network.inputs;
    const batchSize = this.#batchSize;
    const whole = rows < batchSize && inputs?.length === rows * width && targets?.length === rows;
    if (!whole || !(inputs instanceof Float32Array && targets instanceof Float32Array)) {
      throw new RivuletError(
        "state.mismatch",
        `the stored learner holds ${rows} gathered samples but this one takes fewer than ${batchSize}, of ${width} inputs and a target each`,
      );
    }
    return given as unknown as LearnerState;
  }
}

export type LearnerState = {
  samplesSeen: number;
  refusals: Refusals;
  unanswered: number;
  network: ReturnType<Network["state"]>;
  features: State;
  target: State;
  metrics: State;
  gathered: { rows: number; inputs: Float32Array; targets: Float32Array };
};

/** How the network's predictions stand for classes; null where it predicts a number. */
function readingOf(loss: Loss): Reading | null {
  const kind = lossKindOf(loss);
  return kind.target === "numbers" ? null : kind.reading(loss);
}

/**
 * Builds a learner: pipeline, network and scores for a target among the columns of a sample.
 * @throws RivuletError where a part of the description is wrong or does not fit another
 */
export function createLearner(options: LearnerOptions): Learner {
  return new Learner(options);
}
