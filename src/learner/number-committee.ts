/** Up to nine experts for a number, of its level and of its change, joined by ML-Poly, and these with the median. */

import { createRandom, type Random } from "../engine/model/random.ts";
import { type Arena, bytesOf, float32, float64, lastingSpace, type Space } from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import { restoreTogether } from "../features/restore.ts";
import type { State } from "../state.ts";
import { largestCount, positive, whole, wholeWithin, within } from "../state-check.ts";
import { FadingWeights } from "./aggregation/fading-weights.ts";
import {
  type Committee,
  type CommitteeOptions,
  featureBound,
  isWithout,
  keptAtAlarm,
  type SharingPart,
} from "./committee.ts";
import { DriftAlarm } from "./drift-alarm.ts";
import { isAskedAt, replayAt } from "./effort.ts";
import type { Expert } from "./expert.ts";
import { LastValue } from "./experts/last-value.ts";
import { LeastSquares } from "./experts/least-squares.ts";
import { Neighbours } from "./experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "./experts/network.ts";
import type { HeldSizes } from "./held-samples.ts";
import { NumberMix } from "./number-mix.ts";
import { type Member, Panel } from "./panel.ts";
import { restoreArrays } from "./restore-arrays.ts";
import { asked, askedNumbers, course, faultOfCourse, TargetCourse } from "./target-course.ts";
import { UsualError } from "./usual-error.ts";

/** What an expert's number means: in the target's units, in deviations from its mean, or as a change of it. */
const Unit = { Target: 0, Level: 1, Change: 2 } as const;

/** An expert, and what its number means. */
interface NumberMember extends Member {
  unit: number;
}

/** Targets among the inputs are limited to this many standard deviations. */
const targetBound = 8;
/**
 * Most features for least squares, whose memory and time grow with their square. With more than 16, those of the recent rows
 * would make the whole of the learner more than 4 % larger.
 */
const mostFeatures: Partial<Record<string, number>> = {
  "least-squares": 64,
  "least-squares-level": 64,
  "least-squares-recent": 16,
};
/**
 * Least squares of the recent rows remember about four for each weight, and at least 50: what lies further back misleads where
 * the relation changes, or holds only near the values that a straying column had then.
 */
const recentRows = (features: number) => Math.max(50, 4 * (2 * features + 3));
/** Errors in deviations count as at most this to the drift alarm. */
const largestForDrift = 4;

/**
 * Weight of the constant answer at the start, beside what the experts say together. Where the features say nothing all
 * experts are worse than it, by 12 % in 120 rows of noise, and where most targets are the same their median is nearer than
 * any mean. Half would cost short series 1 %.
 */
const cautiousWeight = 1 / 3;
const cautionOptions = { experts: 2, start: [1 - cautiousWeight, cautiousWeight] };

/** Names of the experts, in order. */
export const numberExperts = [
  "last-value",
  "least-squares",
  "least-squares-level",
  "least-squares-recent",
  "network",
  "replayed-level",
  "replayed-change",
  "neighbours",
  "neighbours-change",
];

const namesFor = ({ without, effort, features, own }: CommitteeOptions) => {
  const used = numberExperts.filter((name) => {
    const isTooWide = features > (mostFeatures[name] ?? Number.POSITIVE_INFINITY);
    return !isWithout(name, without) && isAskedAt(name, effort) && !isTooWide;
  });
  return [...used, ...own.map(({ name }) => name)];
};

const blocksFor = ({ features }: CommitteeOptions, experts: number) => ({
  row: float32(2 * features + 2),
  previous: float32(features),
  line: float32(2 * features + 2),
  answers: float64(experts),
  scaled: float64(experts),
  joined: float64(2),
  mixed: float64(1),
  constant: float64(1),
  answer: float64(1),
  losses: float64(experts + 1),
  error: float64(1),
  targets: float64(3),
  truth: float64(1),
});

const networkOptions = ({ features, seed }: CommitteeOptions) => ({
  inputs: 2 * features + 2,
  classes: 0,
  seed,
});

const levelOptions = ({ features, seed, effort, network }: CommitteeOptions) => ({
  model: network ?? undefined,
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
export function planNumberCommittee(options: CommitteeOptions): SharingPart[] {
  const { features } = options;
  const names = namesFor(options);
  const experts = names.length;
  const spaces: Record<string, () => Space> = {
    "last-value": () => lastingSpace(0),
    "least-squares": () => LeastSquares.space({ inputs: 2 * features + 2 }),
    "least-squares-level": () => LeastSquares.space({ inputs: features }),
    "least-squares-recent": () => LeastSquares.space({ inputs: 2 * features + 2 }),
    network: () => NetworkExpert.space(networkOptions(options)),
    "replayed-level": () => ReplayedNetwork.space(levelOptions(options)),
    "replayed-change": () => ReplayedNetwork.space(changeOptions(options)),
    neighbours: () => Neighbours.space({ classes: 0 }, { inputs: features }),
    "neighbours-change": () => Neighbours.space({ classes: 0 }, { inputs: features + 2 }),
  };
  const placed = numberExperts.filter(
    (name) =>
      names.includes(name) ||
      (name === "replayed-level" && usesLevel(names)) ||
      (name === "replayed-change" && usesChange(names)),
  );
  return [
    { name: "rows", ...lastingSpace(bytesOf(blocksFor(options, experts))) },
    { name: "target", ...lastingSpace(TargetCourse.bytes()) },
    ...placed.map((name) => ({ name, ...spaces[name]() })),
    {
      name: "aggregation",
      ...lastingSpace(NumberMix.bytes({ experts }) + FadingWeights.bytes(cautionOptions)),
    },
  ];
}

/** The experts of `names`, in order, each with what it sees; and the networks that learn from replayed rows. */
function membersFor(
  options: CommitteeOptions,
  names: readonly string[],
  inputs: { features: Float32Array; withTargets: Float32Array; line: Float32Array; row: Float32Array },
  random: Random,
  arena: Arena,
) {
  const { Target, Level, Change } = Unit;
  const { features, withTargets, line, row } = inputs;
  const members: NumberMember[] = [];
  const add = (name: string, unit: number, sees: Float32Array, make: () => Expert) => {
    if (names.includes(name)) members.push({ name, unit, inputs: sees, expert: make() });
  };
  add("last-value", Change, withTargets, () => new LastValue());
  add("least-squares", Change, line, () => new LeastSquares({ inputs: line.length }, arena));
  add("least-squares-level", Level, features, () => new LeastSquares({ inputs: features.length }, arena));
  add("least-squares-recent", Change, line, () => {
    return new LeastSquares({ inputs: line.length, forgetting: 1 - 1 / recentRows(features.length) }, arena);
  });
  add("network", Change, row, () => new NetworkExpert(networkOptions(options), arena));
  const level = usesLevel(names) ? new ReplayedNetwork(levelOptions(options), random, arena) : null;
  if (level) add("replayed-level", Target, features, () => level);
  const change = usesChange(names) ? new ReplayedNetwork(changeOptions(options), random, arena) : null;
  if (change) add("replayed-change", Change, withTargets, () => change);
  const near = ({ ring, metric }: ReplayedNetwork) => new Neighbours({ classes: 0 }, ring, metric, arena);
  if (level) add("neighbours", Target, features, () => near(level));
  if (change) add("neighbours-change", Change, withTargets, () => near(change));
  for (const { name, expert } of options.own) add(name, Target, features, () => expert);
  return { members, level, change };
}

/**
 * Answers with a number. A row is [standardized features, the last two targets, recent deviations]. Half of the experts
 * predict the level of the target, the other half its change from the last one, each with a network and neighbours of
 * its own. Answers are joined in deviations from the mean of the targets so far.
 */
export class NumberCommittee implements Committee {
  readonly features: Float32Array;
  readonly deviations: Float32Array;
  readonly answer: Float64Array;
  readonly answers: Float64Array;
  readonly constant: Float64Array;
  readonly losses: Float64Array;
  readonly constantName = "median";
  readonly drift = new DriftAlarm();
  readonly replayed: ReplayedNetwork | null;
  readonly heldSizes: HeldSizes;
  readonly #change: ReplayedNetwork | null;
  readonly panel: Panel<NumberMember>;
  readonly #levelAt: number;
  readonly #recentAt: number;
  readonly #neighboursAt: number;
  readonly #random: Random;
  readonly #course: TargetCourse;
  readonly #usual = new UsualError();
  readonly #mix: NumberMix;
  /** Joins what the experts say together with the constant. */
  readonly #caution: FadingWeights;
  /** [2 features + 2]: the features, the last two targets, the recent deviations. */
  readonly #row: Float32Array;
  /** [features + 2]: the features, the last two targets. */
  readonly #withTargets: Float32Array;
  /** [features]: of the last row that was learned from. */
  readonly #previous: Float32Array;
  /** [2 features + 2]: the features, their changes, the last two targets. */
  readonly #line: Float32Array;
  /** [experts]: the answers in deviations. */
  readonly #scaled: Float64Array;
  /** [2]: what the experts say together, and the constant, in deviations; and [1] both joined. */
  readonly #joined: Float64Array;
  readonly #mixed: Float64Array;
  readonly #error: Float64Array;
  /** [3]: the target in each unit. */
  readonly #targets: Float64Array;
  /** [1]: the target in the deviations in which the answers were given. */
  readonly #truth: Float64Array;

  constructor(options: CommitteeOptions, arena: Arena) {
    const { features, seed, effort } = options;
    const names = namesFor(options);
    const experts = names.length;
    const placed = arena.place(blocksFor(options, experts));
    const { row } = placed;
    this.#row = row;
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
    this.constant = placed.constant;
    this.losses = placed.losses;
    this.#error = placed.error;
    this.#targets = placed.targets;
    this.#truth = placed.truth;
    this.#random = createRandom(seed);
    this.#course = new TargetCourse(arena);
    const inputs = { features: this.features, withTargets: this.#withTargets, line: this.#line, row };
    const { members, level, change } = membersFor(options, names, inputs, this.#random, arena);
    this.replayed = level;
    this.#change = change;
    this.panel = new Panel({ members, effort, replayed: [level, change], factor: 2, margin: 1 });
    this.#levelAt = names.indexOf("replayed-level");
    this.#recentAt = names.indexOf("least-squares-recent");
    this.#neighboursAt = names.indexOf("neighbours");
    const { asleep } = this.panel;
    this.#mix = new NumberMix({ experts, asleep }, arena);
    this.#caution = new FadingWeights(cautionOptions, arena);
  }

  get hasTarget(): boolean {
    return this.#course.values[course.known] > 0;
  }

  get targetStatistic(): ColumnStatistic {
    return this.#course.statistic;
  }

  writeWeights(weights: Float64Array): void {
    const { lasting, fading, rules } = this.#mix;
    weights.fill(0);
    this.panel.addShares(weights, lasting.weights, rules.weights, 0);
    this.panel.addShares(weights, fading.weights, rules.weights, 1);
    this.panel.addConstant(weights, this.#caution.weights);
  }

  predict(row: number): void {
    this.#course.ask(row);
    this.#writeTargets();
    this.#writeLine();
    this.#setUnit();
    this.#wakeRecent();
    const { members, asleep } = this.panel;
    for (let k = 0; k < members.length; k++) {
      const { expert, inputs } = members[k];
      if (asleep[k] === 0) expert.predict(inputs, this.answers, k);
      else this.answers[k] = 0;
      this.#scale(k);
    }
    this.#join();
  }

  /** Least squares of the recent rows say the same as those of all until there are more rows than they remember. */
  #wakeRecent(): void {
    const { asked: isAsked, asleep } = this.panel;
    if (this.#recentAt < 0 || isAsked[this.#recentAt] === 0) return;
    const isYoung = this.#course.asked[asked.known] < recentRows(this.features.length);
    asleep[this.#recentAt] = isYoung ? 1 : 0;
  }

  /** Joins the answers of the experts, and these with the constant, in the units in which the row was predicted. */
  #join(): void {
    const { asked: then } = this.#course;
    const mean = then[asked.mean];
    const deviation = then[asked.deviation];
    this.constant[0] = then[asked.median];
    this.#mix.mix(this.#scaled, this.#joined);
    this.#joined[1] = (this.constant[0] - mean) / deviation;
    this.#caution.mix(this.#joined, this.#mixed, 0);
    this.answer[0] = mean + deviation * this.#mixed[0];
  }

  /** Writes the answer of expert `k` in deviations, within the range of the targets; without one, that of no change. */
  #scale(k: number): void {
    const { values } = this.#course;
    const scaled = this.#scaled;
    const mean = values[course.mean];
    const deviation = values[course.deviation];
    const known = values[course.known];
    const last = known > 0 ? (values[course.last] - mean) / deviation : 0;
    const { unit } = this.panel.members[k];
    const answer = this.answers[k];
    scaled[k] = answer;
    if (unit === Unit.Change) scaled[k] = last + answer * values[course.change];
    else if (unit === Unit.Target) scaled[k] = (answer - mean) / deviation;
    if (!Number.isFinite(scaled[k])) {
      scaled[k] = last;
      this.panel.heal(k);
    }
    if (known > 0) this.#course.bound(scaled, k);
    this.answers[k] = mean + deviation * scaled[k];
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
    for (let i = 0; i < askedNumbers; i++) doubles[doublesAt + i] = this.#course.asked[i];
  }

  /** The rules join the answers of then by what they know now: they learn what the answers were worth, so late. */
  recall(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void {
    const row = this.#row;
    const line = this.#line;
    const scaled = this.#scaled;
    const then = this.#course.asked;
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
    for (let i = 0; i < askedNumbers; i++) then[i] = doubles[doublesAt + i];
    for (let k = 0; k < scaled.length; k++) {
      scaled[k] = singles[from + k];
      this.answers[k] = then[asked.mean] + then[asked.deviation] * scaled[k];
    }
    this.#wakeRecent();
    this.#join();
  }

  /** The last two targets, in deviations, follow the features. */
  #writeTargets(): void {
    const { values } = this.#course;
    const inputs = this.#withTargets;
    const count = this.features.length;
    const mean = values[course.mean];
    const deviation = values[course.deviation];
    const known = values[course.known];
    inputs[count] = known > 0 ? clip((values[course.last] - mean) / deviation, targetBound) : 0;
    inputs[count + 1] =
      known > 1 ? clip((values[course.secondLast] - mean) / deviation, targetBound) : inputs[count];
  }

  #writeLine(): void {
    const { features } = this;
    const line = this.#line;
    const count = features.length;
    const hasPrevious = this.hasTarget;
    for (let i = 0; i < count; i++) {
      line[i] = features[i];
      line[count + i] = hasPrevious ? features[i] - this.#previous[i] : 0;
    }
    line[2 * count] = this.#withTargets[count];
    line[2 * count + 1] = this.#withTargets[count + 1];
  }

  /** The network of the level answers and learns in the target's units. */
  #setUnit(): void {
    if (this.replayed === null) return;
    this.replayed.unit[0] = this.#course.values[course.mean];
    this.replayed.unit[1] = this.#course.values[course.deviation];
  }

  learn(targets: Float64Array, targetAt: number): boolean {
    if (!this.#learnRow(targets, targetAt)) return false;
    if (this.panel.effort !== "low") {
      this.replayed?.learn(this.features, this.#targets, Unit.Target);
      if (this.#hadTarget) this.#change?.learn(this.#withTargets, this.#targets, Unit.Change);
    }
    this.#follow(targets, targetAt);
    this.#course.values[course.known]++;
    return true;
  }

  correct(targets: Float64Array, targetAt: number): boolean {
    if (!this.#learnRow(targets, targetAt)) return false;
    if (this.panel.effort !== "low") {
      this.replayed?.correct(this.features, this.#targets, Unit.Target);
      if (this.#hadTarget) this.#change?.correct(this.#withTargets, this.#targets, Unit.Change);
    }
    this.#follow(targets, targetAt);
    return true;
  }

  /** Whether a target was known when the row was predicted, from which its own is a change. */
  get #hadTarget(): boolean {
    return this.#course.asked[asked.known] > 0;
  }

  /** All of it but the replayed networks. */
  #learnRow(targets: Float64Array, targetAt: number): boolean {
    const { statistic, values, asked: then } = this.#course;
    statistic.learn(targets, targetAt);
    if (!statistic.isUsed(0)) return false;
    if (statistic.isBegunByGlitch(0)) this.#forgetAll();
    else if (statistic.isBeginning(0) && this.hasTarget) this.#forgetTargets();
    const own = this.#targets;
    own[Unit.Target] = targets[targetAt];
    // Until there are two there is no scale on which to judge an answer.
    this.#truth[0] = (targets[targetAt] - then[asked.mean]) / then[asked.deviation];
    if (then[asked.known] > 1) this.#learnMix();
    this.#course.measure();
    this.#course.widen(targets, targetAt);
    this.#course.learnMedian(targets, targetAt);
    own[Unit.Level] = (targets[targetAt] - values[course.mean]) / values[course.deviation];
    const hadTarget = this.#hadTarget;
    if (hadTarget) this.#course.learnChange(targets, targetAt, own, Unit.Change);
    this.#setUnit();
    const { members, inTurn, asked: isAsked } = this.panel;
    for (let k = 0; k < members.length; k++) {
      const { expert, inputs, unit } = members[k];
      if (inTurn[k] === 1 || isAsked[k] === 0 || (unit === Unit.Change && !hadTarget)) continue;
      expert.learn(inputs, own, unit);
    }
    return true;
  }

  /** Takes the target for the last one, unless that of a later row is known. */
  #follow(targets: Float64Array, targetAt: number): void {
    if (this.#course.follow(targets, targetAt)) this.#previous.set(this.features);
  }

  /** Nothing is left of the targets so far: they had another scale. */
  #forgetTargets(): void {
    this.#course.forget();
    this.#usual.forget();
    this.panel.keepNewest(0);
  }

  /** Starts over: what was learned of the first rows is of a target that could not be true. */
  #forgetAll(): void {
    this.#forgetTargets();
    this.panel.restart();
    this.#mix.restart();
    this.#caution.restart();
  }

  /** Drift, rules and health, in the units in which the answers were given. */
  #learnMix(): void {
    const scaled = this.#scaled;
    const experts = scaled.length;
    const target = this.#truth;
    const { scale } = this.#usual;
    this.#watchDrift();
    this.#mix.learn(scaled, target, scale);
    this.#caution.learn(this.#joined, target, scale);
    for (let k = 0; k < experts; k++) this.losses[k] = Math.abs(scaled[k] - target[0]);
    this.losses[experts] = Math.abs(target[0]);
    this.panel.judge(this.losses);
    this.#error[0] = Math.abs(this.#mixed[0] - target[0]);
    this.#usual.learn(this.#error);
  }

  #watchDrift(): void {
    if (this.#levelAt < 0 || this.panel.effort === "low") return;
    let answer = this.#scaled[this.#levelAt];
    if (this.#neighboursAt >= 0) answer = 0.5 * (answer + this.#scaled[this.#neighboursAt]);
    this.#error[0] = Math.min(Math.abs(answer - this.#truth[0]), largestForDrift);
    if (this.drift.observe(this.#error)) this.panel.keepNewest(keptAtAlarm);
  }

  #parts() {
    const { statistic } = this.#course;
    return [
      ...this.panel.parts(),
      statistic,
      this.drift,
      this.panel.health,
      ...this.#mix.parts,
      this.#caution,
    ];
  }

  #arrays() {
    return { previous: this.#previous, ...this.#course.arrays(), ...this.#usual.arrays() };
  }

  state(): State {
    return {
      parts: this.#parts().map((part) => part.state()),
      draws: this.#random.state(),
      ...this.#arrays(),
    };
  }

  restore(given: State): void {
    const state = (given ?? {}) as { [key: string]: State };
    restoreTogether(this.#parts(), state["parts"] as State[]);
    this.#random.restore(state["draws"] as number[]);
    restoreArrays(this.#arrays(), state, "numbers", {
      previous: within(-featureBound, featureBound),
      scale: positive,
      errors: whole,
      course: faultOfCourse,
      labelled: wholeWithin(-1, largestCount),
    });
  }
}
const clip = (value: number, bound: number) => Math.min(Math.max(value, -bound), bound);
