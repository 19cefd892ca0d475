/**
 * The prequential loop: every sample is predicted with what is known so far, scored, and only then learned from
 * (Dawid, 1984; Gama, Sebastiao and Rodrigues, 2013).
 */

import type { Reading } from "../engine/losses/loss.ts";
import { describeModel, type ModelDescription } from "../engine/model/description.ts";
import { createNetwork, type Network } from "../engine/running/network.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Extraction, PlannedFeatures, StreamDescription } from "../features/extraction.ts";
import type { TransformDescription } from "../features/feature-list.ts";
import { createPipeline, type Pipeline } from "../features/pipeline.ts";
import { restoreTogether } from "../features/restore.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { State } from "../state.ts";
import { requireCounts } from "../state-check.ts";
import { observeChecked, predictChecked } from "./checked-sample.ts";
import { mostProbable, readingOf, readProbabilities } from "./class-probabilities.ts";
import { ClassificationMetrics, type ClassificationReport } from "./classification-metrics.ts";
import { Glitches } from "./glitches.ts";
import type { HeldSamples, HeldSizes } from "./held-samples.ts";
import { describedStream, learnerFeatures } from "./learner-features.ts";
import { type LearnerOptions, networkOptions } from "./learner-options.ts";
import { modelFor } from "./model.ts";
import { NetworkHealth } from "./network-health.ts";
import type { OutsideModel } from "./outside-model.ts";
import type { LearnerArena, PrequentialLearner, Refusals, TrainingCounts } from "./prequential-learner.ts";
import { RegressionMetrics, type RegressionReport } from "./regression-metrics.ts";
import { SampleCheck } from "./sample-check.ts";
import { adoptNames, type TargetDescription, TargetScale } from "./target.ts";
import { TrainingBatch } from "./training-batch.ts";

/** Everything that makes a learner what it is, all defaults written out; `createLearner` builds an equal one from it. */
export type LearnerDescription = {
  fields: string[];
  target: TargetDescription;
  features: TransformDescription[];
  /** Only there where features need the past. */
  stream?: StreamDescription;
  model: ModelDescription;
  training: { batchSize: number; seed: number; deterministic: boolean; balance?: boolean };
};

/** All that a learner has come to; `restore` continues from it. */
export type LearnerState = {
  samplesSeen: number;
  refusals: Refusals;
  unanswered: number;
  unlabelled: number;
  network: ReturnType<Network["state"]>;
  features: State;
  /** Only there where features need the past. */
  extraction?: State;
  target: State;
  metrics: State;
  batch: State;
  glitches: State;
  health: State;
  targetGlitches: number;
};

/** The network may lose so much more than a constant answer: nats, or standard deviations of the target. */
const classMargins = { factor: 1, margin: 1 };
const numberMargins = { factor: 2, margin: 1 };
/** Bounds of what one answer may count. */
const leastProbability = 1e-15;
const largestError = 1000;

/** Of a held sample: whether a target was known when it was predicted, whether the network answered, and what. */
const heldDoubles = 3;

/** What is kept of a sample until its label comes: its features, the answer, and how it was given. */
export function networkHeldSizes(inputs: number, classes: number): Required<HeldSizes> {
  const singles = inputs + classes;
  return { singles, doubles: heldDoubles, guest: { singles, doubles: heldDoubles + 2 } };
}

/**
 * A single network that predicts, scores and learns one sample after another. A sample is as many numbers as there are
 * fields, at `offset` of `values`; a target that is not known is NaN. `observe` and `predict` check it. Whoever has
 * checked it calls `predictValidated`, then, where its target is known, `score` and `learn`, in this order.
 */
export class Learner<
  Report extends ClassificationReport | RegressionReport = ClassificationReport | RegressionReport,
> implements PrequentialLearner
{
  readonly network: Network;
  readonly pipeline: Pipeline;
  readonly metrics: ClassificationMetrics | RegressionMetrics;
  /** Classes, or 0 where a number is predicted. */
  readonly classes: number;
  /** The last answer: probabilities of the classes [classes], or the number in the target's units [1]. */
  readonly prediction: Float64Array;
  /** The most probable class of the last answer; 0 where a number is predicted. */
  predictedClass = 0;
  /** Whether a target was known when the last answer was given: without one it is but a guess at the weights' seed. */
  isInformed = false;
  /** Samples predicted and learned from, or waiting for the rest of their batch. */
  samplesSeen = 0;
  readonly refusals: Refusals;
  /**
   * Samples for which the network's answer was no finite number (weights that have diverged, a feature far out of its
   * range); they are scored on what is known without it: the most frequent class, the mean of the targets.
   */
  unanswered = 0;
  /** Samples that came without their target: predicted, and not learned from. */
  unlabelled = 0;

  readonly extraction: Extraction | null;
  readonly columns: readonly string[];
  readonly #rows: PlannedFeatures;
  readonly #stream: StreamDescription | undefined;
  readonly #fields: string[];
  readonly #target: TargetDescription;
  readonly #seed: number;
  /** Samples of one update. */
  readonly #batchSize: number;
  readonly #deterministic: boolean;
  readonly #isBalanced: boolean;
  /** Where a row that is learned from has its target. */
  readonly targetAt: number;
  readonly #check: SampleCheck;
  /** The columns of a sample that are features. */
  readonly #featureAt: Uint32Array;
  /** The features of the sample at hand, as they came. */
  readonly #row: Float64Array;
  readonly #scale: TargetScale;
  /** How the network's predictions stand for classes; null where it predicts a number. */
  readonly #reading: Reading | null;
  /** Whether the last answer was the network's. */
  #isAnswered = true;
  readonly #batch: TrainingBatch;
  /** Whether the network is worth its answers beside a constant one; it goes back to what it was where not. */
  readonly health: NetworkHealth;
  /** [2]: loss of the network and of the constant on a sample. */
  readonly #losses = new Float64Array(2);
  readonly heldSizes: HeldSizes;
  readonly #blankMetrics: State;
  /** Numbers that cannot be true, of each field. */
  readonly glitches: Glitches;
  /** Samples whose target cannot be true: predicted, and not learned from. */
  #targetGlitches = 0;

  get counts(): TrainingCounts {
    const { updates, skipped, loss } = this.network;
    return { updates, skipped, loss };
  }

  get recoveries(): number {
    return this.health.recoveries;
  }

  get isHealthy(): boolean {
    return this.health.isHealthy;
  }

  get hasOverflowed(): boolean {
    return this.health.hasOverflowed;
  }

  healOverflow(): void {
    this.health.healOverflow();
  }

  get memory(): LearnerArena {
    const { plan, kernels } = this.network;
    return { bytes: plan.totalBytes, kernels };
  }

  constructor(options: LearnerOptions) {
    const training = options.training ?? {};
    const { batchSize = 1, seed = 1, deterministic = false } = training;
    const target: TargetDescription =
      "classes" in options.target ? { ...options.target } : { standardize: true, ...options.target };
    this.#fields = [...options.fields];
    const rows = learnerFeatures({ ...options, target, budgetBytes: options.memory?.budgetBytes });
    const { columns } = rows;
    this.#rows = rows;
    this.#stream = options.stream;
    this.columns = columns;
    this.extraction = rows.create?.() ?? null;
    this.#target = target;
    this.#seed = seed;
    this.#batchSize = batchSize;
    this.#deterministic = deterministic;
    this.#isBalanced = training.balance ?? false;
    this.targetAt = columns.indexOf(target.column);
    this.#featureAt = Uint32Array.from(columns.keys()).filter((column) => column !== this.targetAt);
    if (this.#featureAt.length === 0) {
      throw new RivuletError(
        "argument.bad-value",
        `a sample has only the target "${target.column}"; name at least one other column`,
      );
    }
    this.#row = new Float64Array(this.#featureAt.length);
    this.pipeline = createPipeline(rows.transforms, this.#row.length);
    const model = modelFor(target, options.model ?? {}, this.pipeline.outputs);
    this.network = createNetwork(model, {
      ...networkOptions(model, training, options.memory),
      seed,
      deterministic,
    });
    this.classes = "classes" in target ? target.classes : 0;
    this.#check = new SampleCheck(columns.length, this.targetAt, this.classes);
    this.refusals = this.#check.refusals;
    this.metrics = this.classes > 0 ? new ClassificationMetrics(this.classes) : new RegressionMetrics();
    this.#blankMetrics = structuredClone(this.metrics.state());
    this.prediction = new Float64Array(Math.max(1, this.classes));
    this.#reading = readingOf(model.loss);
    this.#scale = new TargetScale(target);
    this.#batch = new TrainingBatch(this.network, batchSize);
    this.health = new NetworkHealth(this.network, {
      ...(this.classes > 0 ? classMargins : numberMargins),
      ...{ seed, batchSize },
    });
    this.heldSizes = networkHeldSizes(this.network.inputs, this.classes);
    const features = columns.filter((_, column) => column !== this.targetAt);
    this.glitches = new Glitches([
      { statistic: this.pipeline.statistic, fields: features },
      ...(this.classes > 0 ? [] : [{ statistic: this.#scale.statistic, fields: [target.column] }]),
    ]);
  }

  /**
   * Predicts the sample, scores the prediction, then learns; without its target, which is NaN then, the sample is but
   * predicted, and counted in `unlabelled`. Returns false where the sample was refused: it is counted in `refusals` and
   * nothing else changed. Allocates nothing.
   */
  observe(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    return observeChecked(this, this.#check, values, offset, times, timeAt);
  }

  /**
   * Predicts the sample into `prediction` and `predictedClass`; its target is not looked at, and nothing is learned.
   * Returns false, with nothing predicted, where a feature is not finite. Allocates nothing.
   */
  predict(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    return predictChecked(this, this.#check, values, offset, times, timeAt);
  }

  /** Predicts a sample whose features are known to be finite in float32. Allocates nothing. */
  predictValidated(values: Float64Array, offset: number): void {
    const { network } = this;
    this.#readFeatures(values, offset);
    this.pipeline.transform(this.#row, 0, network.input, 0);
    network.infer(1);
    this.isInformed = this.samplesSeen > 0 || network.updates > 0;
    this.#isAnswered = this.classes > 0 ? this.#readClass() : this.#readNumber();
  }

  /**
   * Scores the prediction of this sample, the last one predicted. One that was given before any target was known is not
   * scored, as it says nothing of what was learned, nor one whose target cannot be true. Allocates nothing.
   */
  score(values: Float64Array, offset: number): void {
    this.#scoreTarget(values, offset + this.targetAt);
  }

  #scoreTarget(values: Float64Array, targetAt: number): void {
    const { metrics } = this;
    if (this.classes === 0 && this.#scale.statistic.isGlitch(values, targetAt, 0)) return;
    if (!this.#isAnswered) this.unanswered++;
    if (metrics instanceof ClassificationMetrics) {
      if (this.isInformed) metrics.observe(values[targetAt], this.predictedClass, this.prediction);
      else metrics.learnTarget(values[targetAt]);
    } else {
      if (this.isInformed) metrics.observe(values, targetAt, this.prediction);
      else metrics.learnTarget(values, targetAt);
    }
  }

  learnValidated(values: Float64Array, offset: number): boolean {
    this.#judge(values, offset + this.targetAt);
    this.score(values, offset);
    return this.learn(values, offset);
  }

  /** Statistics over windows of the stream follow each sample, whether its target is known or not. */
  passUnlabelled(): void {
    this.#learnFeatures();
    this.unlabelled++;
  }

  /** Compares the network with the constant, whose answer is known before the target is: frequencies, or the mean. */
  #judge(targets: Float64Array, targetAt: number): void {
    if (!this.isInformed) return;
    const losses = this.#losses;
    const { metrics, prediction } = this;
    if (metrics instanceof ClassificationMetrics) {
      const label = targets[targetAt];
      losses[0] = Math.max(prediction[label], leastProbability);
      metrics.writeFrequency(label, losses, 1);
      takeLogarithm(losses, 0);
      takeLogarithm(losses, 1);
      losses[0] = -losses[0];
      losses[1] = -losses[1];
    } else {
      const { statistic } = this.#scale;
      if (statistic.isGlitch(targets, targetAt, 0)) return;
      const deviation = Math.sqrt(statistic.variances[0]);
      if (!(deviation > 0)) return;
      losses[0] = Math.min(Math.abs(prediction[0] - targets[targetAt]) / deviation, largestError);
      losses[1] = Math.min(Math.abs(statistic.means[0] - targets[targetAt]) / deviation, largestError);
    }
    this.health.observe(losses, this.#isAnswered);
  }

  hold(held: HeldSamples, slot: number): void {
    const { singles, doubles, sizes } = held;
    const { prediction, classes } = this;
    const at = slot * sizes.doubles;
    doubles[at] = this.isInformed ? 1 : 0;
    doubles[at + 1] = this.#isAnswered ? 1 : 0;
    doubles[at + 2] = classes > 0 ? this.predictedClass : prediction[0];
    const singlesAt = slot * sizes.singles;
    for (let c = 0; c < classes; c++) singles[singlesAt + c] = prediction[c];
    this.pipeline.transform(this.#row, 0, singles, singlesAt + classes);
  }

  learnHeld(held: HeldSamples, slot: number, targets: Float64Array, targetAt: number): void {
    const { metrics } = this;
    const before = held.targets[slot];
    this.#recall(held, slot);
    if (Number.isNaN(before)) {
      this.#judge(targets, targetAt);
      this.#scoreTarget(targets, targetAt);
      if (!this.#learnTarget(targets, targetAt)) return;
      this.samplesSeen++;
      this.unlabelled--;
    } else if (this.isInformed) {
      if (metrics instanceof ClassificationMetrics) {
        metrics.correct(targets[targetAt], before, this.predictedClass, this.prediction);
      } else {
        metrics.correct(targets, targetAt, held.targets, slot, this.prediction);
      }
    }
    held.targets[slot] = targets[targetAt];
    this.#writeHeld(held, slot, targets, targetAt);
    if (this.#batch.add()) this.health.followUpdate();
  }

  /** The last answer is that which was given for a held sample. */
  #recall({ singles, doubles, sizes }: HeldSamples, slot: number): void {
    const at = slot * sizes.doubles;
    this.isInformed = doubles[at] === 1;
    this.#isAnswered = doubles[at + 1] === 1;
    for (let c = 0; c < this.classes; c++) this.prediction[c] = singles[slot * sizes.singles + c];
    if (this.classes > 0) this.predictedClass = doubles[at + 2];
    else this.prediction[0] = doubles[at + 2];
  }

  #writeHeld({ singles, sizes }: HeldSamples, slot: number, values: Float64Array, targetAt: number): void {
    const { inputs, targets, rows } = this.#batch;
    const width = this.network.inputs;
    const from = slot * sizes.singles + this.classes;
    for (let i = 0; i < width; i++) inputs[rows * width + i] = singles[from + i];
    if (this.classes > 0) targets[rows] = values[targetAt];
    else this.#scale.scale(values, targetAt, targets, rows);
  }

  /**
   * Learns from this sample, the last one predicted: at once, or when its batch is whole. Returns false, with nothing
   * learned, where its target cannot be true. Allocates nothing.
   */
  learn(values: Float64Array, offset: number): boolean {
    const batch = this.#batch;
    const targetAt = offset + this.targetAt;
    if (!this.#learnStatistics(values, targetAt)) return false;
    // Only now, so that the network is trained on it as statistics that know it have it.
    this.#writeRow(values, targetAt, batch.inputs, batch.targets, batch.rows);
    if (batch.add()) this.health.followUpdate();
    this.samplesSeen++;
    return true;
  }

  /** Whether the features of a sample are finite in float32. Allocates nothing. */
  hasFiniteFeatures(values: Float64Array, offset: number): boolean {
    return this.#check.hasFiniteFeatures(values, offset);
  }

  /** Whether the sample may be learned from; where not, it is counted in `refusals`. Allocates nothing. */
  accepts(values: Float64Array, offset: number): boolean {
    return this.#check.accepts(values, offset);
  }

  /** Whether the sample came with its target, be that one to learn from or not. */
  isLabelled(values: Float64Array, offset: number): boolean {
    return this.#check.isLabelled(values, offset);
  }

  /** Whether a sample of finite numbers has a target to learn from; where not, it is counted in `refusals`. */
  acceptsTarget(values: Float64Array, offset: number): boolean {
    return this.#check.acceptsTarget(values, offset);
  }

  /**
   * Learns the sample into the running statistics of features and target, and nothing else: for training over files,
   * where they are known before the first step. Allocates nothing.
   */
  learnStatistics(values: Float64Array, offset: number): void {
    this.#readFeatures(values, offset);
    this.#learnStatistics(values, offset + this.targetAt);
  }

  /**
   * Writes the sample as the network is trained on it: features to row `at` of `inputs` [rows, network.inputs], the
   * target to row `at` of `targets` [rows]. Allocates nothing.
   */
  writeExample(
    values: Float64Array,
    offset: number,
    inputs: Float32Array,
    targets: Float32Array,
    at: number,
  ): void {
    this.#readFeatures(values, offset);
    this.#writeRow(values, offset + this.targetAt, inputs, targets, at);
  }

  #readFeatures(values: Float64Array, offset: number): void {
    const row = this.#row;
    for (let i = 0; i < row.length; i++) row[i] = values[offset + this.#featureAt[i]];
  }

  /** Returns false where the target cannot be true. */
  #learnStatistics(values: Float64Array, targetAt: number): boolean {
    this.#learnFeatures();
    return this.#learnTarget(values, targetAt);
  }

  #learnFeatures(): void {
    this.pipeline.learn(this.#row, 0);
    this.glitches.observe(0, this.#row, 0, this.#samples + 1);
  }

  /** Takes the target into its statistics; returns false where it cannot be true. */
  #learnTarget(targets: Float64Array, targetAt: number): boolean {
    if (this.classes > 0) return true;
    const isLearned = this.#scale.learn(targets, targetAt);
    this.glitches.observe(1, targets, targetAt, this.#samples + 1);
    if (!isLearned) this.#targetGlitches++;
    // The scores so far were those of answers from, or to, a target that could not be true.
    else if (this.#scale.statistic.isBegunByGlitch(0)) this.metrics.restore(this.#blankMetrics);
    return isLearned;
  }

  /** Samples that came before this one, the refused ones included. */
  get #samples(): number {
    const { notFinite, badLabel } = this.refusals;
    return this.samplesSeen + this.unlabelled + this.#targetGlitches + notFinite + badLabel;
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

  /** Reads the network's answer as a number; returns false where it is not finite, and answers with the mean. */
  #readNumber(): boolean {
    const answer = this.prediction;
    answer[0] = this.network.prediction[0];
    if (Number.isFinite(answer[0])) {
      this.#scale.restoreUnits(answer);
      return true;
    }
    answer[0] = (this.metrics as RegressionMetrics).targetMean;
    return false;
  }

  /** Reads the network's answer as a class; returns false where it is not finite, and answers with the most frequent. */
  #readClass(): boolean {
    const probabilities = this.prediction;
    if (readProbabilities(this.network, this.#reading as Reading, probabilities)) {
      this.predictedClass = this.#isBalanced
        ? (this.metrics as ClassificationMetrics).standingOut(probabilities)
        : mostProbable(probabilities);
      return true;
    }
    probabilities.fill(1 / this.classes);
    this.predictedClass = (this.metrics as ClassificationMetrics).mostFrequent;
    return false;
  }

  /** Scores of all predictions so far. */
  report(): Report {
    return this.metrics.report() as Report;
  }

  adoptClassNames(names: readonly string[]): void {
    adoptNames(this.#target, names);
  }

  describe(): LearnerDescription {
    return {
      fields: [...this.#fields],
      target: structuredClone(this.#target),
      features: this.#rows.create === null ? [...this.pipeline.description] : [...this.#rows.description],
      ...describedStream(this.#rows, this.#stream),
      model: describeModel(this.network.model),
      training: {
        batchSize: this.#batchSize,
        seed: this.#seed,
        deterministic: this.#deterministic,
        ...(this.#isBalanced ? { balance: true } : {}),
      },
    };
  }

  /**
   * All running state: a learner of the same description continues from it bit for bit. With `reuse`, the copies of
   * the weights are in memory that the next such call overwrites.
   */
  state({ reuse = false } = {}): LearnerState {
    return {
      samplesSeen: this.samplesSeen,
      refusals: { ...this.refusals },
      unanswered: this.unanswered,
      unlabelled: this.unlabelled,
      network: this.network.state({ reuse }),
      features: this.pipeline.state(),
      ...(this.extraction === null ? {} : { extraction: this.extraction.state() }),
      target: this.#scale.state(),
      metrics: this.metrics.state(),
      batch: this.#batch.state(),
      glitches: this.glitches.state(),
      health: this.health.state(),
      targetGlitches: this.#targetGlitches,
    };
  }

  /** The network with the statistics by which it knows its columns, for other devices: ready for the next sample. */
  outgoing(): OutsideModel {
    const { snapshot: _, ...network } = this.network.state();
    return {
      // Samples that wait for the rest of their batch stay here.
      network: { ...network, accumulated: 0, accumulating: 0, poisoned: false, gradients: [] },
      features: this.pipeline.state(),
      target: this.#scale.state(),
    };
  }

  /** The features that need the past, as a list of one or none. */
  get #past(): Extraction[] {
    return this.extraction === null ? [] : [this.extraction];
  }

  /** @throws RivuletError, with nothing changed, where the state is of a learner of another description */
  restore(given: State): void {
    const { samplesSeen, refusals, unanswered, unlabelled, ...parts } = checkedCounts(given);
    // Version 0.1.0 knew no number that cannot be true.
    const { glitches, health, targetGlitches = 0 } = parts;
    requireCounts({ targetGlitches }, "learner");
    // What has overflowed could not be put back where a part refuses.
    this.healOverflow();
    restoreTogether(
      [
        this.network,
        this.pipeline,
        this.#scale,
        this.metrics,
        this.#batch,
        ...(glitches === undefined ? [] : [this.glitches]),
        ...(health === undefined ? [] : [this.health]),
        ...this.#past,
      ],
      [
        parts.network as unknown as State,
        parts.features,
        parts.target,
        parts.metrics,
        parts.batch,
        ...(glitches === undefined ? [] : [glitches]),
        ...(health === undefined ? [] : [health]),
        ...this.#past.map(() => parts.extraction as State),
      ],
    );
    this.#targetGlitches = targetGlitches;
    this.samplesSeen = samplesSeen;
    this.refusals.notFinite = refusals.notFinite;
    this.refusals.badLabel = refusals.badLabel;
    this.unanswered = unanswered;
    this.unlabelled = unlabelled;
  }
}

/** Checks what is the learner's own in a state; its parts check theirs. */
function checkedCounts(given: State): LearnerState {
  // Version 0.1.0 refused samples without a target.
  const {
    samplesSeen,
    refusals,
    unanswered,
    unlabelled = 0,
  } = (given ?? {}) as unknown as Partial<LearnerState>;
  const { notFinite, badLabel } = (refusals ?? {}) as Partial<Refusals>;
  requireCounts({ samplesSeen, notFinite, badLabel, unanswered, unlabelled }, "learner");
  // It called the samples that wait for a step `gathered`.
  const { gathered, batch = gathered } = given as { gathered: State; batch?: State };
  return { ...(given as unknown as LearnerState), unlabelled, batch };
}

/**
 * Builds a learner that is one network: pipeline, network and scores for a target among the columns of a sample.
 * @throws RivuletError where a part of the description is wrong or does not fit another
 */
export function createNetworkLearner(options: LearnerOptions): Learner {
  return new Learner(options);
}
