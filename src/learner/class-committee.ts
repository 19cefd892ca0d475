/** Six experts for classes, joined by fixed share and by stacking. */
import { takeExponential } from "../engine/model/exponential.ts";
import { takeLogarithm } from "../engine/model/logarithm.ts";
import { createRandom, type Random } from "../engine/model/random.ts";
import { type Arena, bytesOf, float32, float64 } from "../engine/running/arena.ts";
import type { Network } from "../engine/running/network.ts";
import { restoreTogether } from "../features/restore.ts";
import type { State } from "../state.ts";
import { FixedShare } from "./aggregation/fixed-share.ts";
import { NewtonStacking } from "./aggregation/newton-stacking.ts";
import {
  type Committee,
  type CommitteeOptions,
  isWithout,
  type Member,
  networksOf,
  type PlannedPart,
  replayAt,
} from "./committee.ts";
import { DriftAlarm } from "./drift-alarm.ts";
import type { Expert } from "./expert.ts";
import { ExpertHealth } from "./expert-health.ts";
import { LabelTransitions } from "./experts/label-transitions.ts";
import { LinearExpert } from "./experts/linear.ts";
import { NaiveBayes } from "./experts/naive-bayes.ts";
import { Neighbours } from "./experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "./experts/network.ts";
import type { HeldSizes } from "./held-samples.ts";
import { LastLabel } from "./last-label.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Part of each expert's probability that is dealt out evenly: no answer is ever quite excluded. */
const evenPart = 0.0005;
/** What is shared out again between the two rules. */
const ruleShare = 0.005;
/** A probability counts as at least this to the drift alarm, so that its errors are bounded. */
const smallestForDrift = 0.02;
/** Rows that the ring keeps at an alarm. */
const keptAtAlarm = 30;
/** An expert may lose so much more than a constant answer, in nats. */
const healthMargin = 1;
/** What each class has before any label, for the constant answer. */
const prior = 0.5;

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
  const used = classExperts.filter((name) => {
    const isReplay = name === "replayed-network" || name === "neighbours";
    return !isWithout(name, without) && !(isReplay && effort === "low");
  });
  return [...used, ...own.map(({ name }) => name)];
};

const blocksFor = ({ features, classes }: CommitteeOptions, experts: number) => ({
  row: float32(2 * features + classes),
  answers: float64(experts, classes),
  joined: float64(2, classes),
  answer: float64(classes),
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

const replayedOptions = ({ features, classes, seed, effort, layers }: CommitteeOptions) => ({
  layers: layers ?? undefined,
  inputs: features,
  classes,
  seed: seed + 0x51ed27,
  ...replayAt[effort],
});

const usesReplay = (names: readonly string[]) =>
  names.includes("replayed-network") || names.includes("neighbours");

/** What is kept of a row until its label comes: the row, the answers, and which one it is. */
export function classHeldSizes(options: CommitteeOptions): HeldSizes {
  const { features, classes } = options;
  return {
    singles: 2 * features + classes + namesFor(options).length * classes,
    doubles: LastLabel.heldDoubles,
  };
}

/** What each part takes in an arena. */
export function planClassCommittee(options: CommitteeOptions): PlannedPart[] {
  const { features, classes, effort } = options;
  const names = namesFor(options);
  const experts = names.length;
  const bytes: Record<string, () => number> = {
    network: () => NetworkExpert.bytes(networkOptions(options)),
    "replayed-network": () => ReplayedNetwork.bytes(replayedOptions(options)),
    neighbours: () => Neighbours.bytes({ classes }, { rows: replayAt[effort].rows, inputs: features }),
    "naive-bayes": () => NaiveBayes.bytes({ inputs: features, classes }),
    "label-transitions": () => LabelTransitions.bytes({ classes }),
    linear: () => LinearExpert.bytes({ inputs: features + classes, classes }),
  };
  const placed = classExperts.filter(
    (name) => names.includes(name) || (name === "replayed-network" && usesReplay(names)),
  );
  return [
    { name: "rows", bytes: bytesOf(blocksFor(options, experts)) },
    ...placed.map((name) => ({ name, bytes: bytes[name]() })),
    {
      name: "aggregation",
      bytes:
        FixedShare.bytes({ experts, classes }) +
        NewtonStacking.bytes({ experts, classes }) +
        FixedShare.bytes({ experts: 2, classes }),
    },
  ];
}

/**
 * Answers with the probabilities of classes. A row is [standardized features, last label one-hot, recent deviations]:
 * the network sees all of it, the linear expert all but the deviations, label transitions the last label, the others the features.
 */
export class ClassCommittee implements Committee {
  readonly names: readonly string[];
  readonly features: Float32Array;
  readonly deviations: Float32Array;
  readonly answer: Float64Array;
  readonly answers: Float64Array;
  readonly drift = new DriftAlarm();
  readonly networks: readonly Network[];
  readonly #classes: number;
  readonly #members: Member[] = [];
  /** The replayed network, where there is one; it also learns where it is left out of the mix. */
  readonly replayed: ReplayedNetwork | null;
  readonly #replayedAt: number;
  readonly #neighboursAt: number;
  readonly #health: ExpertHealth;
  readonly #random: Random;
  readonly #share: FixedShare;
  readonly #stacking: NewtonStacking;
  readonly #rules: FixedShare;
  readonly heldSizes: HeldSizes;
  /** The features, the last label and the recent deviations. */
  readonly #row: Float32Array;
  /** The part of the row that is the last label. */
  readonly #lastLabel: Float32Array;
  readonly #last: LastLabel;
  readonly #transitionsAt: number;
  /** [classes]: what label transitions answer, and what the other experts do on average. */
  readonly #transitions: Float64Array;
  readonly #others: Float64Array;
  /** [2, classes]: what the two rules answered. */
  readonly #joined: Float64Array;
  /** [classes]: rows of each label. */
  readonly #labels: Float64Array;
  readonly #losses: Float64Array;
  readonly #error: Float64Array;

  constructor(options: CommitteeOptions, arena: Arena) {
    const { features, classes, seed } = options;
    this.names = namesFor(options);
    const experts = this.names.length;
    const placed = arena.place(blocksFor(options, experts));
    const { row } = placed;
    this.#classes = classes;
    this.#row = row;
    this.#last = new LastLabel({ classes });
    this.#transitionsAt = this.names.indexOf("label-transitions");
    this.#transitions = placed.transitions;
    this.#others = placed.others;
    this.heldSizes = classHeldSizes(options);
    this.features = row.subarray(0, features);
    this.#lastLabel = row.subarray(features, features + classes);
    this.deviations = row.subarray(features + classes);
    this.answer = placed.answer.fill(1 / classes);
    this.answers = placed.answers;
    this.#joined = placed.joined;
    this.#labels = placed.labels;
    this.#losses = placed.losses;
    this.#error = placed.error;
    this.#random = createRandom(seed);
    const add = (name: string, inputs: Float32Array, make: () => Expert) => {
      if (this.names.includes(name)) this.#members.push({ name, inputs, expert: make() });
    };
    add("network", row, () => new NetworkExpert(networkOptions(options), arena));
    const replayed = usesReplay(this.names)
      ? new ReplayedNetwork(replayedOptions(options), this.#random, arena)
      : null;
    this.replayed = replayed;
    if (replayed) {
      add("replayed-network", this.features, () => replayed);
      add(
        "neighbours",
        this.features,
        () => new Neighbours({ classes }, replayed.ring, replayed.metric, arena),
      );
    }
    add("naive-bayes", this.features, () => new NaiveBayes({ inputs: features, classes }, arena));
    add("label-transitions", this.#last.oneHot, () => new LabelTransitions({ classes }, arena));
    add("linear", row.subarray(0, features + classes), () => {
      return new LinearExpert({ inputs: features + classes, classes }, arena);
    });
    for (const { name, expert } of options.own) {
      this.#members.push({ name, expert, inputs: this.features });
    }
    this.#replayedAt = this.names.indexOf("replayed-network");
    this.#neighboursAt = this.names.indexOf("neighbours");
    this.#health = new ExpertHealth({ experts, factor: 1, margin: healthMargin });
    this.networks = networksOf([
      ...this.#members.map(({ expert }) => expert),
      ...(replayed && this.#replayedAt < 0 ? [replayed] : []),
    ]);
    this.#share = new FixedShare({ experts, classes }, arena);
    this.#stacking = new NewtonStacking({ experts, classes }, arena);
    this.#rules = new FixedShare({ experts: 2, classes, share: ruleShare }, arena);
  }

  get health(): ExpertHealth {
    return this.#health;
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

  weights(): number[] {
    const stacked = this.#stacking.weights;
    const [share, stacking] = this.#rules.weights;
    const total = stacked.reduce((sum, weight) => sum + Math.abs(weight), 0) || 1;
    return this.names.map(
      (_, k) => share * this.#share.weights[k] + (stacking * Math.abs(stacked[k])) / total,
    );
  }

  importance(): Float32Array | null {
    return this.replayed?.metric.weights ?? null;
  }

  predict(row: number): void {
    const classes = this.#classes;
    const { answers } = this;
    this.#last.ask(row, this.#learned);
    if (this.#last.isOpen) this.#lastLabel.set(this.#last.oneHot);
    else this.#lastLabel.fill(0);
    for (let k = 0; k < this.#members.length; k++) {
      const member = this.#members[k];
      const start = k * classes;
      member.expert.predict(member.inputs, answers, start);
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += answers[start + c];
      const isUsable = Number.isFinite(sum);
      for (let c = 0; c < classes; c++) {
        const probability = isUsable ? answers[start + c] : 1 / classes;
        answers[start + c] = (1 - evenPart) * probability + evenPart / classes;
      }
      if (!isUsable) this.#heal(k);
    }
    if (!this.#last.isOpen) this.#answerAsOthers();
    this.#mix();
  }

  /** Index of the expert that has nothing to say of the last row, as the last label does not count; -1 if there is none. */
  get asleep(): number {
    return this.#last.isOpen ? -1 : this.#transitionsAt;
  }

  /**
   * An expert that has nothing to say answers as the others do on average, so that it moves neither the answer nor, much,
   * its weight: a specialist that is asleep (Freund, Schapire, Singer and Warmuth, 1997).
   */
  #answerAsOthers(): void {
    if (this.#transitionsAt < 0 || this.#members.length === 1) return;
    const classes = this.#classes;
    const { answers } = this;
    const others = this.#members.length - 1;
    const start = this.#transitionsAt * classes;
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      for (let k = 0; k <= others; k++) if (k !== this.#transitionsAt) sum += answers[k * classes + c];
      answers[start + c] = sum / others;
    }
  }

  /** Writes the geometric mean of the answers of all experts but label transitions to `#others`. */
  #averageOthers(): void {
    const classes = this.#classes;
    const others = this.#others;
    const experts = this.#members.length;
    const cell = this.#error;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      let logarithms = 0;
      for (let k = 0; k < experts; k++) {
        if (k === this.#transitionsAt) continue;
        cell[0] = this.answers[k * classes + c];
        takeLogarithm(cell, 0);
        logarithms += cell[0];
      }
      others[c] = logarithms / Math.max(1, experts - 1);
      takeExponential(others, c);
      sum += others[c];
    }
    for (let c = 0; c < classes; c++) others[c] /= sum;
  }

  /** Learns what an old last label would have been worth. */
  #judgeLastLabel(label: number): void {
    if (this.#transitionsAt < 0 || !this.#last.isToBeJudged) return;
    this.#averageOthers();
    this.#members[this.#transitionsAt].expert.predict(this.#last.oneHot, this.#transitions, 0);
    this.#last.judge(label, this.#others, this.#transitions, this.#labels);
  }

  #mix(): void {
    this.#share.mix(this.answers, this.#joined, 0);
    this.#stacking.mix(this.answers, this.#joined, this.#classes);
    this.#rules.mix(this.#joined, this.answer, 0);
  }

  hold(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const { answers } = this;
    for (let i = 0; i < row.length; i++) singles[singlesAt + i] = row[i];
    for (let i = 0; i < answers.length; i++) singles[singlesAt + row.length + i] = answers[i];
    this.#last.hold(doubles, doublesAt);
  }

  /** The rules join the answers of then by what they know now: they learn what the answers were worth, so late. */
  recall(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const { answers } = this;
    for (let i = 0; i < row.length; i++) row[i] = singles[singlesAt + i];
    for (let i = 0; i < answers.length; i++) answers[i] = singles[singlesAt + row.length + i];
    this.#last.recall(doubles, doublesAt);
    this.#mix();
  }

  learn(targets: Float64Array, targetAt: number): boolean {
    this.#learnRow(targets, targetAt);
    this.replayed?.learn(this.features, targets, targetAt);
    this.#labels[targets[targetAt]]++;
    return true;
  }

  correct(targets: Float64Array, targetAt: number, before: number): boolean {
    this.#labels[before]--;
    this.#learnRow(targets, targetAt);
    this.replayed?.correct(this.features, targets, targetAt);
    this.#labels[targets[targetAt]]++;
    return true;
  }

  /** All of it but the replayed network. */
  #learnRow(targets: Float64Array, targetAt: number): void {
    const label = targets[targetAt];
    this.#judgeLastLabel(label);
    this.#watchDrift(label);
    this.#share.learn(this.answers, label);
    this.#stacking.learn(label);
    this.#rules.learn(this.#joined, label);
    this.#judge(label);
    for (let k = 0; k < this.#members.length; k++) {
      const member = this.#members[k];
      if (member.expert !== this.replayed) member.expert.learn(member.inputs, targets, targetAt);
    }
    this.#last.learn(label);
  }

  #watchDrift(label: number): void {
    const replayed = this.replayed;
    if (!replayed || this.#replayedAt < 0) return;
    const classes = this.#classes;
    let probability = this.answers[this.#replayedAt * classes + label];
    if (this.#neighboursAt >= 0) {
      probability = 0.5 * (probability + this.answers[this.#neighboursAt * classes + label]);
    }
    const error = this.#error;
    error[0] = Math.max(probability, smallestForDrift);
    takeLogarithm(error, 0);
    error[0] = -error[0];
    if (this.drift.observe(error)) replayed.ring.keepNewest(keptAtAlarm);
  }

  #judge(label: number): void {
    const classes = this.#classes;
    const experts = this.#members.length;
    const losses = this.#losses;
    for (let k = 0; k < experts; k++) losses[k] = this.answers[k * classes + label];
    let total = 0;
    for (let c = 0; c < classes; c++) total += this.#labels[c];
    losses[experts] = (this.#labels[label] + prior) / (total + prior * classes);
    for (let k = 0; k <= experts; k++) {
      takeLogarithm(losses, k);
      losses[k] = -losses[k];
    }
    const sick = this.#health.observe(losses);
    if (sick >= 0) this.#heal(sick);
    for (let k = 0; k < this.#members.length; k++) {
      if (this.#health.keepsNow(k)) this.#health.keep(k, this.#members[k].expert);
    }
  }

  #heal(expert: number): void {
    this.#health.heal(expert, this.#members[expert].expert);
  }

  #parts() {
    return [
      ...this.#members.map(({ expert }) => expert).filter((expert) => expert !== this.replayed),
      ...(this.replayed ? [this.replayed] : []),
      this.#last,
      this.drift,
      this.#health,
      this.#share,
      this.#stacking,
      this.#rules,
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
    restoreArrays({ labels: this.#labels }, state, "classes");
  }
}
