/** How much each input matters, learned from the gradients of a network. */
import { type Arena, arenaFor, float32, float64 } from "../engine/running/arena.ts";
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
  /** [inputs]: what the squared difference of each input is multiplied by; 1 on average. */
  readonly weights: Float32Array;
  /** [inputs] */
  readonly #squares: Float32Array;
  /** [1] */
  readonly #count: Float64Array;

  static bytes = ({ inputs }: { inputs: number }) => blocksFor(inputs);

  constructor({ inputs }: { inputs: number }, arena?: Arena) {
    const blocks = blocksFor(inputs);
    const { squares, weights, count } = arenaFor(blocks, arena).place(blocks);
    this.inputs = inputs;
    this.weights = weights.fill(1);
    this.#squares = squares;
    this.#count = count;
  }

  /** Learns from gradients of the mean loss of `rows` rows, [rows, inputs]. Allocates nothing. */
  learn(gradients: Float32Array, rows: number): void {
    const { inputs } = this;
    const squares = this.#squares;
    for (let row = 0, at = 0; row < rows; row++) {
      this.#count[0]++;
      const rate = Math.max(1 / this.#count[0], floor);
      for (let i = 0; i < inputs; i++, at++) {
        // Of the row's own loss, not of the mean.
        // Not by branches: a number that may be a constant of the module is a box for V8.
        const gradient = Math.min(Math.max(rows * gradients[at], -largest), largest);
        squares[i] += rate * (gradient * gradient - squares[i]);
      }
    }
    if (this.#count[0] > fewest) this.#weigh();
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
