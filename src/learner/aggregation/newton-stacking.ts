import {
  type Arena,
  aloneBytes,
  arenaFor,
  float64,
  type Space,
  spaceOf,
} from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { covariance, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import type { Aggregation, Asleep } from "./aggregation.ts";

export interface NewtonStackingOptions {
  experts: number;
  classes: number;
  /** Default: all are awake. */
  asleep?: Asleep;
}

/** The diagonal of M at the start, and its mean at most. */
const prior = 0.02;
const forgetting = 0.999;
/** A stored weight beyond this is damage: they begin at 1 / K, and steps are small. */
const largestWeight = 1e6;

const blocksFor = ({ experts, classes }: NewtonStackingOptions) => ({
  weights: float64(experts),
  inverse: float64(experts, experts),
  logits: float64(experts, classes),
  mixed: float64(classes),
});

/** What counts only within a call. */
const passingFor = ({ experts, classes }: NewtonStackingOptions) => ({
  answers: float64(experts, classes),
  gradient: float64(experts),
  direction: float64(experts),
  awakeWeights: float64(experts),
  awakeInverse: float64(experts, experts),
});

/**
 * Logistic stacking: q = softmax(sum_k a_k l_k) with l_k = log p_k - mean over the classes, mixing in the logit domain
 * as PAQ does (Mahoney, 2005), and a learned by online Newton steps (Hazan, Agarwal and Kale, 2007) on the log loss:
 * g_k = sum_c (q(c) - [c = y]) l_kc, h = M g, s = 1 + g.h / 2, M = (M - h h' / (2 s)) / 0.999, a -= h / s, from a = 1 / K and
 * M = 0.02 I; where the trace of M would pass its start, M is scaled to it. M is computed as one triangle and mirrored:
 * see `LeastSquares`.
 */
export class NewtonStacking implements Aggregation {
  readonly weights: Float64Array;
  readonly #arena: Arena;
  readonly #experts: number;
  readonly #classes: number;
  /** [experts, experts] */
  readonly #inverse: Float64Array;
  /** [experts, classes]: the answers, where the kernels see them, and their logits. */
  readonly #answers: Float64Array;
  readonly #logits: Float64Array;
  /** [classes]: the last answer. */
  readonly #mixed: Float64Array;
  readonly #gradient: Float64Array;
  readonly #direction: Float64Array;
  readonly #asleep: Asleep;
  /** [awake], [awake, awake]: weights and M of the experts that are awake, where some are not. */
  readonly #awakeWeights: Float64Array;
  readonly #awakeInverse: Float64Array;
  /** How many were awake at the last answer. */
  #awake: number;

  static space = (options: NewtonStackingOptions): Space => spaceOf(blocksFor(options), passingFor(options));

  static bytes = (options: NewtonStackingOptions): number => aloneBytes(NewtonStacking.space(options));

  constructor(options: NewtonStackingOptions, arena?: Arena) {
    const [blocks, passing] = [blocksFor(options), passingFor(options)];
    this.#arena = arenaFor({ ...blocks, ...passing }, arena);
    const arrays = { ...this.#arena.place(blocks), ...this.#arena.placePassing(passing) };
    this.#answers = arrays.answers;
    this.#experts = options.experts;
    this.#classes = options.classes;
    this.weights = arrays.weights;
    this.#inverse = arrays.inverse;
    this.#logits = arrays.logits;
    this.#mixed = arrays.mixed;
    this.#gradient = arrays.gradient;
    this.#direction = arrays.direction;
    this.#awakeWeights = arrays.awakeWeights;
    this.#awakeInverse = arrays.awakeInverse;
    this.#asleep = options.asleep ?? new Uint8Array(options.experts);
    this.#awake = options.experts;
    this.restart();
  }

  mix(answers: Float64Array, out: Float64Array, at: number): void {
    this.#packAnswers(answers);
    this.#packWeights();
    const weights = this.#awake === this.#experts ? this.weights : this.#awakeWeights;
    this.#arena.kernels.learning.stackLogits(
      this.#mixed.byteOffset,
      this.#logits.byteOffset,
      this.#answers.byteOffset,
      weights.byteOffset,
      this.#awake,
      this.#classes,
    );
    for (let c = 0; c < this.#classes; c++) out[at + c] = this.#mixed[c];
  }

  /** Learns that the last answer was given where the class was `label`. */
  learn(label: number): void {
    const isWhole = this.#awake === this.#experts;
    this.#packWeights();
    this.#arena.kernels.learning.stackLearn(
      (isWhole ? this.weights : this.#awakeWeights).byteOffset,
      (isWhole ? this.#inverse : this.#awakeInverse).byteOffset,
      this.#gradient.byteOffset,
      this.#direction.byteOffset,
      this.#mixed.byteOffset,
      this.#logits.byteOffset,
      this.#awake,
      this.#classes,
      label,
      forgetting,
      prior * this.#awake,
    );
    if (!isWhole) this.#unpack();
  }

  /** Copies the answers of the experts that are awake, and counts these. */
  #packAnswers(answers: Float64Array): void {
    const experts = this.#experts;
    const classes = this.#classes;
    const asleep = this.#asleep;
    let awake = 0;
    for (let k = 0; k < experts; k++) {
      if (asleep[k] === 1) continue;
      for (let c = 0; c < classes; c++) this.#answers[awake * classes + c] = answers[k * classes + c];
      awake++;
    }
    this.#awake = awake;
  }

  /**
   * Copies the weights of the experts that are awake and their part of M, where some are not. Weights are larger the fewer
   * are awake, as they add up to 1 at the start: those that are awake learn as if they were all.
   */
  #packWeights(): void {
    const experts = this.#experts;
    const awake = this.#awake;
    if (awake === experts) return;
    const asleep = this.#asleep;
    const factor = experts / awake;
    for (let k = 0, to = 0, row = 0; k < experts; k++) {
      if (asleep[k] === 1) continue;
      this.#awakeWeights[row++] = factor * this.weights[k];
      for (let j = 0; j < experts; j++) {
        if (asleep[j] === 0) this.#awakeInverse[to++] = this.#inverse[k * experts + j];
      }
    }
  }

  #unpack(): void {
    const experts = this.#experts;
    const asleep = this.#asleep;
    const factor = this.#awake / experts;
    for (let k = 0, from = 0, row = 0; k < experts; k++) {
      if (asleep[k] === 1) continue;
      this.weights[k] = factor * this.#awakeWeights[row++];
      for (let j = 0; j < experts; j++) {
        if (asleep[j] === 0) this.#inverse[k * experts + j] = this.#awakeInverse[from++];
      }
    }
  }

  restart(): void {
    const experts = this.#experts;
    this.weights.fill(1 / experts);
    this.#inverse.fill(0);
    for (let k = 0; k < experts; k++) this.#inverse[k * experts + k] = prior;
  }

  state(): State {
    return { weights: this.weights, inverse: this.#inverse };
  }

  restore(state: State): void {
    restoreArrays({ weights: this.weights, inverse: this.#inverse }, state, "Newton stacking", {
      weights: within(-largestWeight, largestWeight),
      inverse: covariance(this.#experts, { inParts: true }),
    });
  }
}
