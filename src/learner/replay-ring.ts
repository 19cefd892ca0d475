/** The latest rows in fixed memory, column after column, for replay and for neighbours. */

import type { Random } from "../engine/model/random.ts";
import { type Arena, arenaFor, type Block, type Blocks, float32, float64 } from "../engine/running/arena.ts";
import type { State, Stateful } from "../state.ts";
import { sampled, within } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";
import { BalancedRows, LatestRows, type RowOrder } from "./row-order.ts";

export interface ReplayRingOptions {
  /** Rows that are kept. */
  rows: number;
  /** Numbers of a row. */
  inputs: number;
  /** Keep targets in float64, for numbers that may be far from 0. Default false. */
  exactTargets?: boolean;
  /** Number of classes, of which the most frequent gives way to a new row. Default: the oldest row does. */
  balancedClasses?: number;
}

type Targets = Float32Array | Float64Array;

/** Rows of a column in memory: whole vectors, so that each column begins with one. */
export const strideOf = (rows: number) => 4 * Math.ceil(rows / 4);

const blocksFor = ({ rows, inputs, exactTargets = false }: ReplayRingOptions) => ({
  columns: float32(inputs, strideOf(rows)),
  targets: (exactTargets ? float64(rows) : float32(rows)) as Block<Targets>,
});

const orderBlocks = ({ rows, balancedClasses }: ReplayRingOptions): Blocks =>
  balancedClasses === undefined ? LatestRows.blocks() : BalancedRows.blocks(rows, balancedClasses);

/** Places the order of a ring's rows in the arena. */
function placeOrder({ rows, balancedClasses }: ReplayRingOptions, labels: Targets, arena: Arena): RowOrder {
  if (balancedClasses === undefined) return new LatestRows(rows, arena.place(LatestRows.blocks()));
  return new BalancedRows(rows, arena.place(BalancedRows.blocks(rows, balancedClasses)), labels);
}

/** Rows hold standardized numbers: features within 4 standard deviations, targets within 8. */
const largestInput = 8;

/**
 * Keeps the latest `rows` rows with their targets, or rows of all classes. Rows lie column after column, [inputs, stride],
 * so that a scan over all rows reads whole vectors. `keepNewest` lets all but the newest rows count as forgotten, without
 * moving any.
 */
export class ReplayRing implements Stateful {
  readonly rows: number;
  readonly inputs: number;
  /** Numbers from one column to the next. */
  readonly stride: number;
  /** [inputs, stride] */
  readonly columns: Float32Array;
  /** [rows] */
  readonly targets: Targets;
  /** [4]: places of the rows that count, from [0] to before [1] and from [2] to before [3], as `writeStretches` wrote them. */
  readonly stretches: Uint32Array = new Uint32Array(4);
  readonly #order: RowOrder;
  /** Rows that are kept now. */
  #most: number;

  static bytes = (options: ReplayRingOptions): Blocks => ({ ...blocksFor(options), ...orderBlocks(options) });

  constructor(options: ReplayRingOptions, arena?: Arena) {
    const blocks = blocksFor(options);
    const own = arenaFor({ ...blocks, ...orderBlocks(options) }, arena);
    const { columns, targets } = own.place(blocks);
    this.rows = options.rows;
    this.inputs = options.inputs;
    this.stride = strideOf(options.rows);
    this.columns = columns;
    this.targets = targets;
    this.#order = placeOrder(options, targets, own);
    this.#most = options.rows;
  }

  /** Rows that count: the newest. */
  get live(): number {
    return this.#order.live;
  }

  /** Place of the row that is `age` rows older than the newest. */
  placeOf(age: number): number {
    return this.#order.placeOf(age);
  }

  /** Writes where the rows that count lie to `stretches`. Allocates nothing. */
  writeStretches(): void {
    this.#order.writeStretches(this.stretches);
  }

  /** Stores a row [inputs] in the place of the one that is to be forgotten. */
  store(inputs: Float32Array, target: Float64Array, targetAt: number): void {
    const { columns, stride } = this;
    const place = this.#order.take();
    for (let i = 0, to = place; i < this.inputs; i++, to += stride) columns[to] = inputs[i];
    this.targets[place] = target[targetAt];
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
    return this.placeOf(random.below(this.live));
  }

  /** Excludes all rows but the newest `count`. */
  keepNewest(count: number): void {
    this.#order.keepNewest(count);
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
    this.#order.limit(rows, kept);
  }

  state(): State {
    return { columns: this.columns, targets: this.targets, ...this.#order.arrays() };
  }

  restore(state: State): void {
    const live = { columns: this.columns, targets: this.targets, ...this.#order.arrays() };
    restoreArrays(live, state, "ring", {
      columns: within(-largestInput, largestInput),
      targets: sampled,
      ...this.#order.checks(),
    });
  }
}
