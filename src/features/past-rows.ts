import type { State, Stateful } from "../state.ts";
import { parts, sampledOrMissing, wholeWithin } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";

const at = { next: 0, count: 1 } as const;
const ownNumbers = 2;

/** The latest values of some columns, in a ring of fixed memory. */
export class PastRows implements Stateful {
  /** Whether there was a past of the target when the latest row was pushed. */
  isReady = true;
  readonly #places: Uint32Array;
  readonly #longest: number;
  /** Which of the columns is the target; -1: none. */
  readonly #target: number;
  /** Where the next row goes and how many there are, then [columns, longest]. */
  readonly #block: Float64Array;

  static bytes = (columns: number, longest: number): number => 8 * (ownNumbers + columns * longest);

  /**
   * @param places where the columns are in a row
   * @param longest rows that are kept
   * @param target index of the column among `places` that may be missing, and of which the past alone is used; -1: none
   */
  constructor(places: Uint32Array, longest: number, target: number) {
    this.#places = places;
    this.#longest = longest;
    this.#target = target;
    this.#block = new Float64Array(ownNumbers + places.length * longest);
  }

  /**
   * Writes the value of a column `back` rows before the row at `offset` of `values`, which is not yet pushed; 0: its own,
   * or the oldest one where the past is shorter. Allocates nothing.
   */
  write(
    column: number,
    back: number,
    values: Float64Array,
    offset: number,
    out: Float64Array,
    outAt: number,
  ): void {
    const block = this.#block;
    const longest = this.#longest;
    const held = Math.min(back, block[at.count]);
    if (held === 0) {
      out[outAt] = values[offset + this.#places[column]];
      return;
    }
    const slot = block[at.next] - held;
    out[outAt] = block[ownNumbers + column * longest + (slot < 0 ? slot + longest : slot)];
  }

  /**
   * Keeps the row at `offset` of `values`; a missing value is taken for the one before. The past of the target begins with
   * its first value. Allocates nothing.
   */
  push(values: Float64Array, offset: number): void {
    const block = this.#block;
    const longest = this.#longest;
    const isFirst = block[at.count] === 0;
    const next = block[at.next];
    const last = next === 0 ? longest - 1 : next - 1;
    this.isReady = !isFirst || this.#target < 0;
    if (!this.isReady && Number.isNaN(values[offset + this.#places[this.#target]])) return;
    for (let c = 0; c < this.#places.length; c++) {
      const start = ownNumbers + c * longest;
      const value = values[offset + this.#places[c]];
      block[start + next] = Number.isNaN(value) && !isFirst ? block[start + last] : value;
    }
    block[at.next] = next + 1 === longest ? 0 : next + 1;
    if (block[at.count] < longest) block[at.count]++;
  }

  restart(): void {
    this.#block[at.next] = 0;
    this.#block[at.count] = 0;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const longest = this.#longest;
    const sane = parts(sampledOrMissing, [
      [at.next, wholeWithin(0, Math.max(0, longest - 1))],
      [at.count, wholeWithin(0, longest)],
    ]);
    restoreBlock(this.#block, state, "past rows", sane);
  }
}
