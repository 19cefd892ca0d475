/** Joins labels that come late to the samples they are about: by button, by HTTP, by another program. */
import { RivuletError } from "../../errors/errors.ts";
import { HeldSamples } from "../../learner/held-samples.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { type SteadyClock, steadyClock } from "../../samples/sources/clock.ts";
import type { State, Stateful } from "../../state.ts";
import { sliceMs } from "../sample-reader.ts";
import { type LabelRequest, type LabelTarget, parseLabels } from "./label-request.ts";

/** What became of labels, in samples. */
export interface LabelOutcome {
  /** Samples that had no label: they are learned from. */
  joined: number;
  /** Samples that had another label: the later one counts, and they are learned from again. */
  corrected: number;
  /** Samples that are no longer kept, as they came too long ago. */
  expired: number;
  /** Samples that never came, or were not kept: refused, or taken in a pause. */
  unknown: number;
  /** Samples that had the same label, and labels whose id came before. */
  repeated: number;
}

const keptIds = 1024;
/** A time this far from the nearest sample is not meant for it, unless it lies between two of them. */
const toleranceMs = 1000;

const noOutcome = (): LabelOutcome => ({ joined: 0, corrected: 0, expired: 0, unknown: 0, repeated: 0 });

export interface LateLabelsOptions {
  learner: PrequentialLearner;
  /** Samples that are kept at most. */
  samples: number;
  /** How long a sample waits for its label. */
  keepMs: number;
  target: LabelTarget;
  clock?: SteadyClock;
  /**
   * Whether what is kept stands for the samples since the one before, as the row of a window does: then a label joins the
   * one that holds its sample or its time. Default false.
   */
  ofWindows?: boolean;
  /** Number of the newest sample, kept or not; the first is 1. */
  newest: () => number;
  /** Whether learning is paused. */
  isPaused?: () => boolean;
  /** Called once the sample with this number was learned with `targets[at]`. */
  onLearned?: (number: number, targets: Float64Array, at: number) => void;
}

/**
 * Keeps the latest samples, as they were predicted, for labels that come later. What a label joins is learned from in the
 * order of the labels, in slices of time between which the source is read.
 */
export class LateLabels implements Stateful {
  /** Since the process began. */
  readonly counts = noOutcome();
  readonly #learner: PrequentialLearner;
  readonly #held: HeldSamples;
  readonly #keepMs: number;
  readonly #target: LabelTarget;
  readonly #clock: SteadyClock;
  readonly #newest: () => number;
  readonly #ofWindows: boolean;
  readonly #isPaused: () => boolean;
  readonly #onLearned: (number: number, targets: Float64Array, at: number) => void;
  /** The label that a sample has but is not yet learned with; NaN where there is none, [samples]. */
  readonly #pending: Float64Array;
  /** Slots of these, in the order of their labels: a ring. */
  readonly #queue: Uint32Array;
  #queueAt = 0;
  #queued = 0;
  /** [1] An array, so that V8 boxes no number. */
  readonly #label = new Float64Array(1);
  #ids = new Set<string>();
  #isScheduled = false;

  constructor(options: LateLabelsOptions) {
    const { learner, samples, keepMs, target, newest } = options;
    this.#learner = learner;
    this.#held = new HeldSamples(learner.heldSizes, samples);
    this.#keepMs = keepMs;
    this.#target = target;
    this.#clock = options.clock ?? steadyClock;
    this.#newest = newest;
    this.#ofWindows = options.ofWindows ?? false;
    this.#isPaused = options.isPaused ?? (() => false);
    this.#onLearned = options.onLearned ?? (() => {});
    this.#pending = new Float64Array(samples).fill(Number.NaN);
    this.#queue = new Uint32Array(samples);
  }

  /** Samples that are kept, labelled or not. */
  get length(): number {
    return this.#held.length;
  }

  /** Learns from the oldest sample if it has its label, as the next one may replace it. Allocates nothing. */
  makeRoom(): void {
    const held = this.#held;
    if (held.length < held.capacity) return;
    // Labels before it in the queue come first, or the order of learning would depend on the size of the ring.
    while (!Number.isNaN(this.#pending[held.slotAt(0)])) this.#learnNext();
  }

  /**
   * Keeps the sample that the learner predicted last, once it was learned with `targets[at]`, or passed without a target,
   * which is NaN then. Allocates nothing.
   */
  hold(number: number, time: number, targets: Float64Array, at: number): void {
    const held = this.#held;
    const slot = held.add(number, time);
    held.targets[slot] = targets[at];
    this.#learner.hold(held, slot);
  }

  /**
   * Reads labels as text and applies them: see `parseLabels`.
   * @throws RivuletError, with nothing changed, where one is malformed or learning is paused
   */
  post(text: string): LabelOutcome {
    const total = noOutcome();
    for (const request of parseLabels(text, this.#target)) {
      const outcome = this.apply(request);
      for (const key of Object.keys(total) as (keyof LabelOutcome)[]) total[key] += outcome[key];
    }
    return total;
  }

  /**
   * Joins a label to its samples, which are learned from soon; of a range of time only samples with numbers above `after`.
   * @throws RivuletError, with nothing changed, while learning is paused
   */
  apply({ samples, label, id }: LabelRequest, { after = 0 } = {}): LabelOutcome {
    if (this.#isPaused()) {
      throw new RivuletError(
        "label.paused",
        "learning is paused, so no label is accepted; send it again once learning is resumed",
      );
    }
    const outcome = noOutcome();
    if (id !== null && this.#ids.has(id)) outcome.repeated++;
    else {
      if (id !== null) this.#rememberId(id);
      if ("sequence" in samples) this.#joinNumber(samples.sequence, label, outcome);
      else if ("at" in samples) this.#joinNearest(this.#steady(samples.at), label, outcome);
      else if ("from" in samples) {
        this.#joinRange(this.#steady(samples.from), this.#steady(samples.to), label, outcome, after);
      } else {
        const now = this.#clock.now();
        this.#joinRange(now - samples.last, now, label, outcome, after);
      }
    }
    for (const key of Object.keys(outcome) as (keyof LabelOutcome)[]) this.counts[key] += outcome[key];
    this.#schedule();
    return outcome;
  }

  #rememberId(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= keptIds) return;
    const [oldest] = this.#ids;
    this.#ids.delete(oldest);
  }

  /** Times of samples follow the clock as it was at the start; it may have been set since. */
  #steady(time: number): number {
    return time - this.#clock.systemAhead();
  }

  #joinNumber(number: number, label: number, outcome: LabelOutcome): void {
    const held = this.#held;
    const isOlder = held.length > 0 && number < held.numberIn(held.slotAt(0));
    const slot = this.#ofWindows && !isOlder ? held.findFrom(number) : held.find(number);
    if (slot >= 0) this.#join(slot, label, outcome);
    else if (number < 1 || number > this.#newest()) outcome.unknown++;
    // Newer than the oldest that is kept: refused, or taken in a pause.
    else if (held.length > 0 && number > held.numberIn(held.slotAt(0))) outcome.unknown++;
    else outcome.expired++;
  }

  #joinNearest(time: number, label: number, outcome: LabelOutcome): void {
    if (this.#ofWindows) {
      this.#joinWindow(time, label, outcome);
      return;
    }
    const held = this.#held;
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    let isBefore = false;
    let isAfter = false;
    for (let index = 0; index < held.length; index++) {
      const slot = held.slotAt(index);
      const off = held.times[slot] - time;
      if (off <= 0) isBefore = true;
      if (off >= 0) isAfter = true;
      if (Math.abs(off) >= distance) continue;
      distance = Math.abs(off);
      best = slot;
    }
    if (best >= 0 && ((isBefore && isAfter) || distance <= toleranceMs)) {
      this.#join(best, label, outcome);
    } else if (isBefore || time > this.#clock.now()) outcome.unknown++;
    else outcome.expired++;
  }

  /** Joins a label to the first row that was made at this time or after it. */
  #joinWindow(time: number, label: number, outcome: LabelOutcome): void {
    const held = this.#held;
    for (let index = 0; index < held.length; index++) {
      const slot = held.slotAt(index);
      if (held.times[slot] < time) continue;
      // The oldest row that is kept may be far behind.
      if (index > 0 || held.times[slot] - time <= toleranceMs) this.#join(slot, label, outcome);
      else outcome.expired++;
      return;
    }
    outcome.unknown++;
  }

  #joinRange(from: number, to: number, label: number, outcome: LabelOutcome, after: number): void {
    const held = this.#held;
    let found = 0;
    for (let index = 0; index < held.length; index++) {
      const slot = held.slotAt(index);
      if (held.times[slot] < from || held.times[slot] > to) continue;
      found++;
      if (held.numberIn(slot) > after) this.#join(slot, label, outcome);
    }
    if (found > 0) return;
    const isEarlier = held.length > 0 && to < held.times[held.slotAt(0)];
    if (isEarlier) outcome.expired++;
    else outcome.unknown++;
  }

  #join(slot: number, label: number, outcome: LabelOutcome): void {
    const held = this.#held;
    const pending = this.#pending[slot];
    const isPending = !Number.isNaN(pending);
    const present = isPending ? pending : held.targets[slot];
    if (this.#clock.now() - held.times[slot] > this.#keepMs) outcome.expired++;
    else if (present === label) outcome.repeated++;
    else {
      if (Number.isNaN(present)) outcome.joined++;
      else outcome.corrected++;
      this.#pending[slot] = label;
      if (!isPending) this.#enqueue(slot);
    }
  }

  #enqueue(slot: number): void {
    this.#queue[(this.#queueAt + this.#queued) % this.#queue.length] = slot;
    this.#queued++;
  }

  /** Learns at once from all samples that have their label. */
  flush(): void {
    while (this.#queued > 0) this.#learnNext();
  }

  /** Learns at once that a sample has this target, as a replay does; returns false where it is not kept. */
  learn(number: number, target: number): boolean {
    const slot = this.#held.find(number);
    if (slot < 0) return false;
    this.#learnSlot(slot, target);
    return true;
  }

  #learnNext(): void {
    const slot = this.#queue[this.#queueAt];
    this.#queueAt = (this.#queueAt + 1) % this.#queue.length;
    this.#queued--;
    const label = this.#pending[slot];
    this.#pending[slot] = Number.NaN;
    this.#learnSlot(slot, label);
  }

  #learnSlot(slot: number, target: number): void {
    const label = this.#label;
    label[0] = target;
    this.#learner.learnHeld(this.#held, slot, label, 0);
    this.#onLearned(this.#held.numberIn(slot), label, 0);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queued === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const until = this.#clock.now() + sliceMs;
      while (this.#queued > 0 && this.#clock.now() < until) this.#learnNext();
      this.#schedule();
    });
  }

  /** Labels that are not yet learned are learned first: they were accepted. */
  state(): State {
    this.flush();
    return { held: this.#held.state(), ids: [...this.#ids], ahead: this.#clock.systemAhead() };
  }

  /** The times of samples go on by the clock of this process. */
  restore(given: State): void {
    const { held, ids, ahead } = (given ?? {}) as { held: State; ids: State; ahead: State };
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === "string") || !Number.isFinite(ahead)) {
      throw new RivuletError(
        "state.mismatch",
        "found no labels in the state, expected the samples that wait for theirs and the latest ids; restore another",
      );
    }
    this.#held.restore(held);
    this.#ids = new Set(ids.slice(-keptIds) as string[]);
    const shift = (ahead as number) - this.#clock.systemAhead();
    for (let index = 0; index < this.#held.length; index++)
      this.#held.times[this.#held.slotAt(index)] += shift;
  }
}
