/** The label of the latest row whose label is known, and whether it is of use at its age. */

import { takeLogarithm } from "../logarithm.ts";
import type { State, Stateful } from "../state.ts";
import { largestCount, parts, whole, wholeWithin, within } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Ages are told apart by powers of two, in rows: 1, 2 to 3, 4 to 7 ... */
const ageClasses = 24;
/** Smallest weight of a new gain in their running mean. */
const floor = 0.01;
/** Rows of an age before it is judged, and nats that its label must be worth. */
const fewest = 100;
const leastGain = 0.01;
/** What each class has before any label. */
const prior = 0.5;

const at = { row: 0, label: 1, age: 2, isOpen: 3 } as const;

const ageClassOf = (age: number) => Math.min(ageClasses - 1, Math.max(0, 31 - Math.clz32(age)));

/**
 * Labels that come late or rarely are old when a row is predicted, and then they may say nothing of it. That of the row
 * before counts while labels come with their rows: at least half of those learned. An older one counts where, over the
 * rows of its age so far, it was worth 0.01 nats: the gain of q'(c) ~ q(c) sqrt(t(c) / f(c)) over q(c), with q what the other
 * experts answer, t the transitions from that label and f the frequencies of the labels. Before 100 rows it does not count.
 * One that counts and is not that of the row before is for label transitions alone: as an input of networks it was found
 * to cost more where labels come in long stretches than it brought elsewhere.
 */
export class LastLabel implements Stateful {
  /** Numbers that are kept of a row until its label comes. */
  static readonly heldDoubles = 4;
  /** [classes]: 1 for the last label that was known when the row was predicted, however old. */
  readonly oneHot: Float32Array;
  /** [4]: the row that was predicted, the last label then or -1, its age in rows, whether it counts. */
  readonly #asked = Float64Array.of(0, -1, 0, 0);
  /** [2]: the newest row whose label is known, and that label; -1 where there is none. */
  readonly #known = Float64Array.of(-1, -1);
  /** [ageClasses]: mean gain and rows of each age. */
  readonly #gains = new Float64Array(ageClasses);
  readonly #rows = new Float64Array(ageClasses);
  readonly #cell = new Float64Array(1);

  constructor({ classes }: { classes: number }) {
    this.oneHot = new Float32Array(classes);
  }

  /** Whether the last label counts for the row. */
  get isOpen(): boolean {
    return this.#asked[at.isOpen] === 1;
  }

  /** Whether any label was known when the row was predicted. */
  get isKnown(): boolean {
    return this.#asked[at.label] >= 0;
  }

  /** Whether it counts and is that of the row before. */
  get isFresh(): boolean {
    return this.isOpen && ageClassOf(this.#asked[at.age]) === 0;
  }

  /** To be called before a row is predicted, where `learned` labels have been learned. Allocates nothing. */
  ask(row: number, learned: number): void {
    const asked = this.#asked;
    const age = row - this.#known[0];
    asked[at.row] = row;
    asked[at.label] = this.#known[1];
    asked[at.age] = age;
    const of = ageClassOf(age);
    const isOpen =
      of === 0 ? 2 * this.#rows[0] + 2 >= learned : this.#rows[of] >= fewest && this.#gains[of] > leastGain;
    asked[at.isOpen] = isOpen ? 1 : 0;
    this.#write();
  }

  #write(): void {
    const label = this.#asked[at.label];
    for (let c = 0; c < this.oneHot.length; c++) this.oneHot[c] = c === label ? 1 : 0;
  }

  /** Whether `judge` is to be called for the row: it has an older label, of whose worth nothing is known otherwise. */
  get isToBeJudged(): boolean {
    return this.isKnown && ageClassOf(this.#asked[at.age]) > 0;
  }

  /**
   * Learns what the last label would have been worth for a row of class `label`. All are [classes]: what the `others`
   * answered, the `transitions` from the last label, how often each label was learned. Allocates nothing.
   */
  judge(label: number, others: Float64Array, transitions: Float64Array, labels: Float64Array): void {
    let total = prior * labels.length;
    for (let c = 0; c < labels.length; c++) total += labels[c];
    let joined = 0;
    for (let c = 0; c < labels.length; c++) {
      joined += others[c] * Math.sqrt((transitions[c] * total) / (labels[c] + prior));
    }
    const gain = this.#cell;
    gain[0] = Math.sqrt((transitions[label] * total) / (labels[label] + prior)) / joined;
    takeLogarithm(gain, 0);
    const of = ageClassOf(this.#asked[at.age]);
    const rate = Math.max(1 / (this.#rows[of] + 1), floor);
    this.#gains[of] += rate * (gain[0] - this.#gains[of]);
  }

  /** Learns that the row was of class `label`: the last one, unless that of a later row is known. Allocates nothing. */
  learn(label: number): void {
    if (this.isKnown) this.#rows[ageClassOf(this.#asked[at.age])]++;
    if (this.#asked[at.row] < this.#known[0]) return;
    this.#known[0] = this.#asked[at.row];
    this.#known[1] = label;
  }

  hold(doubles: Float64Array, doublesAt: number): void {
    for (let i = 0; i < LastLabel.heldDoubles; i++) doubles[doublesAt + i] = this.#asked[i];
  }

  recall(doubles: Float64Array, doublesAt: number): void {
    for (let i = 0; i < LastLabel.heldDoubles; i++) this.#asked[i] = doubles[doublesAt + i];
    this.#write();
  }

  state(): State {
    return { known: this.#known, gains: this.#gains, rows: this.#rows };
  }

  restore(state: State): void {
    const live = { known: this.#known, gains: this.#gains, rows: this.#rows };
    const known = parts(wholeWithin(-1, largestCount), [[1, wholeWithin(-1, this.oneHot.length - 1)]]);
    restoreArrays(live, state, "last label", { known, gains: within(-100, 100), rows: whole });
  }
}
