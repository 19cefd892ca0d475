import { type Random, shuffle } from "../engine/model/random.ts";
import type { Network } from "../engine/running/network.ts";
import { RivuletError } from "../errors/errors.ts";

/**
 * The three regimes of gradient descent. `batch`: one update an epoch, from the gradient of all rows.
 * `stochastic`: one update a row, in shuffled order. `mini-batch`: one update for each group of shuffled rows,
 * the last group smaller.
 */
export type Regime = "batch" | "stochastic" | "mini-batch";

/** Rows to train on, held in memory. */
export interface Rows {
  count: number;
  /** [count, inputs] */
  inputs: Float32Array;
  /** [count, targets] */
  targets: Float32Array;
}

/** Updates in one epoch over `rows` rows: exactly 1, rows, or ceil(rows / batchSize). */
export function updatesPerEpoch(regime: Regime, rows: number, batchSize: number): number {
  if (regime === "batch") return 1;
  return regime === "stochastic" ? rows : Math.ceil(rows / batchSize);
}

/**
 * One epoch of shuffled descent over rows in memory, in groups of `batchSize` (1 is stochastic descent). A group
 * larger than the network's batch is gathered in parts. `order` holds the row numbers; it is shuffled first when
 * `random` is given. Gives the mean of the rows' losses, each as it was before its update.
 */
export function descendEpoch(
  network: Network,
  rows: Rows,
  batchSize: number,
  order: Uint32Array,
  random: Random | null,
): number {
  requireRows(rows.count);
  if (random) shuffle(order, random);
  let total = 0;
  for (let start = 0; start < order.length; start += batchSize) {
    const size = Math.min(batchSize, order.length - start);
    for (let done = 0; done < size; done += network.batchSize) {
      const part = Math.min(network.batchSize, size - done);
      for (let row = 0; row < part; row++) copyRow(network, rows, order[start + done + row], row);
      network.step(part, size);
      total += network.loss * part;
    }
  }
  return total / order.length;
}

function copyRow(network: Network, rows: Rows, from: number, to: number): void {
  const { inputs, targets } = network;
  for (let i = 0; i < inputs; i++) network.input[to * inputs + i] = rows.inputs[from * inputs + i];
  for (let i = 0; i < targets; i++) network.target[to * targets + i] = rows.targets[from * targets + i];
}

/** Rows come from a file, mostly. */
const otherRows = "give every epoch the same rows: if their file changed meanwhile, run it again on a copy";

/**
 * One epoch of batch descent over rows that arrive one by one and need not fit in memory: gradients are gathered
 * batch by batch, the one update comes with row number `count`.
 */
export class BatchEpoch {
  /** Sum of the losses of the rows that were handed over. */
  #total = 0;
  #seen = 0;
  #pending = 0;
  readonly #network: Network;
  readonly #count: number;

  /** `count`: rows in the whole epoch. */
  constructor(network: Network, count: number) {
    requireRows(count);
    this.#network = network;
    this.#count = count;
  }

  /** Row of the network's `input` and `target` where the next sample is to be written, before `add`. */
  get row(): number {
    return this.#pending;
  }

  /** Takes in the sample that was written at `row`. */
  add(): void {
    if (this.#seen === this.#count) {
      throw new RivuletError(
        "network.rows",
        `the epoch was to have ${this.#count} rows but more came; ${otherRows}`,
      );
    }
    this.#pending++;
    this.#seen++;
    if (this.#pending < this.#network.batchSize && this.#seen < this.#count) return;
    this.#network.step(this.#pending, this.#count);
    this.#total += this.#network.loss * this.#pending;
    this.#pending = 0;
  }

  /** Mean of the rows' losses, as they were before the update. */
  end(): number {
    if (this.#seen !== this.#count) {
      throw new RivuletError(
        "network.rows",
        `the epoch was to have ${this.#count} rows but ended after ${this.#seen}; ${otherRows}`,
      );
    }
    return this.#total / this.#count;
  }
}

function requireRows(count: number): void {
  if (count < 1) throw new RivuletError("network.rows", "there is no row to train on; give at least one");
}

/** 0, 1, 2, ... count - 1. */
export function rowOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index);
}
