/** How much each input matters, learned from the gradients of a network. */
import { type Arena, float32, float64 } from "../engine/running/arena.ts";
import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import { addingTo, notNegative, whole } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Smallest weight of a new gradient in the running mean. */
const floor = 0.002;
/** Gradients before the weights differ from 1. */
const fewest = 20;
/** Part of each weight that is the same for all inputs. */
const even = 0.03;
/** Gradients are held within this: the square of a larger one is no float32, and the weights would be NaN from then on. */
const largest = 1e15;

const blocksFor = (inputs: number) => ({
  squares: float32(inputs),
  weights: float32(inputs),
  count: float64(1),
});

/**
 * w_j = 0.97 d G_j / sum G + 0.03 with G_j the running mean (rate max(1 / t, 0.002)) of the squared gradient of the loss by input j, and
 * w = 1 for the first 20: the diagonal of the expected gradient outer product (Trivedi, Wang, Kpotufe and
 * Shakhnarovich, 2014), as a metric for neighbours.
 */
export class FeatureMetric implements Stateful {
  readonly inputs: number;
  readonly #arena: Arena;
  /** [inputs]: what the squared difference of each input is multiplied by; 1 on average. */
  readonly weights: Float32Array;
  /** [inputs] */
  readonly #squares: Float32Array;
  /** [1] */
  readonly #count: Float64Array;
  /** The gradients that were last seen to be in the arena. */
  #gradients: Float32Array | null = null;

  static bytes = ({ inputs }: { inputs: number }) => blocksFor(inputs);

  constructor({ inputs }: { inputs: number }, arena: Arena) {
    const { squares, weights, count } = arena.place(blocksFor(inputs));
    this.inputs = inputs;
    this.#arena = arena;
    this.weights = weights.fill(1);
    this.#squares = squares;
    this.#count = count;
  }

  /**
   * Learns from gradients of the mean loss of `rows` rows, [rows, inputs]. Allocates nothing.
   * @throws RivuletError where the gradients are not in the arena
   */
  learn(gradients: Float32Array, rows: number): void {
    if (gradients !== this.#gradients) this.#requireArena(gradients);
    this.#arena.kernels.learning.followSquares(
      this.#squares.byteOffset,
      this.#count.byteOffset,
      gradients.byteOffset,
      rows,
      this.inputs,
      floor,
      largest,
    );
    if (this.#count[0] > fewest) this.#weigh();
  }

  #requireArena(gradients: Float32Array): void {
    if (gradients.buffer !== this.#arena.kernels.buffer) {
      throw new RivuletError(
        "argument.bad-value",
        "found gradients in another arena than that of the metric, expected the same arena; place them in it",
      );
    }
    this.#gradients = gradients;
  }

  #weigh(): void {
    const { inputs, weights } = this;
    const squares = this.#squares;
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += squares[i];
    const factor = sum > 0 ? ((1 - even) * inputs) / sum : 0;
    for (let i = 0; i < inputs; i++) weights[i] = sum > 0 ? factor * squares[i] + even : 1;
  }

  restart(): void {
    this.#squares.fill(0);
    this.weights.fill(1);
    this.#count[0] = 0;
  }

  state(): State {
    return { squares: this.#squares, weights: this.weights, count: this.#count };
  }

  restore(state: State): void {
    const live = { squares: this.#squares, weights: this.weights, count: this.#count };
    const checks = { squares: notNegative, weights: addingTo(this.inputs), count: whole };
    restoreArrays(live, state, "metric", checks);
  }
}
