import type { Network } from "../engine/running/network.ts";
import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import { finite, requireCheck } from "../state-check.ts";

export type TrainingBatchState = { rows: number; inputs: Float32Array; targets: Float32Array };

/**
 * Samples that wait until there are enough of them for a step of training: the network's own input is needed for
 * predictions meanwhile. To add one, write it to row `rows` of `inputs` and `targets`, then call `add`.
 */
export class TrainingBatch implements Stateful {
  /** [network.batchSize, network.inputs] */
  readonly inputs: Float32Array;
  /** [network.batchSize] */
  readonly targets: Float32Array;
  readonly #network: Network;
  /** Samples of one update. */
  readonly #batchSize: number;
  #rows = 0;

  /** @param batchSize samples of one update, of which the network may take fewer at a time */
  constructor(network: Network, batchSize: number) {
    this.#network = network;
    this.#batchSize = batchSize;
    this.inputs = new Float32Array(network.batchSize * network.inputs);
    this.targets = new Float32Array(network.batchSize);
  }

  /** Samples that wait. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Adds the sample in row `rows`, and takes a step where there are enough: as many as the network takes at a time, or
   * the rest of the update. Returns whether an update was completed, made or skipped. Allocates nothing.
   */
  add(): boolean {
    const network = this.#network;
    this.#rows++;
    const enough = Math.min(network.batchSize, this.#batchSize - network.accumulated);
    if (this.#rows < enough) return false;
    this.#rows = 0;
    network.input.set(this.inputs);
    network.target.set(this.targets);
    network.step(enough, this.#batchSize);
    return network.accumulated === 0;
  }

  state(): TrainingBatchState {
    return {
      rows: this.#rows,
      inputs: this.inputs.subarray(0, this.#rows * this.#network.inputs),
      targets: this.targets.subarray(0, this.#rows),
    };
  }

  /**
   * Adds the stored samples one by one, once the network has its state back: they may have waited for a step of more
   * samples than this network takes at a time.
   * @throws RivuletError, with nothing changed, where there are as many as an update takes, or of another width
   */
  restore(given: State): void {
    const { rows, inputs, targets } = this.#requireFit(given);
    const width = this.#network.inputs;
    this.#rows = 0;
    for (let row = 0; row < rows; row++) {
      this.inputs.set(inputs.subarray(row * width, (row + 1) * width), this.#rows * width);
      this.targets[this.#rows] = targets[row];
      this.add();
    }
  }

  #requireFit(state: State): TrainingBatchState {
    const { rows, inputs, targets } = (state ?? {}) as Partial<TrainingBatchState>;
    const batchSize = this.#batchSize;
    const width = this.#network.inputs;
    const isCount = Number.isSafeInteger(rows) && (rows as number) >= 0 && (rows as number) < batchSize;
    const isWhole = inputs?.length === (rows as number) * width && targets?.length === rows;
    if (!isCount || !isWhole || !(inputs instanceof Float32Array && targets instanceof Float32Array)) {
      throw new RivuletError(
        "state.mismatch",
        `the stored learner holds ${rows ?? "no"} samples that wait for a step, expected fewer than ${batchSize}, of ${width} inputs and a target each`,
      );
    }
    requireCheck(inputs, finite, "samples that wait for a step");
    requireCheck(targets, finite, "targets that wait for a step");
    return state as TrainingBatchState;
  }
}
