/** A network that came from outside and learns on beside the experts of an ensemble. */
import { adam, type Model } from "../engine/model/model.ts";
import {
  type Arena,
  bytesOf,
  float32,
  float64,
  lastingSpace,
  type Space,
  spaceOfAll,
} from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import type { Pipeline } from "../features/pipeline.ts";
import { restoreBlock, restoreTogether } from "../features/restore.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { TakenIn } from "../model-status.ts";
import type { State, Stateful } from "../state.ts";
import { finite, parts, positive, whole, wholeWithin } from "../state-check.ts";
import {
  placeStatistic,
  placeTentativeStatistic,
  statisticBytes,
  tentativeStatisticBytes,
} from "./arena-statistic.ts";
import { ClassMix } from "./class-mix.ts";
import { type CommitteeOptions, featureBound } from "./committee.ts";
import { ExpertHealth } from "./expert-health.ts";
import {
  NetworkExpert,
  type NetworkExpertOptions,
  networkExpertModel,
  replayedLayers,
} from "./experts/network.ts";
import { NumberMix } from "./number-mix.ts";
import type { OutsideModel, PublishedFeatures } from "./outside-model.ts";
import { restoreArrays } from "./restore-arrays.ts";
import { UsualError } from "./usual-error.ts";

/** What it is called among the experts, and in a plan. */
export const guestName = "guest";

/** Smallest weight of a new number in its statistics: they come from another device, and follow this one. */
const statisticFloor = 0.0005;
/** A number is answered within this many standard deviations of the mean. */
const targetBound = 8;
/** Part of its probability that is shared evenly among the classes, as with the experts. */
const evenPart = 0.0005;
/** What each class has before any label, for the constant answer. */
const prior = 0.5;
/** Its loss may exceed that of a constant answer by this much: in nats, or twice it and a standard deviation. */
const classMargins = { factor: 1, margin: 1 };
const numberMargins = { factor: 2, margin: 1 };

/** Places in the block of counts and sums. */
const at = {
  /** 1 while it answers. */
  isAwake: 0,
  /** 1 where it was put to sleep because it was not healthy. */
  isSick: 1,
  /** Which model from outside it is, counted from 1. */
  serial: 2,
  /** Rows that it learned, and sums of losses over them: its own, of the answer with it, of that without. */
  rows: 3,
  own: 4,
  joined: 5,
  others: 6,
} as const;
const blockLength = 7;
const sane = parts(finite, [
  [at.isAwake, wholeWithin(0, 1)],
  [at.isSick, wholeWithin(0, 1)],
  [at.serial, whole],
  [at.rows, whole],
]);

/** Layers of the replayed network it was published from; its optimizer starts over. */
const networkOptions = ({ features, classes, network, seed }: CommitteeOptions): NetworkExpertOptions => ({
  inputs: features,
  classes,
  layers: replayedLayers(classes),
  model: network ?? undefined,
  optimizer: adam({ learningRate: 0.001 }),
  seed,
});

/** The network of a guest in an ensemble with these options. */
export const guestModel = (options: CommitteeOptions): Model => networkExpertModel(networkOptions(options));

const outputsOf = ({ classes }: Pick<CommitteeOptions, "classes">) => Math.max(1, classes);

const blocksFor = (options: CommitteeOptions) => {
  const outputs = outputsOf(options);
  return {
    features: float32(options.features),
    values: float64(options.features),
    transformed: float32(options.features),
    answers: float64(2, outputs),
    joined: float64(outputs),
    answer: float64(outputs),
    labels: float64(outputs),
    losses: float64(4),
    unit: float64(2),
    truth: float64(1),
    error: float64(1),
  };
};

/** Numbers of a held row before the answer: which guest gave it, mean and deviation of the target then. */
const heldBefore = 3;

/** What is kept of a row until its label comes. */
export const guestHeldSizes = (options: Pick<CommitteeOptions, "features" | "classes">) => ({
  singles: options.features,
  doubles: heldBefore + outputsOf(options),
});

/** How a guest did. */
export interface GuestReport {
  isAwake: boolean;
  /** Put to sleep because it was not healthy. */
  isSick: boolean;
  /** Rows that it learned. */
  rows: number;
  /** How much it counts in the answer, of 1. */
  weight: number;
  /** Mean loss of its own answers. */
  loss: number;
  /** Mean loss of the answers with it, less that of the answers without: below 0 it helps. */
  difference: number;
  restarts: number;
  recoveries: number;
}

/**
 * A slot for a network that another device trained. It knows the columns by statistics of its own, those of the device it
 * comes from, and learns on, one update with each row. What it says is joined with what the ensemble's own experts say
 * together, by the rules that join these: so nothing that the device has learned itself depends on it, and while the slot
 * is empty all is as without it. One that is not healthy goes back to its last healthy state, and sleeps where there is none.
 */
export class Guest implements Stateful {
  /** [classes], or [1] in the target's units: the answer of the experts and the guest together. */
  readonly answer: Float64Array;
  readonly #classes: number;
  readonly #outputs: number;
  readonly #seed: number;
  readonly #expert: NetworkExpert;
  readonly #pipeline: Pipeline | null;
  readonly #statistic: ColumnStatistic;
  /** Of a target that is a number. */
  readonly #target: ColumnStatistic | null;
  readonly #classMix: ClassMix | null;
  readonly #numberMix: NumberMix | null;
  readonly #usual = new UsualError();
  readonly #health: ExpertHealth;
  readonly #block = new Float64Array(blockLength);
  /** [features]: the row as the network sees it. */
  readonly #features: Float32Array;
  readonly #values: Float64Array;
  readonly #transformed: Float32Array;
  /** [2, outputs]: what the experts say together, and what the guest says; numbers in deviations. */
  readonly #answers: Float64Array;
  readonly #joined: Float64Array;
  /** [classes]: rows of each label. */
  readonly #labels: Float64Array;
  /** [4]: of the guest, of a constant answer, with the guest, without it. */
  readonly #losses: Float64Array;
  /** [2]: mean and deviation of the target when the row was answered; 0 and 1 for classes. */
  readonly #unit: Float64Array;
  readonly #truth: Float64Array;
  readonly #error: Float64Array;
  /** Whether it took part in the answer that was given, or recalled, last. */
  #isAsked = false;

  static space(options: CommitteeOptions): Space {
    const { features, classes } = options;
    const mix =
      classes > 0 ? ClassMix.space({ experts: 2, classes }) : lastingSpace(NumberMix.bytes({ experts: 2 }));
    const statistics = statisticBytes(features) + (classes > 0 ? 0 : statisticBytes(1));
    const own = lastingSpace(bytesOf(blocksFor(options)) + statistics);
    return spaceOfAll([own, NetworkExpert.space(networkOptions(options)), mix]);
  }

  /** What the scratch keeps of a row that has been seen. */
  static tentativeBytes = ({ features }: CommitteeOptions): number => tentativeStatisticBytes(features);

  /** @param pipeline transforms ahead of it, for it alone; null where there are none */
  constructor(options: CommitteeOptions, pipeline: Pipeline | null, arena: Arena) {
    const { features, classes, seed } = options;
    const placed = arena.place(blocksFor(options));
    this.#classes = classes;
    this.#outputs = outputsOf(options);
    this.#seed = seed;
    this.#pipeline = pipeline;
    this.#features = placed.features;
    this.#values = placed.values;
    this.#transformed = placed.transformed;
    this.#answers = placed.answers;
    this.#joined = placed.joined;
    this.answer = placed.answer;
    this.#labels = placed.labels;
    this.#losses = placed.losses;
    this.#unit = placed.unit;
    this.#unit[1] = 1;
    this.#truth = placed.truth;
    this.#error = placed.error;
    this.#statistic = placeTentativeStatistic({ columns: features, floor: statisticFloor }, arena);
    this.#target = classes > 0 ? null : placeStatistic({ columns: 1, floor: statisticFloor }, arena);
    this.#expert = new NetworkExpert(networkOptions(options), arena);
    this.#classMix = classes > 0 ? new ClassMix({ experts: 2, classes }, arena) : null;
    this.#numberMix = classes > 0 ? null : new NumberMix({ experts: 2 }, arena);
    this.#health = new ExpertHealth({ experts: 1, ...(classes > 0 ? classMargins : numberMargins) });
  }

  get isAwake(): boolean {
    return this.#block[at.isAwake] === 1;
  }

  /** Times that it went back to its last healthy state. */
  get recoveries(): number {
    return this.#health.healed;
  }

  /**
   * Takes in a model, in the place of the one before. It begins with the weight of one more expert.
   * @param experts how many the ensemble has
   * @throws RivuletError, with nothing changed, where the model is of another shape
   */
  enter({ network, features, target }: OutsideModel, experts: number): void {
    // What has overflowed could not be put back where the model is refused.
    this.healOverflow();
    const before = structuredClone(this.state());
    const { pipeline, statistic } = (features ?? {}) as unknown as PublishedFeatures;
    try {
      this.#statistic.restore(statistic);
      this.#pipeline?.restore(pipeline);
      this.#target?.restore(target);
      const own = this.#expert.network;
      own.initialize(this.#seed);
      own.restore({ ...own.state(), ...network, snapshot: [] } as unknown as State);
    } catch (error) {
      this.restore(before);
      throw error;
    }
    const serial = this.#block[at.serial] + 1;
    this.#block.fill(0);
    this.#block[at.isAwake] = 1;
    this.#block[at.serial] = serial;
    this.#labels.fill(0);
    this.#isAsked = false;
    this.#usual.forget();
    this.#health.restart();
    this.#enterMix(1 / (experts + 1));
  }

  /** Rules without a prior begin with the experts alone. */
  #enterMix(weight: number): void {
    if (this.#classMix) {
      const { share, stacking, rules } = this.#classMix;
      for (const rule of [share, stacking, rules]) rule.restart();
      share.weights[0] = 1 - weight;
      share.weights[1] = weight;
      stacking.weights[0] = 1;
      stacking.weights[1] = 0;
      return;
    }
    const { lasting, fading } = this.#numberMix as NumberMix;
    this.#numberMix?.restart();
    for (const { weights } of [lasting, fading]) {
      weights[0] = 1 - weight;
      weights[1] = weight;
    }
  }

  /** Keeps the statistics of the features as they are, so that `recall` takes back what was seen since. */
  remember(): void {
    if (this.isAwake) this.#statistic.remember();
  }

  recall(): void {
    if (this.isAwake) this.#statistic.recall();
  }

  /** Sees the features of a row as they came, `raw` [features], and adds them to its statistics. Allocates nothing. */
  see(raw: Float64Array): void {
    if (!this.isAwake) return;
    let row = raw;
    if (this.#pipeline) {
      row = this.#values;
      this.#pipeline.transform(raw, 0, this.#transformed, 0);
      for (let i = 0; i < row.length; i++) row[i] = this.#transformed[i];
    }
    this.#statistic.learn(row, 0);
    this.#statistic.standardize(row, 0, this.#features, 0, featureBound);
  }

  /** The transforms ahead follow the row that was seen last. */
  follow(raw: Float64Array): void {
    if (this.isAwake) this.#pipeline?.learn(raw, 0);
  }

  /**
   * Answers for the row that was seen last, and joins that with what the experts say together, `others`, into `answer`.
   * Returns false where it is asleep. Allocates nothing.
   */
  join(others: Float64Array): boolean {
    this.#isAsked = false;
    if (!this.isAwake) return false;
    const outputs = this.#outputs;
    if (this.#target) {
      const variance = this.#target.variances[0];
      this.#unit[0] = this.#target.means[0];
      this.#unit[1] = variance > 0 ? Math.sqrt(variance) : 1;
    }
    this.#expert.predict(this.#features, this.#answers, outputs);
    if (!this.#makeUsable()) {
      this.#heal();
      return false;
    }
    this.#isAsked = true;
    this.#mix(others);
    return true;
  }

  /** Keeps its answer within bounds; returns false where it is no number. */
  #makeUsable(): boolean {
    const answers = this.#answers;
    if (this.#target) {
      if (!Number.isFinite(answers[1])) return false;
      answers[1] = Math.min(Math.max(answers[1], -targetBound), targetBound);
      return true;
    }
    const classes = this.#classes;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += answers[classes + c];
    if (!Number.isFinite(sum)) return false;
    for (let c = 0; c < classes; c++) {
      answers[classes + c] = (1 - evenPart) * answers[classes + c] + evenPart / classes;
    }
    return true;
  }

  #mix(others: Float64Array): void {
    const { answer } = this;
    const answers = this.#answers;
    if (this.#classMix) {
      for (let c = 0; c < answer.length; c++) answers[c] = others[c];
      this.#classMix.mix(answers, answer);
      return;
    }
    answers[0] = (others[0] - this.#unit[0]) / this.#unit[1];
    this.#numberMix?.mix(answers, this.#joined);
    answer[0] = this.#unit[0] + this.#unit[1] * this.#joined[0];
  }

  /**
   * Learns that the row that was answered or recalled last has the target `targets[targetAt]`.
   * @param before another target with which it was learned before; NaN: none
   */
  learn(targets: Float64Array, targetAt: number, before = Number.NaN): void {
    if (!this.#isAsked) return;
    if (this.#target) this.#learnNumber(this.#target, targets, targetAt);
    else this.#learnClass(targets, targetAt, before);
  }

  #learnClass(targets: Float64Array, targetAt: number, before: number): void {
    const classes = this.#classes;
    const label = targets[targetAt];
    const labels = this.#labels;
    const losses = this.#losses;
    if (!Number.isNaN(before) && labels[before] > 0) labels[before]--;
    let learned = 0;
    for (let c = 0; c < classes; c++) learned += labels[c];
    losses[0] = this.#answers[classes + label];
    losses[1] = (labels[label] + prior) / (learned + prior * classes);
    losses[2] = this.answer[label];
    losses[3] = this.#answers[label];
    for (let i = 0; i < losses.length; i++) {
      takeLogarithm(losses, i);
      losses[i] = -losses[i];
    }
    this.#count();
    this.#classMix?.learn(this.#answers, label);
    labels[label]++;
    this.#judge();
    this.#expert.learn(this.#features, targets, targetAt);
  }

  #learnNumber(statistic: ColumnStatistic, targets: Float64Array, targetAt: number): void {
    const losses = this.#losses;
    const truth = this.#truth;
    const unit = this.#unit;
    statistic.learn(targets, targetAt);
    if (!statistic.isUsed(0)) return;
    truth[0] = (targets[targetAt] - unit[0]) / unit[1];
    losses[0] = Math.abs(this.#answers[1] - truth[0]);
    losses[1] = Math.abs(truth[0]);
    losses[2] = Math.abs(this.#joined[0] - truth[0]);
    losses[3] = Math.abs(this.#answers[0] - truth[0]);
    this.#count();
    this.#numberMix?.learn(this.#answers, truth, this.#usual.scale);
    this.#judge();
    this.#error[0] = losses[2];
    this.#usual.learn(this.#error);
    const variance = statistic.variances[0];
    truth[0] = (targets[targetAt] - statistic.means[0]) / (variance > 0 ? Math.sqrt(variance) : 1);
    truth[0] = Math.min(Math.max(truth[0], -targetBound), targetBound);
    this.#expert.learn(this.#features, truth, 0);
  }

  /** Adds up losses, in nats or in the target's units. */
  #count(): void {
    const block = this.#block;
    const losses = this.#losses;
    const unit = this.#unit[1];
    block[at.rows]++;
    block[at.own] += unit * losses[0];
    block[at.joined] += unit * losses[2];
    block[at.others] += unit * losses[3];
  }

  #judge(): void {
    if (this.#health.observe(this.#losses) >= 0) this.#heal();
    else if (this.#health.looksNow(0)) this.healOverflow();
    if (this.isAwake && this.#health.keepsNow(0)) this.#health.keep(0, this.#expert);
  }

  /** Whether a number of it has overflowed, so that its state cannot be restored. Not for every row. */
  get hasOverflowed(): boolean {
    return this.isAwake && this.#expert.hasOverflowed();
  }

  /** Heals it at once where a number has overflowed. */
  healOverflow(): void {
    if (this.hasOverflowed) this.#heal();
  }

  /** Goes back to a healthy copy, or sleeps: with new weights it would no longer be the model from outside. */
  #heal(): void {
    if (this.#health.hasCopy(0)) {
      this.#health.heal(0, this.#expert);
      return;
    }
    this.#isAsked = false;
    this.#block[at.isAwake] = 0;
    this.#block[at.isSick] = 1;
  }

  /** Keeps the row that was answered last for a label that comes later. Allocates nothing. */
  hold(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const features = this.#features;
    doubles[doublesAt] = this.#isAsked ? this.#block[at.serial] : 0;
    doubles[doublesAt + 1] = this.#unit[0];
    doubles[doublesAt + 2] = this.#unit[1];
    for (let i = 0; i < features.length; i++) singles[singlesAt + i] = features[i];
    for (let i = 0; i < this.#outputs; i++) {
      doubles[doublesAt + heldBefore + i] = this.#answers[this.#outputs + i];
    }
  }

  /** Makes a held row the one that `learn` is about, unless it was not this guest that answered. Allocates nothing. */
  recallHeld(
    singles: Float32Array,
    singlesAt: number,
    doubles: Float64Array,
    doublesAt: number,
    others: Float64Array,
  ): void {
    const features = this.#features;
    this.#isAsked = this.isAwake && doubles[doublesAt] === this.#block[at.serial];
    if (!this.#isAsked) return;
    this.#unit[0] = doubles[doublesAt + 1];
    this.#unit[1] = doubles[doublesAt + 2];
    for (let i = 0; i < features.length; i++) features[i] = singles[singlesAt + i];
    for (let i = 0; i < this.#outputs; i++) {
      this.#answers[this.#outputs + i] = doubles[doublesAt + heldBefore + i];
    }
    this.#mix(others);
  }

  /** See `ModelHost`. */
  get phase(): number {
    if (this.#block[at.serial] === 0) return 0;
    return this.isAwake ? 2 : 3;
  }

  /** What became of it; null where there was none. */
  get takenIn(): TakenIn | null {
    if (this.phase === 0) return null;
    const { rows: samples, difference } = this.report();
    if (this.isAwake) return { state: "in use", samples, difference };
    return { state: "went back", reason: "it was far worse than a constant answer", samples, difference };
  }

  report(): GuestReport {
    const block = this.#block;
    const rows = Math.max(1, block[at.rows]);
    return {
      isAwake: this.isAwake,
      isSick: block[at.isSick] === 1,
      rows: block[at.rows],
      weight: this.isAwake ? this.#weight() : 0,
      loss: block[at.own] / rows,
      difference: (block[at.joined] - block[at.others]) / rows,
      restarts: this.#health.restarts[0],
      recoveries: this.#health.recoveries[0],
    };
  }

  #weight(): number {
    const shareOf = ([others, own]: Float64Array) => Math.abs(own) / (Math.abs(others) + Math.abs(own));
    const { rules } = (this.#classMix ?? this.#numberMix) as ClassMix | NumberMix;
    const [first, second] = this.#classMix
      ? [this.#classMix.share, this.#classMix.stacking]
      : [(this.#numberMix as NumberMix).lasting, (this.#numberMix as NumberMix).fading];
    return rules.weights[0] * shareOf(first.weights) + rules.weights[1] * shareOf(second.weights);
  }

  #parts(): Stateful[] {
    return [
      this.#statistic,
      this.#expert,
      this.#health,
      ...((this.#classMix ?? this.#numberMix) as ClassMix | NumberMix).parts,
      ...(this.#target ? [this.#target] : []),
      ...(this.#pipeline ? [this.#pipeline] : []),
    ];
  }

  #arrays() {
    return { labels: this.#labels, ...this.#usual.arrays() };
  }

  /** Of a guest that is asleep only that it is; null where there was none. */
  state(): State {
    if (this.#block[at.serial] === 0) return null;
    if (!this.isAwake) return { block: this.#block };
    return { block: this.#block, parts: this.#parts().map((part) => part.state()), ...this.#arrays() };
  }

  /** @throws RivuletError where the state is of another guest, or none that it can have */
  restore(given: State): void {
    this.#isAsked = false;
    if (given === null) {
      this.#block.fill(0);
      return;
    }
    const state = (given ?? {}) as { [key: string]: State };
    const block = new Float64Array(blockLength);
    restoreBlock(block, state["block"], "guest", sane);
    if (block[at.isAwake] === 1) {
      restoreTogether(this.#parts(), state["parts"]);
      restoreArrays(this.#arrays(), state, "guest", { labels: whole, scale: positive, errors: whole });
    }
    this.#block.set(block);
  }
}

/** Whether the state of an ensemble holds a guest that answers. */
export function hasGuest(state: unknown): boolean {
  const { guest } = (state ?? {}) as { guest?: { block?: unknown } | null };
  const block = guest?.block;
  return block instanceof Float64Array && block[at.isAwake] === 1;
}
