/** Eight experts for a number, of its level and of its change, joined by ML-Poly. */
import { createRandom, type Random } from "../engine/model/random.ts";
import { type Arena, bytesOf, float32, float64 } from "../engine/running/arena.ts";
import type { Network } from "../engine/running/network.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import { restoreTogether } from "../features/restore.ts";
import type { State } from "../state.ts";
import { FadingWeights } from "./aggregation/fading-weights.ts";
import { MlPoly } from "./aggregation/ml-poly.ts";
import { placeStatistic, statisticBytes } from "./arena-statistic.ts";
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
import { LastValue } from "./experts/last-value.ts";
import { LeastSquares } from "./experts/least-squares.ts";
import { Neighbours } from "./experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "./experts/network.ts";
import type { HeldSizes } from "./held-samples.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** What an expert's number means: in the target's units, in deviations from its mean, or as a change of it. */
const Unit = { Target: 0, Level: 1, Change: 2 } as const;

/** Targets among the inputs are limited to this many standard deviations. */
const targetBound = 8;
/** Most features for least squares, whose cost grows with their square. */
const mostForLeastSquares = 64;
/** Largest distance of a target, in standard deviations, that extends the known range of targets. */
const rangeDeviations = 8;
/** Answers may lie outside the range of the targets by this part of it. */
const rangeMargin = 0.5;
/** Smallest weight of a new change in their mean square, and how many times the mean square one may count. */
const changeFloor = 0.002;
const largestChange = 25;
/** Smallest weight of a new error in the usual error, and how many times it one may count. */
const errorFloor = 0.01;
const largestError = 8;
const smallestError = 1e-6;
/**
 * The usual error before there is any, in deviations, and how many errors it stands for. Large, so that the rules do
 * not trust the first rows too far: on a series of 130 rows that is worth 2 % of the error.
 */
const firstError = 10;
const firstErrors = 2;
/** Errors in deviations count as at most this to the drift alarm. */
const largestForDrift = 4;
const keptAtAlarm = 30;

/** Names of the experts, in order. */
export const numberExperts = [
  "last-value",
  "least-squares",
  "least-squares-level",
  "network",
  "replayed-level",
  "replayed-change",
  "neighbours",
  "neighbours-change",
];

const namesFor = ({ without, effort, features, own }: CommitteeOptions) => {
  const used = numberExperts.filter((name) => {
    const isReplay = name.startsWith("replayed") || name.startsWith("neighbours");
    const isTooWide = name.startsWith("least-squares") && features > mostForLeastSquares;
    return !isWithout(name, without) && !(isReplay && effort === "low") && !isTooWide;
  });
  return [...used, ...own.map(({ name }) => name)];
};

const at = {
  last: 0,
  secondLast: 1,
  known: 2,
  mean: 3,
  deviation: 4,
  changeSquare: 5,
  change: 6,
  lowest: 7,
  highest: 8,
  errors: 9,
} as const;

/** What held when the row was predicted: which one it is, the last target, targets known, their mean and deviation. */
const asked = { row: 0, last: 1, known: 2, mean: 3, deviation: 4 } as const;
const askedNumbers = 5;

const blocksFor = ({ features }: CommitteeOptions, experts: number) => ({
  row: float32(2 * features + 2),
  previous: float32(features),
  line: float32(2 * features + 2),
  answers: float64(experts),
  scaled: float64(experts),
  joined: float64(2),
  mixed: float64(1),
  answer: float64(1),
  losses: float64(experts + 1),
  error: float64(1),
  scale: float64(1),
  targets: float64(3),
  truth: float64(1),
  block: float64(10),
  asked: float64(askedNumbers),
  labelled: float64(1),
});

const networkOptions = ({ features, seed }: CommitteeOptions) => ({
  inputs: 2 * features + 2,
  classes: 0,
  seed,
});

const levelOptions = ({ features, seed, effort, layers }: CommitteeOptions) => ({
  layers: layers ?? undefined,
  inputs: features,
  classes: 0,
  exactTargets: true,
  seed: seed + 0x51ed27,
  ...replayAt[effort],
});

const changeOptions = ({ features, seed, effort }: CommitteeOptions) => ({
  inputs: features + 2,
  classes: 0,
  seed: seed + 0x2c1b3c6d,
  ...replayAt[effort],
});

const usesLevel = (names: readonly string[]) =>
  names.includes("replayed-level") || names.includes("neighbours");
const usesChange = (names: readonly string[]) =>
  names.includes("replayed-change") || names.includes("neighbours-change");

/** What is kept of a row until its target comes: the row, the changes of its features, the answers, what held then. */
export function numberHeldSizes(options: CommitteeOptions): HeldSizes {
  return { singles: 3 * options.features + 2 + namesFor(options).length, doubles: askedNumbers };
}

/** What each part takes in an arena. */
export function planNumberCommittee(options: CommitteeOptions): PlannedPart[] {
  const { features, effort } = options;
  const names = namesFor(options);
  const experts = names.length;
  const { rows } = replayAt[effort];
  const bytes: Record<string, () => number> = {
    "last-value": () => 0,
    "least-squares": () => LeastSquares.bytes({ inputs: 2 * features + 2 }),
    "least-squares-level": () => LeastSquares.bytes({ inputs: features }),
    network: () => NetworkExpert.bytes(networkOptions(options)),
    "replayed-level": () => ReplayedNetwork.bytes(levelOptions(options)),
    "replayed-change": () => ReplayedNetwork.bytes(changeOptions(options)),
    neighbours: () => Neighbours.bytes({ classes: 0 }, { rows, inputs: features }),
    "neighbours-change": () => Neighbours.bytes({ classes: 0 }, { rows, inputs: features + 2 }),
  };
  const placed = numberExperts.filter(
    (name) =>
      names.includes(name) ||
      (name === "replayed-level" && usesLevel(names)) ||
      (name === "replayed-change" && usesChange(names)),
  );
  return [
    { name: "rows", bytes: bytesOf(blocksFor(options, experts)) },
    { name: "target", bytes: statisticBytes(1) },
    ...placed.map((name) => ({ name, bytes: bytes[name]() })),
    {
      name: "aggregation",
      bytes: 2 * MlPoly.bytes({ experts }) + FadingWeights.bytes({ experts: 2 }),
    },
  ];
}

/**
 * Answers with a number. A row is [standardized features, the last two targets, recent deviations]. Half of the experts
 * predict the level of the target, the other half its change from the last one, each with a network and neighbours of
 * its own. Answers are joined in deviations from the mean of the targets so far.
 */
export class NumberCommittee implements Committee {
  readonly names: readonly string[];
  readonly features: Float32Array;
  readonly deviations: Float32Array;
  readonly answer: Float64Array;
  readonly answers: Float64Array;
  readonly drift = new DriftAlarm();
  readonly networks: readonly Network[];
  readonly #members: (Member & { unit: number })[] = [];
  readonly replayed: ReplayedNetwork | null;
  readonly #change: ReplayedNetwork | null;
  readonly #levelAt: number;
  readonly #neighboursAt: number;
  readonly #health: ExpertHealth;
  readonly #random: Random;
  readonly #statistic: ColumnStatistic;
  readonly #lasting: MlPoly;
  readonly #fading: MlPoly;
  readonly #rules: FadingWeights;
  /** [features + 2]: the features, the last two targets. */
  readonly #withTargets: Float32Array;
  /** [features]: of the last row that was learned from. */
  readonly #previous: Float32Array;
  /** [2 features + 2]: the features, their changes, the last two targets. */
  readonly #line: Float32Array;
  /** [experts]: the answers in deviations. */
  readonly #scaled: Float64Array;
  readonly #joined: Float64Array;
  readonly #mixed: Float64Array;
  readonly #losses: Float64Array;
  readonly #error: Float64Array;
  /** [1]: the usual error of the answer, in deviations. */
  readonly #scale: Float64Array;
  /** [3]: the target in each unit. */
  readonly #targets: Float64Array;
  /** [1]: the target in the deviations in which the answers were given. */
  readonly #truth: Float64Array;
  readonly #block: Float64Array;
  readonly heldSizes: HeldSizes;
  readonly asleep = -1;
  /** [2 features + 2]: the features, the last two targets, the recent deviations. */
  readonly #row: Float32Array;
  /** [5]: see `asked`. */
  readonly #asked: Float64Array;
  /** [1]: the newest row whose target is known. */
  readonly #labelled: Float64Array;

  constructor(options: CommitteeOptions, arena: Arena) {
    const { features, seed } = options;
    this.names = namesFor(options);
    const experts = this.names.length;
    const placed = arena.place(blocksFor(options, experts));
    const { row } = placed;
    this.#row = row;
    this.#asked = placed.asked;
    this.#labelled = placed.labelled.fill(-1);
    this.heldSizes = numberHeldSizes(options);
    this.features = row.subarray(0, features);
    this.#withTargets = row.subarray(0, features + 2);
    this.deviations = row.subarray(features + 2);
    this.answer = placed.answer;
    this.answers = placed.answers;
    this.#previous = placed.previous;
    this.#line = placed.line;
    this.#scaled = placed.scaled;
    this.#joined = placed.joined;
    this.#mixed = placed.mixed;
    this.#losses = placed.losses;
    this.#error = placed.error;
    this.#scale = placed.scale;
    this.#targets = placed.targets;
    this.#truth = placed.truth;
    this.#block = placed.block;
    this.#forgetTargets();
    this.#random = createRandom(seed);
    this.#statistic = placeStatistic({ columns: 1 }, arena);
    const add = (name: string, unit: number, inputs: Float32Array, make: () => Expert) => {
      if (this.names.includes(name)) this.#members.push({ name, unit, inputs, expert: make() });
    };
    const { Target, Level, Change } = Unit;
    add("last-value", Change, this.#withTargets, () => new LastValue());
    add("least-squares", Change, this.#line, () => new LeastSquares({ inputs: 2 * features + 2 }, arena));
    add("least-squares-level", Level, this.features, () => new LeastSquares({ inputs: features }, arena));
    add("network", Change, row, () => new NetworkExpert(networkOptions(options), arena));
    const level = usesLevel(this.names)
      ? new ReplayedNetwork(levelOptions(options), this.#random, arena)
      : null;
    if (level) add("replayed-level", Target, this.features, () => level);
    const change = usesChange(this.names)
      ? new ReplayedNetwork(changeOptions(options), this.#random, arena)
      : null;
    if (change) add("replayed-change", Change, this.#withTargets, () => change);
    if (level) {
      const make = () => new Neighbours({ classes: 0 }, level.ring, level.metric, arena);
      add("neighbours", Target, this.features, make);
    }
    if (change) {
      const make = () => new Neighbours({ classes: 0 }, change.ring, change.metric, arena);
      add("neighbours-change", Change, this.#withTargets, make);
    }
    for (const { name, expert } of options.own) {
      this.#members.push({ name, expert, unit: Target, inputs: this.features });
    }
    this.replayed = level;
    this.#change = change;
    this.#levelAt = this.names.indexOf("replayed-level");
    this.#neighboursAt = this.names.indexOf("neighbours");
    this.networks = networksOf([
      ...this.#members.map(({ expert }) => expert),
      ...(level && this.#levelAt < 0 ? [level] : []),
      ...(change && !this.names.includes("replayed-change") ? [change] : []),
    ]);
    this.#health = new ExpertHealth({ experts, factor: 2, margin: 1 });
    this.#lasting = new MlPoly({ experts }, arena);
    this.#fading = new MlPoly({ experts, fading: 0.995 }, arena);
    this.#rules = new FadingWeights({ experts: 2 }, arena);
  }

  get health(): ExpertHealth {
    return this.#health;
  }

  get hasTarget(): boolean {
    return this.#block[at.known] > 0;
  }

  get targetStatistic(): ColumnStatistic {
    return this.#statistic;
  }

  weights(): number[] {
    const [lasting, fading] = this.#rules.weights;
    return this.names.map((_, k) => lasting * this.#lasting.weights[k] + fading * this.#fading.weights[k]);
  }

  importance(): Float32Array | null {
    return this.replayed?.metric.weights ?? null;
  }

  predict(row: number): void {
    const block = this.#block;
    const features = this.features.length;
    this.#measure();
    this.#asked[asked.row] = row;
    this.#asked[asked.last] = block[at.last];
    this.#asked[asked.known] = block[at.known];
    this.#asked[asked.mean] = block[at.mean];
    this.#asked[asked.deviation] = block[at.deviation];
    const mean = block[at.mean];
    const deviation = block[at.deviation];
    const last = (block[at.last] - mean) / deviation;
    const known = block[at.known];
    this.#withTargets[features] = known > 0 ? clip(last, targetBound) : 0;
    this.#withTargets[features + 1] =
      known > 1 ? clip((block[at.secondLast] - mean) / deviation, targetBound) : this.#withTargets[features];
    this.#writeLine(known > 0);
    if (this.replayed) {
      this.replayed.unit[0] = mean;
      this.replayed.unit[1] = deviation;
    }
    const from = known > 0 ? last : 0;
    for (let k = 0; k < this.#members.length; k++) {
      const member = this.#members[k];
      member.expert.predict(member.inputs, this.answers, k);
      const answer = this.answers[k];
      let scaled = answer;
      if (member.unit === Unit.Change) scaled = from + answer * block[at.change];
      else if (member.unit === Unit.Target) scaled = (answer - mean) / deviation;
      if (!Number.isFinite(scaled)) {
        scaled = from;
        this.#heal(k);
      }
      if (known > 1) scaled = this.#bounded(scaled);
      this.#scaled[k] = scaled;
      this.answers[k] = mean + deviation * scaled;
    }
    this.#mix();
    this.answer[0] = mean + deviation * this.#mixed[0];
  }

  #mix(): void {
    this.#lasting.mix(this.#scaled, this.#joined, 0);
    this.#fading.mix(this.#scaled, this.#joined, 1);
    this.#rules.mix(this.#joined, this.#mixed, 0);
  }

  hold(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const scaled = this.#scaled;
    const count = this.features.length;
    for (let i = 0; i < row.length; i++) singles[singlesAt + i] = row[i];
    let to = singlesAt + row.length;
    for (let i = 0; i < count; i++) singles[to + i] = this.#line[count + i];
    to += count;
    for (let k = 0; k < scaled.length; k++) singles[to + k] = scaled[k];
    for (let i = 0; i < askedNumbers; i++) doubles[doublesAt + i] = this.#asked[i];
  }

  /** The rules join the answers of then by what they know now: they learn what the answers were worth, so late. */
  recall(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const line = this.#line;
    const scaled = this.#scaled;
    const count = this.features.length;
    for (let i = 0; i < row.length; i++) row[i] = singles[singlesAt + i];
    let from = singlesAt + row.length;
    for (let i = 0; i < count; i++) {
      line[i] = row[i];
      line[count + i] = singles[from + i];
    }
    line[2 * count] = row[count];
    line[2 * count + 1] = row[count + 1];
    from += count;
    for (let i = 0; i < askedNumbers; i++) this.#asked[i] = doubles[doublesAt + i];
    for (let k = 0; k < scaled.length; k++) {
      scaled[k] = singles[from + k];
      this.answers[k] = this.#asked[asked.mean] + this.#asked[asked.deviation] * scaled[k];
    }
    this.#mix();
  }

  /** Mean and standard deviation of the targets so far. */
  #measure(): void {
    const statistic = this.#statistic;
    const variance = statistic.variances[0];
    this.#block[at.mean] = statistic.means[0];
    this.#block[at.deviation] = statistic.count(0) > 1 && variance > 0 ? Math.sqrt(variance) : 1;
  }

  #writeLine(hasPrevious: boolean): void {
    const { features } = this;
    const line = this.#line;
    const count = features.length;
    for (let i = 0; i < count; i++) {
      line[i] = features[i];
      line[count + i] = hasPrevious ? features[i] - this.#previous[i] : 0;
    }
    line[2 * count] = this.#withTargets[count];
    line[2 * count + 1] = this.#withTargets[count + 1];
  }

  /** Within the range of the targets, widened by half on both sides. */
  #bounded(scaled: number): number {
    const block = this.#block;
    const lowest = (block[at.lowest] - block[at.mean]) / block[at.deviation];
    const highest = (block[at.highest] - block[at.mean]) / block[at.deviation];
    const margin = rangeMargin * (highest - lowest) + 1e-9;
    return Math.min(Math.max(scaled, lowest - margin), highest + margin);
  }

  learn(targets: Float64Array, targetAt: number): boolean {
    if (!this.#learnRow(targets, targetAt)) return false;
    this.replayed?.learn(this.features, this.#targets, Unit.Target);
    if (this.#asked[asked.known] > 0) this.#change?.learn(this.#withTargets, this.#targets, Unit.Change);
    this.#know(targets[targetAt]);
    this.#block[at.known]++;
    return true;
  }

  correct(targets: Float64Array, targetAt: number): boolean {
    if (!this.#learnRow(targets, targetAt)) return false;
    this.replayed?.correct(this.features, this.#targets, Unit.Target);
    if (this.#asked[asked.known] > 0) this.#change?.correct(this.#withTargets, this.#targets, Unit.Change);
    this.#know(targets[targetAt]);
    return true;
  }

  /** All of it but the replayed networks. */
  #learnRow(targets: Float64Array, targetAt: number): boolean {
    this.#statistic.learn(targets, targetAt);
    if (!this.#statistic.isUsed(0)) return false;
    const block = this.#block;
    if (this.#statistic.isBegunByGlitch(0)) this.#forgetAll();
    else if (this.#statistic.isBeginning(0) && block[at.known] > 0) this.#forgetTargets();
    const own = this.#targets;
    const target = targets[targetAt];
    const known = this.#asked[asked.known];
    own[Unit.Target] = target;
    // Until there are two there is no scale on which to judge an answer.
    own[Unit.Level] = (target - this.#asked[asked.mean]) / this.#asked[asked.deviation];
    if (known > 1) this.#learnMix();
    this.#measure();
    this.#widenRange(target);
    own[Unit.Level] = (target - block[at.mean]) / block[at.deviation];
    if (known > 0) this.#measureChange(target);
    if (this.replayed) {
      this.replayed.unit[0] = block[at.mean];
      this.replayed.unit[1] = block[at.deviation];
    }
    for (let k = 0; k < this.#members.length; k++) {
      const member = this.#members[k];
      const isOwnTurn = member.expert === this.replayed || member.expert === this.#change;
      if (isOwnTurn || (member.unit === Unit.Change && known === 0)) continue;
      member.expert.learn(member.inputs, own, member.unit);
    }
    return true;
  }

  /** Takes the target for the last one, unless that of a later row is known. */
  #know(target: number): void {
    const block = this.#block;
    const row = this.#asked[asked.row];
    if (row < this.#labelled[0]) return;
    const isNew = row > this.#labelled[0];
    this.#labelled[0] = row;
    this.#previous.set(this.features);
    if (isNew) block[at.secondLast] = block[at.known] > 0 ? block[at.last] : target;
    block[at.last] = target;
  }

  /** Nothing is left of the targets so far: they had another scale. */
  #forgetTargets(): void {
    const block = this.#block;
    block.fill(0);
    block[at.deviation] = 1;
    block[at.change] = 1;
    block[at.lowest] = Number.POSITIVE_INFINITY;
    block[at.highest] = Number.NEGATIVE_INFINITY;
    this.#asked[asked.known] = 0;
    this.#scale[0] = firstError;
    this.replayed?.ring.keepNewest(0);
    this.#change?.ring.keepNewest(0);
  }

  /** Begins anew: what was learned of the first rows is of a target that could not be true. */
  #forgetAll(): void {
    this.#forgetTargets();
    for (const { expert } of this.#members) expert.restart();
    this.#lasting.restart();
    this.#fading.restart();
    this.#rules.restart();
  }

  /** Drift, rules and health, in the units in which the answers were given. */
  #learnMix(): void {
    const block = this.#block;
    const scaled = this.#scaled;
    const experts = scaled.length;
    const target = this.#truth;
    target[0] = this.#targets[Unit.Level];
    this.#watchDrift();
    this.#lasting.learn(scaled, this.#joined, 0, target, this.#scale);
    this.#fading.learn(scaled, this.#joined, 1, target, this.#scale);
    this.#rules.learn(this.#joined, target, this.#scale);
    for (let k = 0; k < experts; k++) this.#losses[k] = Math.abs(scaled[k] - target[0]);
    this.#losses[experts] = Math.abs(target[0]);
    const sick = this.#health.observe(this.#losses);
    if (sick >= 0) this.#heal(sick);
    for (let k = 0; k < this.#members.length; k++) {
      if (this.#health.keepsNow(k)) this.#health.keep(k, this.#members[k].expert);
    }
    const usual = this.#scale[0];
    const error = Math.abs(this.#mixed[0] - target[0]);
    block[at.errors]++;
    const rate = Math.max(1 / (block[at.errors] + firstErrors), errorFloor);
    const next = usual + rate * (Math.min(error, largestError * usual) - usual);
    this.#scale[0] = Math.max(next, smallestError);
  }

  #watchDrift(): void {
    if (this.#levelAt < 0) return;
    let answer = this.#scaled[this.#levelAt];
    if (this.#neighboursAt >= 0) answer = 0.5 * (answer + this.#scaled[this.#neighboursAt]);
    this.#error[0] = Math.min(Math.abs(answer - this.#truth[0]), largestForDrift);
    if (!this.drift.observe(this.#error)) return;
    this.replayed?.ring.keepNewest(keptAtAlarm);
    this.#change?.ring.keepNewest(keptAtAlarm);
  }

  #widenRange(target: number): void {
    const block = this.#block;
    const most = rangeDeviations * Math.sqrt(this.#statistic.variances[0]);
    const mean = block[at.mean];
    block[at.lowest] = Math.min(block[at.lowest], Math.max(target, mean - most));
    block[at.highest] = Math.max(block[at.highest], Math.min(target, mean + most));
  }

  #measureChange(target: number): void {
    const block = this.#block;
    const change = (target - this.#asked[asked.last]) / block[at.deviation];
    const square = block[at.changeSquare];
    const held = Math.min(change * change, square > 0 ? largestChange * square : 1e9);
    const rate = Math.max(1 / Math.max(block[at.known], 1), changeFloor);
    block[at.changeSquare] = square + rate * (held - square);
    block[at.change] = Math.sqrt(block[at.changeSquare]) + 1e-6;
    this.#targets[Unit.Change] = change / block[at.change];
  }

  #heal(expert: number): void {
    this.#health.heal(expert, this.#members[expert].expert);
  }

  #parts() {
    const replayed: (Expert | null)[] = [this.replayed, this.#change];
    return [
      ...this.#members.map(({ expert }) => expert).filter((expert) => !replayed.includes(expert)),
      ...(this.replayed ? [this.replayed] : []),
      ...(this.#change ? [this.#change] : []),
      this.#statistic,
      this.drift,
      this.#health,
      this.#lasting,
      this.#fading,
      this.#rules,
    ];
  }

  state(): State {
    return {
      parts: this.#parts().map((part) => part.state()),
      draws: this.#random.state(),
      previous: this.#previous,
      scale: this.#scale,
      block: this.#block,
      labelled: this.#labelled,
    };
  }

  restore(given: State): void {
    const state = (given ?? {}) as { [key: string]: State };
    restoreTogether(this.#parts(), state["parts"] as State[]);
    this.#random.restore(state["draws"] as number[]);
    const { scale, block, labelled } = { scale: this.#scale, block: this.#block, labelled: this.#labelled };
    restoreArrays({ previous: this.#previous, scale, block, labelled }, state, "numbers");
  }
}

const clip = (value: number, bound: number) => Math.min(Math.max(value, -bound), bound);
