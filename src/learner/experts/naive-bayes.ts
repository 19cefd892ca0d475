import { type Arena, arenaFor, bytesOf, float32 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import type { Expert } from "../expert.ts";
import { restoreArrays } from "../restore-arrays.ts";

export interface NaiveBayesOptions {
  inputs: number;
  classes: number;
}

/** What is left of counts and squared deviations with each row. */
const forgetting = 0.99;
/** Added to the count of each class. */
const prior = 0.5;
/** Rows of variance 1 that each class has before any. */
const priorRows = 2;
/** The inputs are not independent, as the formula has it: this part of the logarithm holds better. */
const tempering = 0.5;

const blocksFor = ({ inputs, classes }: NaiveBayesOptions) => ({
  counts: float32(classes),
  means: float32(classes, inputs),
  squares: float32(classes, inputs),
});

/**
 * Gaussian naive Bayes whose rows fade: with each row the counts n and squared deviations S of all classes are
 * multiplied by 0.99, then those of its class updated by Welford (1962). Variances are (S + 2) / (n + 2), priors
 * n + 0.5; the logarithm of the posterior is halved.
 */
export class NaiveBayes implements Expert {
  readonly #inputs: number;
  readonly #classes: number;
  /** [classes] */
  readonly #counts: Float32Array;
  /** [classes, inputs] */
  readonly #means: Float32Array;
  readonly #squares: Float32Array;

  static bytes = (options: NaiveBayesOptions) => bytesOf(blocksFor(options));

  constructor(options: NaiveBayesOptions, arena?: Arena) {
    const blocks = blocksFor(options);
    const { counts, means, squares } = arenaFor(blocks, arena).place(blocks);
    this.#inputs = options.inputs;
    this.#classes = options.classes;
    this.#counts = counts;
    this.#means = means;
    this.#squares = squares;
  }

  predict(row: Float32Array, answers: Float64Array, at: number): void {
    const classes = this.#classes;
    let total = 0;
    for (let c = 0; c < classes; c++) total += this.#counts[c];
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const logarithm = Math.log((this.#counts[c] + prior) / (total + prior * classes));
      const posterior = tempering * (logarithm - 0.5 * this.#distance(row, c));
      answers[at + c] = posterior;
      if (posterior > highest) highest = posterior;
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      answers[at + c] = Math.exp(answers[at + c] - highest);
      sum += answers[at + c];
    }
    for (let c = 0; c < classes; c++) answers[at + c] /= sum;
  }

  /** Sum over the inputs of (x - mean)^2 / v + log v for a class. */
  #distance(row: Float32Array, label: number): number {
    const inputs = this.#inputs;
    const count = this.#counts[label];
    const start = label * inputs;
    let sum = 0;
    let product = 1;
    for (let i = 0; i < inputs; i++) {
      const variance = count > 1 ? (this.#squares[start + i] + priorRows) / (count + priorRows) : 1;
      const error = row[i] - this.#means[start + i];
      sum += (error * error) / variance;
      product *= variance;
      // One logarithm for eight variances, whose product cannot overflow.
      if ((i & 7) === 7) {
        sum += Math.log(product);
        product = 1;
      }
    }
    return sum + Math.log(product);
  }

  learn(row: Float32Array, targets: Float64Array, at: number): void {
    const inputs = this.#inputs;
    const means = this.#means;
    const squares = this.#squares;
    const label = targets[at];
    for (let c = 0; c < this.#classes; c++) this.#counts[c] *= forgetting;
    for (let i = 0; i < squares.length; i++) squares[i] *= forgetting;
    this.#counts[label] += 1;
    const share = 1 / this.#counts[label];
    const start = label * inputs;
    for (let i = 0; i < inputs; i++) {
      const error = row[i] - means[start + i];
      means[start + i] += error * share;
      squares[start + i] += error * (row[i] - means[start + i]);
    }
  }

  restart(): void {
    this.#counts.fill(0);
    this.#means.fill(0);
    this.#squares.fill(0);
  }

  state(): State {
    return { counts: this.#counts, means: this.#means, squares: this.#squares };
  }

  restore(state: State): void {
    const live = { counts: this.#counts, means: this.#means, squares: this.#squares };
    restoreArrays(live, state, "naive Bayes");
  }
}
