import {
  type Arena,
  aloneBytes,
  arenaFor,
  float32,
  float64,
  type Space,
  spaceOf,
} from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { notNegative } from "../../state-check.ts";
import type { Expert } from "../expert.ts";
import { restoreArrays } from "../restore-arrays.ts";

export interface NaiveBayesOptions {
  inputs: number;
  classes: number;
}

/** Factor by which counts and squared deviations fade with each row. */
const forgetting = 0.99;
/** Added to the count of each class. */
const prior = 0.5;
/** Prior: rows of variance 1 that each class starts with. */
const priorRows = 2;
/** The formula assumes independent inputs; this factor on the logarithm corrects for those that are not. */
const tempering = 0.5;

/** Numbers of a row in memory: whole vectors, 0 past the last input. */
const strideOf = (inputs: number) => 4 * Math.ceil(inputs / 4);

/** What counts only within a call. */
const passingFor = ({ inputs, classes }: NaiveBayesOptions) => ({
  row: float32(strideOf(inputs)),
  posterior: float64(classes),
});

const blocksFor = ({ inputs, classes }: NaiveBayesOptions) => ({
  counts: float32(classes),
  means: float32(classes, strideOf(inputs)),
  squares: float32(classes, strideOf(inputs)),
});

/**
 * Gaussian naive Bayes whose rows fade: with each row the counts n and squared deviations S of all classes are
 * multiplied by 0.99, then those of its class updated by Welford (1962). Variances are (S + 2) / (n + 2), priors
 * n + 0.5; the logarithm of the posterior is halved.
 */
export class NaiveBayes implements Expert {
  readonly #arena: Arena;
  readonly #inputs: number;
  readonly #classes: number;
  /** [classes] */
  readonly #counts: Float32Array;
  /** [classes, stride] */
  readonly #means: Float32Array;
  readonly #squares: Float32Array;
  /** [stride]: the present row, in the arena. */
  readonly #row: Float32Array;
  /** [classes]: the answer, where the kernel writes it. */
  readonly #posterior: Float64Array;

  static space = (options: NaiveBayesOptions): Space => spaceOf(blocksFor(options), passingFor(options));

  static bytes = (options: NaiveBayesOptions): number => aloneBytes(NaiveBayes.space(options));

  constructor(options: NaiveBayesOptions, arena?: Arena) {
    const [blocks, passing] = [blocksFor(options), passingFor(options)];
    this.#arena = arenaFor({ ...blocks, ...passing }, arena);
    const { counts, means, squares } = this.#arena.place(blocks);
    const { row, posterior } = this.#arena.placePassing(passing);
    this.#row = row;
    this.#posterior = posterior;
    this.#inputs = options.inputs;
    this.#classes = options.classes;
    this.#counts = counts;
    this.#means = means;
    this.#squares = squares;
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    const classes = this.#classes;
    this.#take(inputs);
    this.#arena.kernels.learning.gaussianPosterior(
      this.#posterior.byteOffset,
      this.#row.byteOffset,
      this.#counts.byteOffset,
      this.#means.byteOffset,
      this.#squares.byteOffset,
      this.#inputs,
      this.#row.length,
      classes,
      priorRows,
      prior,
      tempering,
    );
    for (let c = 0; c < classes; c++) answers[at + c] = this.#posterior[c];
  }

  #take(inputs: Float32Array): void {
    const row = this.#row;
    for (let i = 0; i < this.#inputs; i++) row[i] = inputs[i];
    for (let i = this.#inputs; i < row.length; i++) row[i] = 0;
  }

  learn(inputs: Float32Array, targets: Float64Array, at: number): void {
    this.#take(inputs);
    this.#arena.kernels.learning.gaussianLearn(
      this.#row.byteOffset,
      this.#counts.byteOffset,
      this.#means.byteOffset,
      this.#squares.byteOffset,
      this.#row.length,
      this.#classes,
      targets[at],
      forgetting,
    );
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
    restoreArrays(live, state, "naive Bayes", { counts: notNegative, squares: notNegative });
  }
}
