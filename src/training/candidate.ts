/** A network that is tried beside others on the same rows: trained a little further whenever it is its turn. */
import {
  adamW,
  dense,
  dropout,
  huber,
  type Layer,
  type Model,
  relu,
  softmaxCrossEntropy,
} from "../engine/model/model.ts";
import { createRandom, type Random, shuffle } from "../engine/model/random.ts";
import { createNetwork, type Network } from "../engine/running/network.ts";
import type { Tensor } from "../engine/running/network-state.ts";
import { descendEpoch, type Rows } from "./descent.ts";

/** What a candidate is: hidden layers and the learning rate that it begins with. */
export interface CandidateOptions {
  /** `linear`, or widths and dropout such as `128-128`. */
  name: string;
  layers: Layer[];
  learningRate: number;
}

/** Rows of one kind: those that train, and those that judge. */
export interface CandidateRows {
  rows: Rows;
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  /** Numbers of the rows, apart from each other. */
  training: Uint32Array;
  validation: Uint32Array;
  batchSize: number;
  seed: number;
}

/** Updates between two looks at the validation rows, where an epoch takes more. */
const mostUpdatesPerRound = 1000;
/** A probability counts as at least this. */
const smallestProbability = 1e-7;

const hidden = (rate: number, ...widths: number[]): Layer[] =>
  widths.flatMap((width) => [dense(width), relu(), ...(rate > 0 ? [dropout(rate)] : [])]);

/** Rows for each input below which a network without strong dropout learns its rows by heart. */
const fewRowsPerInput = 5;

/**
 * What is tried, the cheap ones first: linear, one and two hidden layers, and wide ones with dropout, at the rates at
 * which Adam mostly works. Where rows are few for their inputs, those with strong dropout alone.
 */
export function candidatesFor(rows: number, inputs: number): CandidateOptions[] {
  const at = (name: string, layers: Layer[], rates: number[]): CandidateOptions[] =>
    rates.map((learningRate) => ({ name, layers, learningRate }));
  const linear = at("linear", [], [0.003, 0.01]);
  const strong = at("256-128 with dropout 0.5", hidden(0.5, 256, 128), [0.001, 0.003]);
  if (rows < fewRowsPerInput * inputs) {
    return [...linear, ...at("64 with dropout 0.5", hidden(0.5, 64), [0.001, 0.003]), ...strong];
  }
  return [
    ...linear,
    ...at("32", hidden(0, 32), [0.003, 0.01]),
    ...at("128", hidden(0, 128), [0.001, 0.003, 0.01]),
    ...at("64-64", hidden(0, 64, 64), [0.001, 0.003, 0.01]),
    ...at("128-128", hidden(0, 128, 128), [0.001, 0.003]),
    ...at("256-128 with dropout 0.3", hidden(0.3, 256, 128), [0.001, 0.003]),
    ...strong,
  ];
}

/** One candidate: a network with the best weights that it had. */
export class Candidate {
  readonly options: CandidateOptions;
  readonly network: Network;
  /** Least loss of the validation rows so far: mean log loss, or mean absolute error in deviations. */
  best = Number.POSITIVE_INFINITY;
  /** Share of wrong classes among the validation rows at the best; 0 where a number is predicted. */
  wrong = 0;
  /** Rounds of training so far, and the one after which the loss was least. */
  rounds = 0;
  bestRound = 0;
  /** Mean loss of the rows of each round, and of the validation rows after it. */
  readonly course: { training: number; validation: number }[] = [];
  readonly updatesPerRound: number;
  readonly #given: CandidateRows;
  readonly #order: Uint32Array;
  readonly #random: Random;
  #next = 0;
  #bestWeights: Tensor[];

  constructor(options: CandidateOptions, given: CandidateRows) {
    const { rows, classes, training, batchSize, seed } = given;
    const model: Model = {
      inputShape: [rows.inputs.length / rows.count],
      layers: [...options.layers, dense(Math.max(1, classes))],
      loss: classes > 0 ? softmaxCrossEntropy() : huber(),
      optimizer: adamW({ learningRate: options.learningRate, weightDecay: 0.01 }),
    };
    this.options = options;
    this.network = createNetwork(model, { batchSize, seed, deterministic: true });
    this.#given = given;
    this.#order = training.slice();
    this.#random = createRandom(seed + 1);
    this.updatesPerRound = Math.min(mostUpdatesPerRound, Math.ceil(training.length / batchSize));
    this.#bestWeights = this.network.parameters();
  }

  get bestWeights(): readonly Tensor[] {
    return this.#bestWeights;
  }

  /** Trains one round, and keeps the weights if they are the best so far. */
  trainRound(): void {
    const { rows, batchSize } = this.#given;
    if (this.#next === 0) shuffle(this.#order, this.#random);
    const end = Math.min(this.#order.length, this.#next + this.updatesPerRound * batchSize);
    const order = this.#order.subarray(this.#next, end);
    const training = descendEpoch(this.network, rows, batchSize, order, null);
    this.#next = end === this.#order.length ? 0 : end;
    this.rounds++;
    const { loss, wrong } = this.#validate();
    this.course.push({ training, validation: loss });
    // A loss that is not a number is no better than any.
    if (!(loss < this.best)) return;
    this.best = loss;
    this.wrong = wrong;
    this.bestRound = this.rounds;
    this.#bestWeights = this.network.parameters();
  }

  /** Continues from the best weights at a part of the learning rate. */
  slowDown(factor: number): void {
    this.network.setParameters(this.#bestWeights);
    this.network.learningRate *= factor;
  }

  /** Mean loss of the validation rows, and the share of wrong classes. */
  #validate(): { loss: number; wrong: number } {
    const { network } = this;
    const { rows, classes, validation } = this.#given;
    const { inputs, outputs, batchSize, prediction } = network;
    let loss = 0;
    let wrong = 0;
    for (let start = 0; start < validation.length; start += batchSize) {
      const part = Math.min(batchSize, validation.length - start);
      for (let row = 0; row < part; row++) {
        const from = validation[start + row] * inputs;
        network.input.set(rows.inputs.subarray(from, from + inputs), row * inputs);
      }
      network.infer(part);
      for (let row = 0; row < part; row++) {
        const target = rows.targets[validation[start + row]];
        if (classes === 0) {
          loss += Math.abs(prediction[row] - target);
          continue;
        }
        const at = row * outputs;
        loss -= Math.log(Math.max(smallestProbability, prediction[at + target]));
        for (let c = 0; c < outputs; c++) {
          if (prediction[at + c] > prediction[at + target]) {
            wrong++;
            break;
          }
        }
      }
    }
    return { loss: loss / validation.length, wrong: wrong / validation.length };
  }
}
