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

/**
 * The number of updates in one epoch over `rows` rows: exactly 1, rows, or ceil(rows / batchSize).
 *
 * @example
 * import assert from "node:assert/strict";
 * import { updatesPerEpoch } from "rivulet";
 *
 * assert.equal(updatesPerEpoch("mini-batch", 100, 32), 4); // 32 + 32 + 32 + 4 rows
 * assert.equal(updatesPerEpoch("batch", 100, 32), 1);
 */
export function updatesPerEpoch(regime: Regime, rows: number, batchSize: number): number {
  if (regime === "batch") return 1;
  return regime === "stochastic" ? rows : Math.ceil(rows / batchSize);
}

/**
 * Trains one epoch over rows in memory: stochastic or mini-batch gradient descent.
 *
 * @param batchSize rows of one update; 1 is stochastic descent. More than the network's own batch size takes a network
 *   with `accumulate: true`, which accumulates the gradients of the parts
 * @param order numbers of the rows, in the order in which they train [count]
 * @param random shuffles `order` first, if given
 * @returns mean loss of the rows, each as it was before its update
 * @throws RivuletError where there are no rows, or the network cannot accumulate
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createNetwork, createRandom, dense, descendEpoch, mse, rowOrder, sgd } from "rivulet";
 *
 * const model = { inputShape: [1], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
 * const network = createNetwork(model, { batchSize: 4 });
 * const rows = { count: 4, inputs: Float32Array.of(0, 1, 2, 3), targets: Float32Array.of(1, 3, 5, 7) }; // 2x + 1
 * const [order, random] = [rowOrder(rows.count), createRandom(1)];
 * for (let epoch = 0; epoch < 200; epoch++) descendEpoch(network, rows, 2, order, random);
 * assert(Math.abs(network.predict([10])[0] - 21) < 0.1);
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

/** Rows mostly come from a file. */
const sameRows = "give every epoch the same rows; if their file has changed, train again on a copy";

/**
 * One epoch of batch descent over rows that arrive one by one and need not fit in memory. The network accumulates
 * gradients batch by batch, which takes `accumulate: true`, and makes the one update with the last row.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { BatchEpoch, createNetwork, dense, mse, sgd } from "rivulet";
 *
 * const model = { inputShape: [1], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
 * const network = createNetwork(model, { batchSize: 2, accumulate: true });
 * const epoch = new BatchEpoch(network, 5);
 * for (let x = 0; x < 5; x++) {
 *   network.input[epoch.row] = x;
 *   network.target[epoch.row] = 2 * x + 1;
 *   epoch.add();
 * }
 * assert(epoch.end() > 0); // mean loss
 * assert.equal(network.updates, 1);
 */
export class BatchEpoch {
  /** Sum of the losses of the rows so far. */
  #total = 0;
  #seen = 0;
  #pending = 0;
  readonly #network: Network;
  readonly #count: number;

  /** @param count rows in the whole epoch; @throws RivuletError where there are none */
  constructor(network: Network, count: number) {
    requireRows(count);
    this.#network = network;
    this.#count = count;
  }

  /** Row of the network's `input` and `target` to write the next sample to, before `add`. */
  get row(): number {
    return this.#pending;
  }

  /** Adds the sample written at `row`. @throws RivuletError where the epoch has all its rows already */
  add(): void {
    if (this.#seen === this.#count) {
      throw new RivuletError(
        "network.rows",
        `found more rows than the ${this.#count} of the epoch; ${sameRows}`,
      );
    }
    this.#pending++;
    this.#seen++;
    if (this.#pending < this.#network.batchSize && this.#seen < this.#count) return;
    this.#network.step(this.#pending, this.#count);
    this.#total += this.#network.loss * this.#pending;
    this.#pending = 0;
  }

  /** Mean loss of the rows, as it was before the update. @throws RivuletError where rows are missing */
  end(): number {
    if (this.#seen !== this.#count) {
      throw new RivuletError(
        "network.rows",
        `found ${this.#seen} rows, expected the ${this.#count} of the epoch; ${sameRows}`,
      );
    }
    return this.#total / this.#count;
  }
}

function requireRows(count: number): void {
  if (count < 1) throw new RivuletError("network.rows", "found no rows to train on; give at least one");
}

/**
 * The row numbers 0, 1, 2, ... count - 1, to shuffle [count].
 *
 * @example
 * import assert from "node:assert/strict";
 * import { rowOrder } from "rivulet";
 *
 * assert.deepEqual([...rowOrder(3)], [0, 1, 2]);
 */
export function rowOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index);
}
