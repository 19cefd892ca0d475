import { type Arena, arenaFor, bytesOf, float64 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { shares } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { type Aggregation, type Asleep, evenWeights } from "./aggregation.ts";

export interface FixedShareOptions {
  experts: number;
  classes: number;
  /** Part of all weight that is redistributed evenly with each row. Default 0.01. */
  share?: number;
  /** Default: all are awake. */
  asleep?: Asleep;
  /** Weights at the start, [experts], of 1 in all. Default: all alike. */
  start?: readonly number[];
}

/** Lower limit of a probability. */
const smallest = 1e-6;

const blocksFor = (experts: number) => ({ weights: float64(experts) });

/**
 * The sum of the probabilities, weighted by the likelihood of the labels so far under each expert; part of the weight is
 * redistributed: q = sum_k w_k p_k; w_k = (1 - s) w_k p_k(y) / sum + s / K. So the best expert may change (Herbster and Warmuth,
 * 1998).
 */
export class FixedShare implements Aggregation {
  readonly weights: Float64Array;
  readonly #classes: number;
  readonly #share: number;
  readonly #asleep: Asleep;
  readonly #start: readonly number[];

  static bytes = ({ experts }: FixedShareOptions) => bytesOf(blocksFor(experts));

  constructor(options: FixedShareOptions, arena?: Arena) {
    const { experts, classes, share = 0.01 } = options;
    const { asleep = new Uint8Array(experts), start = evenWeights(experts) } = options;
    const blocks = blocksFor(experts);
    this.weights = arenaFor(blocks, arena).place(blocks).weights;
    this.#classes = classes;
    this.#share = share;
    this.#asleep = asleep;
    this.#start = start;
    this.restart();
  }

  mix(answers: Float64Array, out: Float64Array, at: number): void {
    const { weights } = this;
    const asleep = this.#asleep;
    const classes = this.#classes;
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      let awake = 0;
      for (let k = 0; k < weights.length; k++) {
        if (asleep[k] === 1) continue;
        sum += weights[k] * answers[k * classes + c];
        awake += weights[k];
      }
      out[at + c] = sum / awake;
    }
  }

  /**
   * Learns that `answers` [experts, classes] were given where the class was `label`: the experts that are awake
   * redistribute the weight that they had.
   */
  learn(answers: Float64Array, label: number): void {
    const { weights } = this;
    const asleep = this.#asleep;
    const classes = this.#classes;
    const share = this.#share;
    let awake = 0;
    let before = 0;
    let after = 0;
    for (let k = 0; k < weights.length; k++) {
      if (asleep[k] === 1) continue;
      awake++;
      before += weights[k];
      weights[k] *= Math.max(answers[k * classes + label], smallest);
      after += weights[k];
    }
    for (let k = 0; k < weights.length; k++) {
      if (asleep[k] === 1) continue;
      weights[k] = before * (((1 - share) * weights[k]) / after + share / awake);
    }
  }

  restart(): void {
    this.weights.set(this.#start);
  }

  state(): State {
    return { weights: this.weights };
  }

  restore(state: State): void {
    restoreArrays({ weights: this.weights }, state, "fixed share", { weights: shares });
  }
}
