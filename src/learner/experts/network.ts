/** A small network that learns from each row once, and one that also learns from rows replayed. */
import {
  adam,
  dense,
  huber,
  type InitialWeights,
  type Layer,
  type Model,
  type Optimizer,
  relu,
  rmsprop,
  softmaxCrossEntropy,
  tanh,
} from "../../engine/model/model.ts";
import type { Random } from "../../engine/model/random.ts";
import type { Plan, PlanOptions } from "../../engine/planning/plan.ts";
import { plan } from "../../engine/planning/planner.ts";
import {
  Arena,
  aloneBytes,
  float64,
  type Space,
  spaceOf,
  spaceOfAll,
  spaceOfPlan,
} from "../../engine/running/arena.ts";
import { createNetwork, type Network } from "../../engine/running/network.ts";
import { RivuletError } from "../../errors/errors.ts";
import { restoreTogether } from "../../features/restore.ts";
import type { State } from "../../state.ts";
import { parts, positive, requireCheck, requireCounts, sampled, wholeWithin } from "../../state-check.ts";
import type { Expert } from "../expert.ts";
import { FeatureMetric } from "../feature-metric.ts";
import { ReplayRing, type ReplayRingOptions } from "../replay-ring.ts";
import { restoreArrays } from "../restore-arrays.ts";

export interface NetworkExpertOptions {
  inputs: number;
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  /** Hidden layers with their activations. Default: one of 32 with tanh. */
  layers?: Layer[];
  /** The whole network in place of `layers`, its last layer included, over inputs of any shape. */
  model?: Pick<Model, "inputShape" | "layers">;
  /** Default RMSprop with rate 0.005 and smoothing 0.995. */
  optimizer?: Optimizer;
  initialWeights?: InitialWeights;
  seed?: number;
}

/** A last dense layer, then softmax cross-entropy for classes, or Huber's loss with delta 1 for numbers. */
const modelOf = (
  { inputs, classes, initialWeights }: NetworkExpertOptions,
  layers: Layer[],
  optimizer: Optimizer,
): Model => ({
  inputShape: [inputs],
  layers: [...layers, dense(Math.max(1, classes))],
  loss: classes > 0 ? softmaxCrossEntropy() : huber(),
  optimizer,
  initialWeights,
});

/** The network of a `NetworkExpert`. */
export const networkExpertModel = (options: NetworkExpertOptions): Model => ({
  ...modelOf(
    options,
    options.layers ?? [dense(32), tanh()],
    options.optimizer ?? rmsprop({ learningRate: 0.005, smoothing: 0.995 }),
  ),
  ...options.model,
});

/** Copies a row. Not by `set`: a call costs more than a loop over so few numbers. */
function copy(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) to[i] = from[i];
}

/**
 * In-place updates that save less than this part of the memory are not worth their time, 4 % of a step of 8 inputs and 2
 * classes; of 64 and 10 they save 15 %, and time too.
 */
const leastSaving = 0.1;

/**
 * Adds how the weights are updated: from gradients that are kept, in one pass, unless in-place updates, with several
 * instructions for each parameter, save a tenth of the network's memory. The weights are the same bit for bit. What counts only within a
 * call is in the scratch of the arena, where it has one: experts are asked and taught in turn.
 */
function ofExpert(model: Model, options: PlanOptions): PlanOptions {
  const shared = { ...options, sharesScratch: true };
  const bytesWith = (accumulate: boolean) => plan(model, { ...shared, accumulate }).totalBytes;
  return { ...shared, accumulate: bytesWith(false) >= (1 - leastSaving) * bytesWith(true) };
}

/**
 * A network, [inputs -> 32 tanh -> answer] by default, that makes one update with each row. RMSprop (Tieleman and Hinton,
 * 2012) without bias correction: its squares start at 0 with smoothing 0.995, so that the first rows move it far.
 */
export class NetworkExpert implements Expert {
  readonly network: Network;
  readonly #seed: number;
  readonly #outputs: number;

  static space(options: NetworkExpertOptions): Space {
    const model = networkExpertModel(options);
    return spaceOfPlan(plan(model, ofExpert(model, { snapshot: true })));
  }

  static bytes(options: NetworkExpertOptions): number {
    return aloneBytes(NetworkExpert.space(options));
  }

  constructor(options: NetworkExpertOptions, arena?: Arena) {
    const { seed = 1 } = options;
    this.#seed = seed;
    const model = networkExpertModel(options);
    this.network = createNetwork(model, {
      ...ofExpert(model, { snapshot: true }),
      arena,
      seed,
      deterministic: true,
    });
    this.#outputs = this.network.outputs;
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    const network = this.network;
    copy(inputs, network.input);
    network.infer(1);
    for (let i = 0; i < this.#outputs; i++) answers[at + i] = network.prediction[i];
  }

  learn(inputs: Float32Array, targets: Float64Array, at: number): void {
    copy(inputs, this.network.input);
    this.network.target[0] = targets[at];
    this.network.step(1);
  }

  hasOverflowed(): boolean {
    return this.network.snapshot?.hasOverflowed() ?? false;
  }

  keep(): void {
    this.network.snapshot?.keep();
  }

  recover(): void {
    this.network.recover();
  }

  restart(): void {
    this.network.initialize(this.#seed);
  }

  state(): State {
    return this.network.state({ reuse: true }) as unknown as State;
  }

  restore(state: State): void {
    this.network.restore(state);
  }
}

export interface ReplayedNetworkOptions extends NetworkExpertOptions {
  /** Rows of the ring. Default 1000. */
  rows?: number;
  /** Rows drawn for each new one: 3 or 7, so that together they are one or two groups of four. Default 7. */
  draws?: number;
  /** The ring keeps targets in float64: see `unit`. Default false. */
  exactTargets?: boolean;
  /** The ring keeps rows of all classes: see `BalancedRows`. Default false: the latest rows. */
  balance?: boolean;
}

const ringOptions = ({
  rows = 1000,
  inputs,
  exactTargets,
  classes,
  balance = false,
}: ReplayedNetworkOptions): ReplayRingOptions => ({
  rows,
  inputs,
  exactTargets,
  balancedClasses: balance ? classes : undefined,
});

/** Of a stored state: each costs as much as a row. */
const mostDraws = 64;

/** Rows of one update. */
const group = 4;

/** The hidden layers of a network that learns from replayed rows. */
export const replayedLayers = (classes: number): Layer[] =>
  classes > 0 ? [dense(64), relu()] : [dense(32), relu(), dense(32), relu()];

const replayedModel = (options: ReplayedNetworkOptions) => {
  const layers = options.layers ?? replayedLayers(options.classes);
  const usual = modelOf(options, layers, options.optimizer ?? adam({ learningRate: 0.003 }));
  return { ...usual, ...options.model };
};

const replayedOptions = (model: Model) =>
  ofExpert(model, { batchSize: group, inputGradient: true, snapshot: true });

function replayedPlan(options: ReplayedNetworkOptions): Plan {
  const model = replayedModel(options);
  return plan(model, replayedOptions(model));
}

const unitBlocks = { unit: float64(2) };

/**
 * A network that learns each row together with rows drawn evenly from a ring of the latest: the first update is the
 * mean gradient of the new row and three drawn, the second of four more. Adam (Kingma and Ba, 2015). The gradients of
 * its loss by the inputs go to `metric`, which says how much each input matters. The new row is stored after the draws.
 *
 * Classes go through one hidden layer of 64 ReLU, numbers through two of 32. A number is learned in units of `unit`:
 * deviations [1] from a mean [0], which the owner sets and which may move: the ring keeps targets as they came.
 */
export class ReplayedNetwork implements Expert {
  readonly network: Network;
  readonly ring: ReplayRing;
  readonly metric: FeatureMetric;
  /** [2]: mean and standard deviation of the targets; 0 and 1 until set. */
  readonly unit: Float64Array;
  /** Rows of the ring drawn with each new one. */
  draws: number;
  readonly #random: Random;
  readonly #seed: number;
  readonly #outputs: number;
  readonly #isClassifier: boolean;

  static space = (options: ReplayedNetworkOptions): Space =>
    spaceOfAll([
      spaceOfPlan(replayedPlan(options)),
      spaceOf(ReplayRing.bytes(ringOptions(options))),
      spaceOf(FeatureMetric.bytes(options)),
      spaceOf(unitBlocks),
    ]);

  static bytes = (options: ReplayedNetworkOptions): number => aloneBytes(ReplayedNetwork.space(options));

  /** @param random draws the rows; its state belongs to the owner's state */
  constructor(options: ReplayedNetworkOptions, random: Random, arena?: Arena) {
    const { inputs, classes, seed = 1, draws = 7 } = options;
    this.#seed = seed;
    this.#random = random;
    this.draws = draws;
    const model = replayedModel(options);
    const own = arena ?? new Arena(ReplayedNetwork.bytes(options));
    this.network = createNetwork(model, { ...replayedOptions(model), arena: own, seed });
    this.ring = new ReplayRing(ringOptions(options), own);
    this.metric = new FeatureMetric({ inputs }, own);
    this.unit = own.place(unitBlocks).unit;
    this.unit[1] = 1;
    this.#outputs = this.network.outputs;
    this.#isClassifier = classes > 0;
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    const network = this.network;
    copy(inputs, network.input);
    network.infer(1);
    if (this.#isClassifier) {
      for (let i = 0; i < this.#outputs; i++) answers[at + i] = network.prediction[i];
    } else {
      answers[at] = this.unit[0] + this.unit[1] * network.prediction[0];
    }
  }

  learn(inputs: Float32Array, targets: Float64Array, at: number): void {
    this.#train(inputs, targets, at);
    this.ring.store(inputs, targets, at);
  }

  /** As `learn`, for a row that was stored with a target that was wrong. */
  correct(inputs: Float32Array, targets: Float64Array, at: number): void {
    const isStored = this.ring.correct(inputs, targets, at);
    this.#train(inputs, targets, at);
    if (!isStored) this.ring.store(inputs, targets, at);
  }

  #train(inputs: Float32Array, targets: Float64Array, at: number): void {
    const network = this.network;
    copy(inputs, network.input);
    this.#setTarget(0, targets, at);
    const draws = this.ring.live > 0 ? this.draws : 0;
    let rows = 1;
    for (let i = 0; i < draws; i++) {
      if (rows === group) {
        this.#step(rows);
        rows = 0;
      }
      const place = this.ring.draw(this.#random);
      this.ring.read(place, network.input, rows * network.inputs);
      this.#setTarget(rows, this.ring.targets, place);
      rows++;
    }
    this.#step(rows);
  }

  #setTarget(row: number, targets: Float32Array | Float64Array, at: number): void {
    const target = targets[at];
    this.network.target[row] = this.#isClassifier ? target : (target - this.unit[0]) / this.unit[1];
  }

  #step(rows: number): void {
    // A step whose numbers are not finite changed nothing: neither may its gradients.
    if (this.network.step(rows)) this.metric.learn(this.network.inputGradient, rows);
  }

  hasOverflowed(): boolean {
    return this.network.snapshot?.hasOverflowed() ?? false;
  }

  keep(): void {
    this.network.snapshot?.keep();
  }

  recover(): void {
    this.network.recover();
  }

  /** Forgets weights and metric; the ring's rows stay, as they are true. */
  restart(): void {
    this.network.initialize(this.#seed);
    this.metric.restart();
  }

  state(): State {
    return {
      network: this.network.state({ reuse: true }) as unknown as State,
      ring: this.ring.state(),
      metric: this.metric.state(),
      unit: this.unit.slice(),
      draws: this.draws,
    };
  }

  restore(given: State): void {
    const state = (given ?? {}) as { [key: string]: State };
    const { draws } = state;
    requireCounts({ draws }, "replayed network");
    if ((draws as number) > mostDraws) {
      throw new RivuletError(
        "state.invalid",
        `found ${draws} draws in the stored replayed network, expected at most ${mostDraws}; restore another state`,
      );
    }
    restoreTogether(
      [this.network, this.ring, this.metric],
      [state["network"], state["ring"], state["metric"]],
    );
    requireCheck(this.ring.targets, this.#isClassifier ? wholeWithin(0, this.#outputs - 1) : sampled, "ring");
    restoreArrays({ unit: this.unit }, state, "replayed network", {
      unit: parts(sampled, [[1, positive]]),
    });
    this.draws = draws as number;
  }
}
