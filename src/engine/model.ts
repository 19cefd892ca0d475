/**
 * A network as plain values: what to build, nothing of how. Safe to print, compare and store.
 */
import type { Schedule } from "./schedule.ts";

/** One layer. `layers/` holds what each kind does. */
export type Layer =
  | { type: "dense"; outputs: number; bias: boolean }
  | { type: "identity" }
  | { type: "sigmoid" }
  | { type: "tanh" }
  | { type: "relu" }
  | { type: "leakyRelu"; slope: number }
  | { type: "softmax" }
  | { type: "logSoftmax" };

/** `mean` divides by the number of elements (by the number of samples for class targets); `sum` does not. */
export type Reduction = "mean" | "sum";

/** What the network is to make small. `losses.ts` holds the formulas. */
export type Loss =
  | { type: "mse"; reduction: Reduction }
  | { type: "mae"; reduction: Reduction }
  | { type: "huber"; delta: number; reduction: Reduction }
  | { type: "smoothL1"; beta: number; reduction: Reduction }
  | { type: "binaryCrossEntropy"; on: "logits" | "probabilities"; reduction: Reduction }
  | { type: "softmaxCrossEntropy"; reduction: Reduction }
  | { type: "negativeLogLikelihood"; reduction: Reduction };

/** How a gradient becomes an update. `optimizers.ts` holds the formulas. */
export type Optimizer =
  | {
      type: "sgd";
      learningRate: number;
      momentum: number;
      dampening: number;
      nesterov: boolean;
      weightDecay: number;
    }
  | {
      type: "adagrad";
      learningRate: number;
      learningRateDecay: number;
      initialAccumulator: number;
      epsilon: number;
      weightDecay: number;
    }
  | {
      type: "rmsprop";
      learningRate: number;
      smoothing: number;
      epsilon: number;
      momentum: number;
      centered: boolean;
      weightDecay: number;
    }
  | { type: "adam"; learningRate: number; beta1: number; beta2: number; epsilon: number; weightDecay: number }
  | {
      type: "adamW";
      learningRate: number;
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
    };

/** Bound on the gradient of one update: on its 2-norm over all parameters, or on each element. */
export type Clip = { type: "norm"; maximum: number } | { type: "value"; maximum: number };

/** A network and how it is trained. */
export interface Model {
  /** Shape of one sample, without the batch: `[features]`. */
  inputShape: number[];
  layers: Layer[];
  loss: Loss;
  optimizer: Optimizer;
  /** Nothing or null: gradients are not clipped. */
  clip?: Clip | null;
  /** Nothing or null: the learning rate does not change by itself. `schedule.ts` holds the formulas. */
  schedule?: Schedule | null;
}

/** Fully connected layer: `y = x W^T + b`, `outputs` wide. */
export function dense(outputs: number, options: { bias?: boolean } = {}): Layer {
  return { type: "dense", outputs, bias: options.bias ?? true };
}

export const identity = (): Layer => ({ type: "identity" });
export const sigmoid = (): Layer => ({ type: "sigmoid" });
export const tanh = (): Layer => ({ type: "tanh" });
export const relu = (): Layer => ({ type: "relu" });
/** `x > 0 ? x : slope * x`, with a slope of 0 or more. */
export const leakyRelu = (slope = 0.01): Layer => ({ type: "leakyRelu", slope });
/** Softmax over the last axis. For classification prefer `softmaxCrossEntropy` on logits, without this layer. */
export const softmax = (): Layer => ({ type: "softmax" });

/** The logarithm of softmax over the last axis, for `negativeLogLikelihood`. */
export const logSoftmax = (): Layer => ({ type: "logSoftmax" });

type Reduced = { reduction?: Reduction };

/** Mean squared error. */
export const mse = (options: Reduced = {}): Loss => ({ type: "mse", reduction: "mean", ...options });
/** Mean absolute error. */
export const mae = (options: Reduced = {}): Loss => ({ type: "mae", reduction: "mean", ...options });
/** Quadratic up to an error of `delta`, linear beyond it: a squared error that forgives outliers. */
export const huber = (options: Reduced & { delta?: number } = {}): Loss => ({
  type: "huber",
  delta: 1,
  reduction: "mean",
  ...options,
});
/** Huber's loss divided by `beta`, so that its slope beyond `beta` is 1. */
export const smoothL1 = (options: Reduced & { beta?: number } = {}): Loss => ({
  type: "smoothL1",
  beta: 1,
  reduction: "mean",
  ...options,
});
/** Cross-entropy of yes-or-no targets (0 or 1): on logits, or on probabilities that a sigmoid layer gave. */
export const binaryCrossEntropy = (options: Reduced & { on?: "logits" | "probabilities" } = {}): Loss => ({
  type: "binaryCrossEntropy",
  on: "logits",
  reduction: "mean",
  ...options,
});
/** Cross-entropy of one class out of many, on logits. The target is one class index a sample. */
export const softmaxCrossEntropy = (options: Reduced = {}): Loss => ({
  type: "softmaxCrossEntropy",
  reduction: "mean",
  ...options,
});
/** The same on log-probabilities, as a `logSoftmax` layer gives them. */
export const negativeLogLikelihood = (options: Reduced = {}): Loss => ({
  type: "negativeLogLikelihood",
  reduction: "mean",
  ...options,
});

type Options<Kind extends Optimizer["type"]> = Partial<Omit<Extract<Optimizer, { type: Kind }>, "type">>;

/** Gradient descent, with optional momentum (heavy ball or Nesterov's). */
export const sgd = (options: Options<"sgd"> = {}): Optimizer => ({
  type: "sgd",
  learningRate: 0.01,
  momentum: 0,
  dampening: 0,
  nesterov: false,
  weightDecay: 0,
  ...options,
});

/** Gradient descent with momentum 0.9. */
export const momentum = (options: Options<"sgd"> = {}): Optimizer => sgd({ momentum: 0.9, ...options });

/** Gradient descent with Nesterov's momentum 0.9. */
export const nesterov = (options: Options<"sgd"> = {}): Optimizer =>
  sgd({ momentum: 0.9, nesterov: true, ...options });

/** Duchi, Hazan and Singer, 2011. */
export const adagrad = (options: Options<"adagrad"> = {}): Optimizer => ({
  type: "adagrad",
  learningRate: 0.01,
  learningRateDecay: 0,
  initialAccumulator: 0,
  epsilon: 1e-10,
  weightDecay: 0,
  ...options,
});

/** Tieleman and Hinton, 2012; `smoothing` is the decay of the running mean of squares. */
export const rmsprop = (options: Options<"rmsprop"> = {}): Optimizer => ({
  type: "rmsprop",
  learningRate: 0.01,
  smoothing: 0.99,
  epsilon: 1e-8,
  momentum: 0,
  centered: false,
  weightDecay: 0,
  ...options,
});

/** Kingma and Ba, 2015. Weight decay is coupled (added to the gradient). */
export const adam = (options: Options<"adam"> = {}): Optimizer => ({
  type: "adam",
  learningRate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  ...options,
});

/** Loshchilov and Hutter, 2019: Adam with weight decay decoupled from the gradient. */
export const adamW = (options: Options<"adamW"> = {}): Optimizer => ({
  type: "adamW",
  learningRate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  ...options,
});
