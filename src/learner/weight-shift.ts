/** What an alarm of drift did to the weights of experts. */
import type { State, Stateful } from "../state.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Rows from one copy of the weights to the next: those before an alarm are at least so old, at most twice. */
const every = 128;

/** A change of an expert's weight, of 1 in all. */
export interface Shift {
  name: string;
  before: number;
  after: number;
}

const at = { rows: 0, sample: 1 } as const;

/**
 * Keeps the weights of experts of some time ago. An alarm comes only once the errors of 50 rows or so have risen, and by
 * then the weights have begun to follow: against those of before one sees which experts gained.
 */
export class WeightShift implements Stateful {
  readonly #names: readonly string[];
  readonly #write: (weights: Float64Array) => void;
  /** [experts + 1]: the latest copy, and the one before it. */
  readonly #newer: Float64Array;
  readonly #older: Float64Array;
  /** [experts + 1]: before the last alarm, and at it. */
  readonly #before: Float64Array;
  readonly #after: Float64Array;
  /** [2]: rows so far, and the number of the sample at the last alarm. */
  readonly #block = new Float64Array(2);

  /** @param write writes the weights as they are, [experts + 1] */
  constructor(names: readonly string[], write: (weights: Float64Array) => void) {
    const experts = names.length;
    this.#names = names;
    this.#write = write;
    this.#newer = new Float64Array(experts);
    this.#older = new Float64Array(experts);
    this.#before = new Float64Array(experts);
    this.#after = new Float64Array(experts);
    write(this.#newer);
    write(this.#older);
  }

  /** To be called once for each row that was learned. Allocates nothing. */
  follow(): void {
    if (++this.#block[at.rows] % every !== 0) return;
    for (let k = 0; k < this.#newer.length; k++) this.#older[k] = this.#newer[k];
    this.#write(this.#newer);
  }

  /** To be called at an alarm, the `sample`-th sample. */
  mark(sample: number): void {
    this.#block[at.sample] = sample;
    this.#before.set(this.#older);
    this.#write(this.#after);
  }

  /** The number of the sample at the last alarm; 0 before one. */
  get sample(): number {
    return this.#block[at.sample];
  }

  /** What the last alarm found, the largest change first; empty before one. */
  atAlarm(): Shift[] {
    return this.sample === 0 ? [] : this.#shifts(this.#before, this.#after);
  }

  /** What has changed lately, the largest change first. */
  lately(): Shift[] {
    const now = new Float64Array(this.#names.length);
    this.#write(now);
    return this.#shifts(this.#older, now);
  }

  #shifts(before: Float64Array, after: Float64Array): Shift[] {
    const change = (shift: Shift) => Math.abs(shift.after - shift.before);
    return this.#names
      .map((name, k) => ({ name, before: before[k], after: after[k] }))
      .sort((a, b) => change(b) - change(a));
  }

  #arrays() {
    const [before, after] = [this.#before, this.#after];
    return { newer: this.#newer, older: this.#older, before, after, block: this.#block };
  }

  state(): State {
    return this.#arrays();
  }

  restore(state: State): void {
    restoreArrays(this.#arrays(), state, "weights of experts");
  }
}
