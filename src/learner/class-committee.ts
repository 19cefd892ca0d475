/** Six experts for classes, joined by fixed share and by stacking, and these with the label frequencies. */

import { takeExponential } from "../engine/model/exponential.ts";
import { createRandom, type Random } from "../engine/model/random.ts";
import { type Arena, bytesOf, float32, float64, lastingSpace, type Space } from "../engine/running/arena.ts";
import { restoreTogether } from "../features/restore.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { State } from "../state.ts";
import { whole } from "../state-check.ts";
import { FixedShare } from "./aggregation/fixed-share.ts";
import { ClassMix } from "./class-mix.ts";
import {
  type Committee,
  type CommitteeOptions,
  isWithout,
  keptAtAlarm,
  type SharingPart,
} from "./committee.ts";
import { DriftAlarm } from "./drift-alarm.ts";
import { isAskedAt, replayAt } from "./effort.ts";
import type { Expert } from "./expert.ts";
import { LabelTransitions } from "./experts/label-transitions.ts";
import { LinearExpert } from "./experts/linear.ts";
import { NaiveBayes } from "./experts/naive-bayes.ts";
import { Neighbours } from "./experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "./experts/network.ts";
import type { HeldSizes } from "./held-samples.ts";
import { LastLabel } from "./last-label.ts";
import { type Member, Panel } from "./panel.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Part of each expert's probability that is dealt out evenly: no answer is ever quite excluded. */
const evenPart = 0.0005;
/** A probability counts as at least this to the drift alarm, so that its errors are bounded. */
const smallestForDrift = 0.02;
/** An expert may lose so much more than a constant answer, in nats. */
const healthMargin = 1;
/** What each class has before any label, for the constant answer. */
const prior = 0.5;
/**
 * The constant answer beside what the experts say together: its weight at the start, and what is redistributed between the
 * two. Where the features say nothing, no expert is as good, and where a class is rare what the rules redistribute alone
 * costs 5 % of the log loss. So little, as it counts in every row: a hundredth more would cost an easy stream 2 %.
 */
const caution = { weight: 0.2, share: 3e-5 };
/**
 * A row that was predicted before any label was known says nothing of the two, as both guessed. But with its label the
 * experts learn: each leaves the constant this part of its weight, down to the least. So rows that are predicted before the first
 * judgement, where labels come in blocks or after a long delay, are left to experts that know as many labels.
 */
const unjudged = { kept: 0.97, least: 0.01 };

/** Names of the experts, in order. */
export const classExperts = [
  "network",
  "replayed-network",
  "neighbours",
  "naive-bayes",
  "label-transitions",
  "linear",
];

const namesFor = ({ without, effort, own }: CommitteeOptions) => {
  const used = classExperts.filter((name) => !isWithout(name, without) && isAskedAt(name, effort));
  return [...used, ...own.map(({ name }) => name)];
};

const blocksFor = ({ features, classes }: CommitteeOptions, experts: number) => ({
  row: float32(2 * features + classes),
  answers: float64(experts, classes),
  answer: float64(classes),
  joined: float64(2, classes),
  labels: float64(classes),
  transitions: float64(classes),
  others: float64(classes),
  losses: float64(experts + 1),
  error: float64(1),
});

const networkOptions = ({ features, classes, seed }: CommitteeOptions) => ({
  inputs: 2 * features + classes,
  classes,
  seed,
});

const replayedOptions = ({ features, classes, seed, effort, network, balancesReplay }: CommitteeOptions) => ({
  balance: balancesReplay,
  model: network ?? undefined,
  inputs: features,
  classes,
  seed: seed + 0x51ed27,
  ...replayAt[effort],
});

const cautionOptions = ({ classes }: CommitteeOptions) => ({
  experts: 2,
  classes,
  share: caution.share,
  start: [1 - caution.weight, caution.weight],
});

const usesReplay = (names: readonly string[]) =>
  names.includes("replayed-network") || names.includes("neighbours");

/** What is kept of a row until its label comes: the row, the answers, the constant of then, and which one it is. */
export function classHeldSizes(options: CommitteeOptions): HeldSizes {
  const { features, classes } = options;
  return {
    singles: 2 * features + classes + namesFor(options).length * classes + classes,
    doubles: LastLabel.heldDoubles,
  };
}

/** What each part takes in an arena. */
export function planClassCommittee(options: CommitteeOptions): SharingPart[] {
  const { features, classes } = options;
  const names = namesFor(options);
  const experts = names.length;
  const spaces: Record<string, () => Space> = {
    network: () => NetworkExpert.space(networkOptions(options)),
    "replayed-network": () => ReplayedNetwork.space(replayedOptions(options)),
    neighbours: () => Neighbours.space({ classes }, { inputs: features }),
    "naive-bayes": () => NaiveBayes.space({ inputs: features, classes }),
    "label-transitions": () => LabelTransitions.space({ classes }),
    linear: () => LinearExpert.space({ inputs: features + classes, classes }),
  };
  const mix = ClassMix.space({ experts, classes });
  const placed = classExperts.filter(
    (name) => names.includes(name) || (name === "replayed-network" && usesReplay(names)),
  );
  return [
    { name: "rows", ...lastingSpace(bytesOf(blocksFor(options, experts))) },
    ...placed.map((name) => ({ name, ...spaces[name]() })),
    { name: "aggregation", ...mix, bytes: mix.bytes + FixedShare.bytes(cautionOptions(options)) },
  ];
}

/** The experts of `names`, in order, each with what it sees; and the network that learns from replayed rows. */
function membersFor(
  options: CommitteeOptions,
  names: readonly string[],
  inputs: { features: Float32Array; withLabel: Float32Array; row: Float32Array; lastLabel: Float32Array },
  random: Random,
  arena: Arena,
) {
  const { classes } = options;
  const { features, withLabel, row, lastLabel } = inputs;
  const members: Member[] = [];
  const add = (name: string, sees: Float32Array, make: () => Expert) => {
    if (names.includes(name)) members.push({ name, inputs: sees, expert: make() });
  };
  add("network", row, () => new NetworkExpert(networkOptions(options), arena));
  const replayed = usesReplay(names) ? new ReplayedNetwork(replayedOptions(options), random, arena) : null;
  if (replayed) {
    const { ring, metric } = replayed;
    add("replayed-network", features, () => replayed);
    add("neighbours", features, () => new Neighbours({ classes }, ring, metric, arena));
  }
  add("naive-bayes", features, () => new NaiveBayes({ inputs: features.length, classes }, arena));
  add("label-transitions", lastLabel, () => new LabelTransitions({ classes }, arena));
  add("linear", withLabel, () => new LinearExpert({ inputs: withLabel.length, classes }, arena));
  for (const { name, expert } of options.own) add(name, features, () => expert);
  return { members, replayed };
}

/**
 * Answers with the probabilities of classes. A row is [standardized features, last label one-hot, recent deviations]:
 * the network sees all of it, the linear expert all but the deviations, label transitions the last label, the others the features.
 */
export class ClassCommittee implements Committee {
  readonly features: Float32Array;
  readonly deviations: Float32Array;
  readonly answer: Float64Array;
  readonly answers: Float64Array;
  readonly constant: Float64Array;
  readonly losses: Float64Array;
  readonly constantName = "label-frequencies";
  readonly drift = new DriftAlarm();
  /** The replayed network, where there is one; it also learns where it is left out of the mix. */
  readonly replayed: ReplayedNetwork | null;
  readonly heldSizes: HeldSizes;
  readonly #arena: Arena;
  readonly #classes: number;
  readonly panel: Panel;
  readonly #replayedAt: number;
  readonly #neighboursAt: number;
  readonly #transitionsAt: number;
  readonly #random: Random;
  readonly #mix: ClassMix;
  /** Joins what the experts say together with the constant. */
  readonly #caution: FixedShare;
  /** [2, classes]: both. */
  readonly #joined: Float64Array;
  readonly #last: LastLabel;
  /** The features, the last label and the recent deviations. */
  readonly #row: Float32Array;
  /** The part of the row that is the last label. */
  readonly #lastLabel: Float32Array;
  /** [classes]: what label transitions answer, and what the other experts do on average. */
  readonly #transitions: Float64Array;
  readonly #others: Float64Array;
  /** [classes]: rows of each label. */
  readonly #labels: Float64Array;
  readonly #error: Float64Array;

  constructor(options: CommitteeOptions, arena: Arena) {
    const { features, classes, seed, effort } = options;
    const names = namesFor(options);
    const experts = names.length;
    const placed = arena.place(blocksFor(options, experts));
    const { row } = placed;
    this.#arena = arena;
    this.#classes = classes;
    this.#row = row;
    this.#last = new LastLabel({ classes });
    this.#transitions = placed.transitions;
    this.#others = placed.others;
    this.heldSizes = classHeldSizes(options);
    this.features = row.subarray(0, features);
    this.#lastLabel = row.subarray(features, features + classes);
    this.deviations = row.subarray(features + classes);
    this.answer = placed.answer.fill(1 / classes);
    this.answers = placed.answers;
    this.#joined = placed.joined;
    this.constant = placed.joined.subarray(classes);
    this.#labels = placed.labels;
    this.losses = placed.losses;
    this.#error = placed.error;
    this.#random = createRandom(seed);
    const withLabel = row.subarray(0, features + classes);
    const inputs = { features: this.features, withLabel, row, lastLabel: this.#last.oneHot };
    const { members, replayed } = membersFor(options, names, inputs, this.#random, arena);
    this.replayed = replayed;
    this.panel = new Panel({ members, effort, replayed: [replayed], factor: 1, margin: healthMargin });
    this.#replayedAt = names.indexOf("replayed-network");
    this.#neighboursAt = names.indexOf("neighbours");
    this.#transitionsAt = names.indexOf("label-transitions");
    const { asleep } = this.panel;
    this.#mix = new ClassMix({ experts, classes, asleep }, arena);
    this.#caution = new FixedShare(cautionOptions(options), arena);
  }

  get targetStatistic(): null {
    return null;
  }

  get hasTarget(): boolean {
    return this.#learned > 0;
  }

  /** Labels learned so far. */
  get #learned(): number {
    let learned = 0;
    for (let c = 0; c < this.#classes; c++) learned += this.#labels[c];
    return learned;
  }

  writeWeights(weights: Float64Array): void {
    const { share, stacking, rules } = this.#mix;
    weights.fill(0);
    this.panel.addShares(weights, share.weights, rules.weights, 0);
    this.panel.addShares(weights, stacking.weights, rules.weights, 1);
    this.panel.addConstant(weights, this.#caution.weights);
  }

  predict(row: number): void {
    this.#last.ask(row, this.#learned);
    // As an input an old last label would mislead: it is for label transitions alone, whose worth is known.
    const { oneHot, isFresh } = this.#last;
    for (let c = 0; c < oneHot.length; c++) this.#lastLabel[c] = isFresh ? oneHot[c] : 0;
    this.#wakeTransitions();
    const { members, asleep } = this.panel;
    for (let k = 0; k < members.length; k++) {
      const { expert, inputs } = members[k];
      if (asleep[k] === 0) expert.predict(inputs, this.answers, k * this.#classes);
      if (!this.#makeUsable(k)) this.panel.heal(k);
    }
    const { constant } = this;
    const total = this.#learned + prior * this.#classes;
    for (let c = 0; c < constant.length; c++) constant[c] = (this.#labels[c] + prior) / total;
    this.#join();
  }

  /** Joins the answers of the experts, and these with the constant. */
  #join(): void {
    this.#mix.mix(this.answers, this.#joined);
    this.#caution.mix(this.#joined, this.answer, 0);
  }

  /** Label transitions have nothing to say where the last label does not count. */
  #wakeTransitions(): void {
    if (this.#transitionsAt >= 0) this.panel.asleep[this.#transitionsAt] = this.#last.isOpen ? 0 : 1;
  }

  /** Keeps an expert's answer away from 0; without one all classes are even. Returns false where it is no number. */
  #makeUsable(expert: number): boolean {
    const classes = this.#classes;
    const { answers } = this;
    const start = expert * classes;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += answers[start + c];
    const isNumber = Number.isFinite(sum);
    const isUsable = isNumber && this.panel.asleep[expert] === 0;
    for (let c = 0; c < classes; c++) {
      const probability = isUsable ? answers[start + c] : 1 / classes;
      answers[start + c] = (1 - evenPart) * probability + evenPart / classes;
    }
    return isNumber;
  }

  /** Whether an expert is asked and is not label transitions. */
  #isOther(expert: number): boolean {
    return expert !== this.#transitionsAt && this.panel.asked[expert] === 1;
  }

  /** Writes the geometric mean of the answers of all experts but label transitions to `#others`. */
  #averageOthers(): void {
    const classes = this.#classes;
    const others = this.#others;
    const experts = this.panel.members.length;
    const cell = this.#error;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      let logarithms = 0;
      let count = 0;
      for (let k = 0; k < experts; k++) {
        if (!this.#isOther(k)) continue;
        cell[0] = this.answers[k * classes + c];
        takeLogarithm(cell, 0);
        logarithms += cell[0];
        count++;
      }
      others[c] = logarithms / Math.max(1, count);
      takeExponential(others, c);
      sum += others[c];
    }
    for (let c = 0; c < classes; c++) others[c] /= sum;
  }

  /** Learns what an old last label would have been worth. */
  #judgeLastLabel(label: number): void {
    if (this.#transitionsAt < 0 || !this.#last.isToBeJudged) return;
    this.#averageOthers();
    this.panel.members[this.#transitionsAt].expert.predict(this.#last.oneHot, this.#transitions, 0);
    this.#last.judge(label, this.#others, this.#transitions, this.#labels);
  }

  hold(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const { answers, constant } = this;
    const constantAt = singlesAt + row.length + answers.length;
    for (let i = 0; i < row.length; i++) singles[singlesAt + i] = row[i];
    for (let i = 0; i < answers.length; i++) singles[singlesAt + row.length + i] = answers[i];
    for (let c = 0; c < constant.length; c++) singles[constantAt + c] = constant[c];
    this.#last.hold(doubles, doublesAt);
  }

  /**
   * The rules join the answers of then, that of the constant among them, by what they know now: they learn what the answers
   * were worth, so late. A constant of the labels known by now would know more than any expert did.
   */
  recall(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const { answers, constant } = this;
    const constantAt = singlesAt + row.length + answers.length;
    for (let i = 0; i < row.length; i++) row[i] = singles[singlesAt + i];
    for (let i = 0; i < answers.length; i++) answers[i] = singles[singlesAt + row.length + i];
    for (let c = 0; c < constant.length; c++) constant[c] = singles[constantAt + c];
    this.#last.recall(doubles, doublesAt);
    this.#wakeTransitions();
    this.#join();
  }

  learn(targets: Float64Array, targetAt: number): boolean {
    this.#learnRow(targets, targetAt);
    if (this.panel.effort !== "low") this.replayed?.learn(this.features, targets, targetAt);
    this.#labels[targets[targetAt]]++;
    return true;
  }

  correct(targets: Float64Array, targetAt: number, before: number): boolean {
    this.#labels[before]--;
    this.#learnRow(targets, targetAt);
    if (this.panel.effort !== "low") this.replayed?.correct(this.features, targets, targetAt);
    this.#labels[targets[targetAt]]++;
    return true;
  }

  /** All of it but the replayed network. */
  #learnRow(targets: Float64Array, targetAt: number): void {
    const label = targets[targetAt];
    this.#judgeLastLabel(label);
    this.#watchDrift(label);
    this.#mix.learn(this.answers, label);
    if (this.#last.isKnown) this.#caution.learn(this.#joined, label);
    else this.#trustExperts();
    this.#judge(label);
    const { members, inTurn, asked } = this.panel;
    for (let k = 0; k < members.length; k++) {
      if (inTurn[k] === 0 && asked[k] === 1) members[k].expert.learn(members[k].inputs, targets, targetAt);
    }
    this.#last.learn(label);
  }

  /** The constant loses weight without having been judged. */
  #trustExperts(): void {
    const { weights } = this.#caution;
    weights[1] = Math.min(weights[1], Math.max(unjudged.least, unjudged.kept * weights[1]));
    weights[0] = 1 - weights[1];
  }

  #watchDrift(label: number): void {
    if (this.#replayedAt < 0 || this.panel.effort === "low") return;
    const classes = this.#classes;
    let probability = this.answers[this.#replayedAt * classes + label];
    if (this.#neighboursAt >= 0) {
      probability = 0.5 * (probability + this.answers[this.#neighboursAt * classes + label]);
    }
    const error = this.#error;
    error[0] = Math.max(probability, smallestForDrift);
    takeLogarithm(error, 0);
    error[0] = -error[0];
    if (this.drift.observe(error)) this.panel.keepNewest(keptAtAlarm);
  }

  /** Judges the experts by their log losses beside that of the label frequencies when the row was predicted. */
  #judge(label: number): void {
    const classes = this.#classes;
    const experts = this.panel.members.length;
    const losses = this.losses;
    for (let k = 0; k < experts; k++) losses[k] = this.answers[k * classes + label];
    losses[experts] = this.constant[label];
    this.#arena.kernels.learning.logarithms(losses.byteOffset, losses.byteOffset, losses.length);
    for (let k = 0; k <= experts; k++) losses[k] = -losses[k];
    this.panel.judge(losses);
  }

  #parts() {
    return [
      ...this.panel.parts(),
      this.#last,
      this.drift,
      this.panel.health,
      ...this.#mix.parts,
      this.#caution,
    ];
  }

  state(): State {
    return {
      parts: this.#parts().map((part) => part.state()),
      draws: this.#random.state(),
      labels: this.#labels,
    };
  }

  restore(given: State): void {
    const state = (given ?? {}) as { [name: string]: State };
    restoreTogether(this.#parts(), state["parts"] as State[]);
    this.#random.restore(state["draws"] as number[]);
    restoreArrays({ labels: this.#labels }, state, "classes", { labels: whole });
  }
}
