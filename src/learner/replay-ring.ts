/** The latest rows in fixed memory, column after column, for replay and for neighbours. */

import type { Random } from "../engine/model/random.ts";
import { type Arena, arenaFor, type Block, float32, float64 } from "../engine/running/arena.ts";
import type { State, Stateful } from "../state.ts";
import { type Numbers, sampled, within } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";

export interface ReplayRingOptions {
  /** Rows that are kept. */
  rows: number;
  /** Numbers of a row. */
  inputs: number;
  /** Keep targets in float64, for numbers that may be far from 0. Default false. */
  exactTargets?: boolean;
}

/** Rows of a column in memory: whole vectors, so that each column begins with one. */
export const strideOf = (rows: number) => 4 * Math.ceil(rows / 4);

const blocksFor = ({ rows, inputs, exactTargets = false }: ReplayRingOptions) => ({
  columns: float32(inputs, strideOf(rows)),
  targets: (exactTargets ? float64(rows) : float32(rows)) as Block<Float32Array | Float64Array>,
  place: float64(3),
});

const at = { next: 0, filled: 1, live: 2 } as const;

/** Rows hold standardized numbers: features within 4 standard deviations, targets within 8. */
const largestInput = 8;

/**
 * Keeps the latest `rows` rows with their targets. Rows lie column after column, [inputs, stride], so that a scan over
 * all rows reads whole vectors. `keepNewest` lets all but the newest rows count as forgotten, without moving any.
 */
export class ReplayRing implements Stateful {
  readonly rows: number;
  readonly inputs: number;
  /** Numbers from one column to the next. */
  readonly stride: number;
  /** [inputs, stride] */
  readonly columns: Float32Array;
  /** [rows] */
  readonly targets: Float32Array | Float64Array;
  /** [3]: where the next row goes, rows written so far at most `rows`, rows that count. */
  readonly #place: Float64Array;
  /** Rows that are kept now. */
  #most: number;

  static bytes = (options: ReplayRingOptions) => blocksFor(options);

  constructor(options: ReplayRingOptions, arena?: Arena) {
    const blocks = blocksFor(options);
    const { columns, targets, place } = arenaFor(blocks, arena).place(blocks);
    this.rows = options.rows;
    this.inputs = options.inputs;
    this.stride = strideOf(options.rows);
    this.columns = columns;
    this.targets = targets;
    this.#place = place;
    this.#most = options.rows;
  }

  /** Places that hold a row, whether it counts or not: they are the first ones. */
  get filled(): number {
    return this.#place[at.filled];
  }

  /** Rows that count: the newest. */
  get live(): number {
    return this.#place[at.live];
  }

  /** Place of the row that is `age` rows older than the newest. */
  placeOf(age: number): number {
    return (this.#place[at.next] - 1 - age + 2 * this.#most) % this.#most;
  }

  /** Stores a row [inputs] in the place of the oldest. */
  store(inputs: Float32Array, target: Float64Array, targetAt: number): void {
    const { columns, stride } = this;
    const next = this.#place[at.next];
    for (let i = 0, to = next; i < this.inputs; i++, to += stride) columns[to] = inputs[i];
    this.targets[next] = target[targetAt];
    this.#place[at.next] = (next + 1) % this.#most;
    this.#place[at.filled] = Math.min(this.#place[at.filled] + 1, this.#most);
    this.#place[at.live] = Math.min(this.#place[at.live] + 1, this.#most);
  }

  /**
   * Replaces the target of the newest row [inputs] that is equal to this one; returns false if there is none. For late
   * corrections: a wrong target would have an effect for as long as its row is kept.
   */
  correct(inputs: Float32Array, target: Float64Array, targetAt: number): boolean {
    for (let age = 0; age < this.live; age++) {
      const place = this.placeOf(age);
      if (!this.#isEqual(place, inputs)) continue;
      this.targets[place] = target[targetAt];
      return true;
    }
    return false;
  }

  #isEqual(place: number, inputs: Float32Array): boolean {
    const { columns, stride } = this;
    for (let i = 0, at = place; i < this.inputs; i++, at += stride) {
      if (columns[at] !== inputs[i]) return false;
    }
    return true;
  }

  /** Copies the row in a place to `out` from `outAt` on. */
  read(place: number, out: Float32Array, outAt: number): void {
    const { columns, stride } = this;
    for (let i = 0, from = place; i < this.inputs; i++, from += stride) out[outAt + i] = columns[from];
  }

  /** Draws a place evenly among the rows that count; there must be one. */
  draw(random: Random): number {
    return this.placeOf(random.below(this.#place[at.live]));
  }

  /** Excludes all rows but the newest `count`. */
  keepNewest(count: number): void {
    this.#place[at.live] = Math.min(this.#place[at.live], count);
  }

  /** Keeps at most `rows` from now on, which its memory must hold: the newest. Not for every row, as it copies them. */
  limit(rows: number): void {
    if (rows === this.#most) return;
    const { columns, stride, targets } = this;
    const [before, targetsBefore] = [columns.slice(), targets.slice()];
    const kept = Math.min(this.live, rows);
    for (let to = 0; to < kept; to++) {
      const from = this.placeOf(kept - 1 - to);
      for (let i = 0; i < this.inputs; i++) columns[i * stride + to] = before[i * stride + from];
      targets[to] = targetsBefore[from];
    }
    this.#most = rows;
    this.#place[at.next] = rows === 0 ? 0 : kept % rows;
    this.#place[at.filled] = kept;
    this.#place[at.live] = kept;
  }

  state(): State {
    return { columns: this.columns, targets: this.targets, place: this.#place };
  }

  restore(state: State): void {
    const live = { columns: this.columns, targets: this.targets, place: this.#place };
    restoreArrays(live, state, "ring", {
      columns: within(-largestInput, largestInput),
      targets: sampled,
      place: (place) => faultOfPlace(place, this.#most),
    });
  }
}

/** What is wrong with a ring's places: they must lie within its rows. */
function faultOfPlace(place: Numbers, rows: number): string | null {
  const [next, filled, live] = place;
  const areWhole = place.every((number) => Number.isSafeInteger(number) && number >= 0);
  const fits = areWhole && live <= filled && filled <= rows && next < Math.max(1, rows);
  if (fits && (filled === rows || next === filled)) return null;
  return `the next of ${filled} rows, of which ${live} count, is to go to place ${next} of ${rows}`;
}
