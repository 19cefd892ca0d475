/** A single network that one from outside can replace; it returns where the other one does worse. */
import type { Network } from "../engine/running/network.ts";
import type { NetworkState } from "../engine/running/network-state.ts";
import type { Extraction } from "../features/extraction.ts";
import { extendedBlock, restoreBlock } from "../features/restore.ts";
import { takeLogarithm } from "../logarithm.ts";
import type { TakenIn } from "../model-status.ts";
import type { State } from "../state.ts";
import { finite, parts, whole, wholeWithin } from "../state-check.ts";
import { HeldSamples, type HeldSizes } from "./held-samples.ts";
import { createNetworkLearner, type Learner, type LearnerDescription, type LearnerState } from "./learner.ts";
import type { LearnerOptions } from "./learner-options.ts";
import type { ModelHost, OutsideModel } from "./outside-model.ts";
import type { PrequentialLearner, TrainingCounts } from "./prequential-learner.ts";

/** Batches of the samples side by side: losses of successive samples are correlated, their means much less. */
const batches = 25;
/**
 * Before all samples have come, only a difference of this many standard errors, over this many batches, ends the comparison. Of
 * fewer batches the standard error itself is too uncertain to be looked at again and again: with looks from the fifth batch
 * on, 3 % more of equally good networks went back.
 */
const earlyErrors = 5;
const earlyBatches = 10;
const lateErrors = 2;
/**
 * Where the loss is more than doubled, fewer are enough, and sooner. Such a model often learns better within some batches,
 * and the fall of its loss makes the standard error large.
 */
const doubledErrors = 1.5;
const doubledBatches = 5;
/** A class has at least this probability in the loss. */
const smallest = 1e-15;

const at = {
  /** 0 none, 1 side by side, 2 in use, 3 went back. */
  phase: 0,
  /** Numbers of the networks in use and beside, counted from 1. */
  serial: 1,
  otherSerial: 2,
  /** Samples side by side, and the sum of the differences of their losses: new less old. */
  samples: 3,
  sum: 4,
  /** Of the present batch, and of the whole ones their number, sum and sum of squares. */
  batchSum: 5,
  batchSamples: 6,
  batches: 7,
  means: 8,
  squares: 9,
  /** Sum of the losses of the network before. */
  lossBefore: 10,
} as const;
const blockLength = 11;
/** Numbers of the block before the losses of the network before were summed. */
const withoutLossBefore = 10;
const aboveAllLosses = 1e99;
const sane = parts(finite, [
  [at.phase, wholeWithin(0, 3)],
  [at.serial, whole],
  [at.otherSerial, whole],
  [at.samples, whole],
  [at.batchSamples, whole],
  [at.batches, whole],
]);

export interface ReplaceableOptions extends LearnerOptions {
  /** Samples for which both networks run. */
  sideBySide: number;
}

/** The state of the network in use, with the comparison and, while both run, the state of the other one. */
type ReplaceableState = LearnerState & { outside: Float64Array; beside?: State };

/**
 * Room for two networks of one description. A model that is taken in answers from the next sample on; the network before
 * it goes on learning beside it, each with its own statistics. After `sideBySide` samples that both predicted before they
 * learned them, the old one is back if the mean difference of their losses is against the new one by two standard errors
 * (of the means of 25 batches: Law and Kelton), or earlier where it is by five, or by one and a half and the loss has more
 * than doubled.
 *
 * A label for a sample that neither network has answered, as both came later, is counted and not learned from.
 */
export class ReplaceableNetwork implements PrequentialLearner, ModelHost {
  readonly hasRoom = true;
  readonly extraction: Extraction | null;
  readonly columns: readonly string[];
  readonly classes: number;
  readonly heldSizes: HeldSizes;
  readonly #sideBySide: number;
  readonly #batchSize: number;
  /** The network in use, and the other one. */
  #current: Learner;
  #other: Learner;
  readonly #block = new Float64Array(blockLength);
  /** Of a network that has just been taken in. */
  readonly #blank: Pick<LearnerState, "batch" | "health">;
  /** What one network keeps of a held sample. */
  readonly #held: HeldSamples;
  /** [2]: losses of the new network and of the old one. */
  readonly #losses = new Float64Array(2);

  /** @throws RivuletError as `createNetworkLearner` */
  constructor({ sideBySide, ...options }: ReplaceableOptions) {
    this.#current = createNetworkLearner(options);
    this.#other = createNetworkLearner(options);
    this.#sideBySide = sideBySide;
    this.#batchSize = Math.max(1, Math.floor(sideBySide / batches));
    const { extraction, columns, classes, heldSizes } = this.#current;
    this.extraction = extraction;
    this.columns = columns;
    this.classes = classes;
    this.#held = new HeldSamples(heldSizes, 1);
    this.heldSizes = {
      singles: 2 * heldSizes.singles,
      doubles: 2 * heldSizes.doubles + 2,
      guest: { singles: heldSizes.singles, doubles: heldSizes.doubles + 2 },
    };
    const { batch, health } = this.#other.state();
    this.#blank = structuredClone({ batch, health });
    this.#block[at.serial] = 1;
  }

  get network(): Network {
    return this.#current.network;
  }

  /** The network in use, and the other one. */
  get networks(): Network[] {
    return [this.#current.network, this.#other.network];
  }

  get health(): Learner["health"] {
    return this.#current.health;
  }

  get metrics(): Learner["metrics"] {
    return this.#current.metrics;
  }

  get prediction(): Float64Array {
    return this.#current.prediction;
  }

  get predictedClass(): number {
    return this.#current.predictedClass;
  }

  get isInformed(): boolean {
    return this.#current.isInformed;
  }

  get samplesSeen(): number {
    return this.#current.samplesSeen;
  }

  get refusals(): Learner["refusals"] {
    return this.#current.refusals;
  }

  get unanswered(): number {
    return this.#current.unanswered;
  }

  get unlabelled(): number {
    return this.#current.unlabelled;
  }

  set unlabelled(count: number) {
    this.#current.unlabelled = count;
  }

  get glitches(): Learner["glitches"] {
    return this.#current.glitches;
  }

  get recoveries(): number {
    return this.#current.recoveries;
  }

  /** The other one may be worse, but is part of the state while both run. */
  get isHealthy(): boolean {
    return this.#current.isHealthy && !(this.#isSideBySide && this.#other.hasOverflowed);
  }

  healOverflow(): void {
    this.#current.healOverflow();
    this.#other.healOverflow();
  }

  get counts(): TrainingCounts {
    return this.#current.counts;
  }

  get memory(): Learner["memory"] {
    const { bytes, kernels } = this.#current.memory;
    return { bytes: bytes + this.#other.memory.bytes, kernels };
  }

  get modelPhase(): number {
    return this.#block[at.phase];
  }

  get #isSideBySide(): boolean {
    return this.#block[at.phase] === 1;
  }

  get takenIn(): TakenIn | null {
    const block = this.#block;
    const samples = block[at.samples];
    const difference = samples > 0 ? block[at.sum] / samples : null;
    if (this.modelPhase === 0) return null;
    if (this.modelPhase < 3) {
      return { state: this.#isSideBySide ? "side by side" : "in use", samples, difference };
    }
    const by = `${(difference as number).toPrecision(3)} in the mean of ${samples} samples`;
    const reason = `its loss was higher by ${by}, and the network before it is back`;
    return { state: "went back", reason, samples, difference };
  }

  /** The network that is in use and proven stays the other one, also where a second model comes before a first is. */
  takeIn({ network, features, target, classNames = [] }: OutsideModel): void {
    const own = structuredClone(this.#current.state());
    const block = this.#block;
    const isSecond = this.#isSideBySide;
    const [entering, kept] = isSecond ? [this.#current, this.#other] : [this.#other, this.#current];
    entering.restore({
      ...own,
      ...(this.extraction === null ? {} : { extraction: structuredClone(this.extraction.state()) }),
      network: { ...(network as NetworkState), ...ownSchedule(kept), snapshot: [] },
      features,
      target,
      ...this.#blank,
    } as unknown as State);
    const keptSerial = block[isSecond ? at.otherSerial : at.serial];
    const newest = Math.max(block[at.serial], block[at.otherSerial]) + 1;
    [this.#current, this.#other] = [entering, kept];
    block.fill(0);
    block[at.phase] = 1;
    block[at.serial] = newest;
    block[at.otherSerial] = keptSerial;
    this.adoptClassNames(classNames);
  }

  observe(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    const { extraction } = this;
    if (extraction === null) return this.#observeRow(values, offset);
    // A row that goes into a window makes none by itself.
    if (!extraction.push(values, offset, times, timeAt)) return true;
    return this.#observeRow(extraction.row, 0);
  }

  #observeRow(values: Float64Array, offset: number): boolean {
    const isLabelled = this.isLabelled(values, offset);
    if (isLabelled && !this.accepts(values, offset)) return false;
    if (!isLabelled && !this.#current.hasFiniteFeatures(values, offset)) {
      this.#current.refusals.notFinite++;
      return false;
    }
    this.predictValidated(values, offset);
    if (isLabelled) this.learnValidated(values, offset);
    else this.passUnlabelled();
    return true;
  }

  predict(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    const { extraction } = this;
    let [row, rowAt] = [values, offset];
    if (extraction !== null) {
      if (!extraction.push(values, offset, times, timeAt)) return false;
      [row, rowAt] = [extraction.row, 0];
    }
    if (!this.#current.hasFiniteFeatures(row, rowAt)) return false;
    this.predictValidated(row, rowAt);
    return true;
  }

  predictValidated(values: Float64Array, offset: number): void {
    this.#current.predictValidated(values, offset);
    if (this.#isSideBySide) this.#other.predictValidated(values, offset);
  }

  learnValidated(values: Float64Array, offset: number): boolean {
    if (!this.#isSideBySide) return this.#current.learnValidated(values, offset);
    this.#compare(values, offset + this.#current.targetAt);
    const isLearned = this.#current.learnValidated(values, offset);
    this.#other.learnValidated(values, offset);
    if (isLearned) this.#decide();
    return isLearned;
  }

  passUnlabelled(): void {
    this.#current.passUnlabelled();
    if (this.#isSideBySide) this.#other.passUnlabelled();
  }

  /** Writes the losses of both answers to this target. */
  #compare(targets: Float64Array, targetAt: number): void {
    const losses = this.#losses;
    const target = targets[targetAt];
    const [one, other] = [this.#current.prediction, this.#other.prediction];
    if (this.classes === 0) {
      losses[0] = Math.abs(one[0] - target);
      losses[1] = Math.abs(other[0] - target);
      return;
    }
    losses[0] = Math.max(one[target], smallest);
    losses[1] = Math.max(other[target], smallest);
    takeLogarithm(losses, 0);
    takeLogarithm(losses, 1);
    losses[0] = -losses[0];
    losses[1] = -losses[1];
  }

  /** Adds the difference of the losses, and decides where there is enough of it. */
  #decide(): void {
    const block = this.#block;
    const difference = this.#losses[0] - this.#losses[1];
    block[at.samples]++;
    block[at.sum] += difference;
    block[at.lossBefore] += this.#losses[1];
    block[at.batchSum] += difference;
    block[at.batchSamples]++;
    const isWhole = block[at.batchSamples] === this.#batchSize;
    if (isWhole) {
      const mean = block[at.batchSum] / this.#batchSize;
      block[at.batches]++;
      block[at.means] += mean;
      block[at.squares] += mean * mean;
      block[at.batchSum] = 0;
      block[at.batchSamples] = 0;
    }
    const isOver = block[at.samples] >= this.#sideBySide;
    if (!isOver && !isWhole) return;
    const isDoubled = block[at.sum] > block[at.lossBefore];
    if (isOver && !this.#isWorse(isDoubled ? doubledErrors : lateErrors)) block[at.phase] = 2;
    else if (isOver || this.#isWorseEarly(isDoubled)) this.#goBack();
  }

  #isWorseEarly(isDoubled: boolean): boolean {
    const count = this.#block[at.batches];
    if (isDoubled && count >= doubledBatches) return this.#isWorse(doubledErrors);
    return count >= earlyBatches && this.#isWorse(earlyErrors);
  }

  /** Whether the mean difference is against the new network by `errors` standard errors. */
  #isWorse(errors: number): boolean {
    const block = this.#block;
    const count = block[at.batches];
    if (count < 2) return false;
    const mean = block[at.means] / count;
    const variance = Math.max(0, block[at.squares] / count - mean * mean) / (count - 1);
    return mean > 0 && mean > errors * Math.sqrt(variance);
  }

  /** The scores stay those of the answers that were given, so they are copied to the network that returns. */
  #goBack(): void {
    this.#other.healOverflow();
    const { metrics, refusals, unanswered, unlabelled, samplesSeen } = this.#current.state();
    const answered = { metrics, refusals, unanswered, unlabelled, samplesSeen };
    this.#other.restore(structuredClone({ ...this.#other.state(), ...answered }) as unknown as State);
    [this.#current, this.#other] = [this.#other, this.#current];
    const block = this.#block;
    const [serial, otherSerial] = [block[at.serial], block[at.otherSerial]];
    block[at.serial] = otherSerial;
    block[at.otherSerial] = serial;
    block[at.phase] = 3;
  }

  hold(held: HeldSamples, slot: number): void {
    const { singles, doubles, sizes } = held;
    const own = this.#held;
    this.#current.hold(own, 0);
    this.#copyHeld(own.singles, own.doubles, held, slot, 0);
    const tagsAt = slot * sizes.doubles + 2 * own.sizes.doubles;
    doubles[tagsAt] = this.#block[at.serial];
    doubles[tagsAt + 1] = 0;
    if (!this.#isSideBySide) {
      singles.fill(0, slot * sizes.singles + own.sizes.singles, (slot + 1) * sizes.singles);
      return;
    }
    this.#other.hold(own, 0);
    this.#copyHeld(own.singles, own.doubles, held, slot, 1);
    doubles[tagsAt + 1] = this.#block[at.otherSerial];
  }

  #copyHeld(
    singles: Float32Array,
    doubles: Float64Array,
    held: HeldSamples,
    slot: number,
    part: number,
  ): void {
    const singlesAt = slot * held.sizes.singles + part * singles.length;
    const doublesAt = slot * held.sizes.doubles + part * doubles.length;
    for (let i = 0; i < singles.length; i++) held.singles[singlesAt + i] = singles[i];
    for (let i = 0; i < doubles.length; i++) held.doubles[doublesAt + i] = doubles[i];
  }

  learnHeld(held: HeldSamples, slot: number, targets: Float64Array, targetAt: number): void {
    const isFirst = Number.isNaN(held.targets[slot]);
    const other = this.#isSideBySide
      ? this.#learnHeldBy(this.#other, at.otherSerial, held, slot, targets, targetAt)
      : "not answered";
    const own = this.#learnHeldBy(this.#current, at.serial, held, slot, targets, targetAt);
    // Still without a label, as where the learner is alone.
    if (own === "refused") return;
    if (isFirst && own === "not answered") {
      this.#current.samplesSeen++;
      this.#current.unlabelled--;
    }
    held.targets[slot] = targets[targetAt];
    if (!isFirst || own !== "learned" || other !== "learned") return;
    this.#compare(targets, targetAt);
    this.#decide();
  }

  /** Lets a network learn a held sample that it has answered, unless the target cannot be true. */
  #learnHeldBy(
    learner: Learner,
    serialAt: number,
    held: HeldSamples,
    slot: number,
    targets: Float64Array,
    targetAt: number,
  ): "learned" | "refused" | "not answered" {
    const own = this.#held;
    const tagsAt = slot * held.sizes.doubles + 2 * own.sizes.doubles;
    const serial = this.#block[serialAt];
    // Without a tag it was held before there was room for two: by the network of then, the first one.
    const part = (held.doubles[tagsAt] || 1) === serial ? 0 : held.doubles[tagsAt + 1] === serial ? 1 : -1;
    if (part < 0) return "not answered";
    const singlesAt = slot * held.sizes.singles + part * own.sizes.singles;
    const doublesAt = slot * held.sizes.doubles + part * own.sizes.doubles;
    for (let i = 0; i < own.singles.length; i++) own.singles[i] = held.singles[singlesAt + i];
    for (let i = 0; i < own.doubles.length; i++) own.doubles[i] = held.doubles[doublesAt + i];
    own.targets[0] = held.targets[slot];
    learner.learnHeld(own, 0, targets, targetAt);
    return Number.isNaN(own.targets[0]) ? "refused" : "learned";
  }

  accepts(values: Float64Array, offset: number): boolean {
    return this.#current.accepts(values, offset);
  }

  isLabelled(values: Float64Array, offset: number): boolean {
    return this.#current.isLabelled(values, offset);
  }

  acceptsTarget(values: Float64Array, offset: number): boolean {
    return this.#current.acceptsTarget(values, offset);
  }

  report(): ReturnType<Learner["report"]> {
    return this.#current.report();
  }

  describe(): LearnerDescription {
    return this.#current.describe();
  }

  outgoing(): OutsideModel {
    return this.#current.outgoing();
  }

  adoptClassNames(names: readonly string[]): void {
    this.#current.adoptClassNames(names);
    this.#other.adoptClassNames(names);
  }

  /** That of the network in use, which a learner without room continues from too; and while both run, of the other one. */
  state(options: { reuse?: boolean } = {}): ReplaceableState {
    return {
      ...this.#current.state(options),
      ...(this.extraction === null ? {} : { extraction: this.extraction.state() }),
      outside: this.#block,
      ...(this.#isSideBySide ? { beside: this.#other.state(options) as unknown as State } : {}),
    };
  }

  restore(given: State): void {
    const { outside, beside } = (given ?? {}) as { outside?: State; beside?: State };
    const block = new Float64Array(blockLength);
    block[at.serial] = 1;
    if (outside !== undefined) restoreBlock(block, withLossBefore(outside), "comparison of networks", sane);
    if (block[at.phase] === 1) this.#other.restore(beside ?? null);
    this.#current.restore(given);
    // The one that makes rows for both is not always that of the network in use.
    if (this.extraction !== null) this.extraction.restore((given as { extraction: State }).extraction);
    this.#block.set(block);
  }
}

/**
 * Builds a single network with room for one from outside.
 * @throws RivuletError as `createNetworkLearner`, also where the two together need more than the budget
 */
export function createReplaceableNetwork(options: ReplaceableOptions): ReplaceableNetwork {
  const { budgetBytes, ...memory } = options.memory ?? {};
  if (budgetBytes === undefined) return new ReplaceableNetwork(options);
  return new ReplaceableNetwork({
    ...options,
    memory: { ...memory, budgetBytes: Math.floor(budgetBytes / 2) },
  });
}

/**
 * What a network from outside has from the one before it: rate and schedule are the device's own. Without a schedule its
 * updates go on being counted, as what its optimizer keeps depends on their number.
 */
function ownSchedule({ network }: Learner): Partial<NetworkState> {
  const { skipped, learningRate, updates, plateau } = network.state();
  return { skipped, learningRate, plateau, ...(network.model.schedule ? { updates } : {}) };
}

/** In a comparison whose losses were not summed from its first sample on, no loss counts as doubled. */
const withLossBefore = (block: State): State =>
  extendedBlock(block, withoutLossBefore, blockLength, aboveAllLosses);

/** Whether the state of a learner holds a second network, which a learner without room leaves out. */
export const hasNetworkBeside = (state: unknown): boolean =>
  typeof state === "object" && state !== null && "beside" in state;
