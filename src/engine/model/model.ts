/**
 * A network as plain values: what to build, nothing of how. Safe to print, compare and store.
 */
import type { Schedule } from "./schedule.ts";

/** A height and a width. */
export type Pair = [number, number];

/**
 * True: none of the layer's parameters is trained. A list: these are not, by PyTorch's names (`["weight"]` leaves the
 * biases to be trained). What is frozen costs no gradient and no optimizer state.
 */
export type Frozen = true | string[];

/** One layer. `layers/` holds what each kind does. */
export type Layer =
  | { type: "dense"; outputs: number; bias: boolean; frozen?: Frozen }
  | ({ type: "conv1d" } & Convolution<number>)
  | ({ type: "conv2d" } & Convolution<Pair>)
  | { type: "maxPool1d"; kernel: number; stride: number }
  | { type: "maxPool2d"; kernel: Pair; stride: Pair }
  | { type: "averagePool1d"; kernel: number; stride: number }
  | { type: "averagePool2d"; kernel: Pair; stride: Pair }
  | { type: "globalAveragePool" }
  | { type: "flatten" }
  | { type: "dropout"; probability: number }
  | { type: "batchNorm"; epsilon: number; momentum: number; frozen?: Frozen }
  | { type: "layerNorm"; epsilon: number; frozen?: Frozen }
  | { type: "gru"; hidden: number; returns: "last" | "sequence"; carry: boolean; frozen?: Frozen }
  | { type: "residual"; layers: Layer[] }
  | { type: "identity" }
  | { type: "sigmoid" }
  | { type: "tanh" }
  | { type: "relu" }
  | { type: "leakyRelu"; slope: number }
  | { type: "softmax" }
  | { type: "logSoftmax" };

/** What a convolution is described by; `Size` is a number in one dimension, a pair in two. */
export interface Convolution<Size> {
  outputs: number;
  kernel: Size;
  stride: Size;
  padding: Size;
  dilation: Size;
  groups: number;
  bias: boolean;
  frozen?: Frozen;
}

/** `mean` divides by the number of elements (by the number of samples for class targets); `sum` does not. */
export type Reduction = "mean" | "sum";

/** How much each sample counts in a loss; each is left out where all count alike. */
export interface LossWeights {
  /** Of each class; two numbers, for 0 and 1, in binary cross-entropy. They do not change what a mean divides by. */
  classWeights?: number[];
  /** True: every sample brings a weight of its own, in the network's `sampleWeight`. */
  sampleWeights?: boolean;
}

/** What the network is to make small. `losses.ts` holds the formulas. */
export type Loss = LossKind & LossWeights;

type LossKind =
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

/** Fully connected layer: `y = x W^T + b`, `outputs` wide, on the last axis. */
export function dense(outputs: number, options: { bias?: boolean; frozen?: Frozen } = {}): Layer {
  return { type: "dense", outputs, bias: options.bias ?? true, ...frozenIn(options) };
}

/** The option where it says something, so that the description of a layer without it stays as it is. */
function frozenIn({ frozen }: { frozen?: Frozen | false }): { frozen?: Frozen } {
  return frozen === undefined || frozen === false ? {} : { frozen };
}

type ConvolutionOptions<Size> = Partial<Omit<Convolution<Size>, "outputs" | "kernel">>;

/** Cross-correlation over [channels, length] with zero padding on both sides. `groups` equal to the channels is depthwise. */
export function conv1d(outputs: number, kernel: number, options: ConvolutionOptions<number> = {}): Layer {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
  return { type: "conv1d", outputs, kernel, stride, padding, dilation, groups, bias, ...frozenIn(options) };
}

/** Cross-correlation over [channels, height, width]; a single number stands for both. */
export function conv2d(
  outputs: number,
  kernel: number | Pair,
  options: ConvolutionOptions<number | Pair> = {},
): Layer {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
  return {
    type: "conv2d",
    outputs,
    kernel: pair(kernel),
    stride: pair(stride),
    padding: pair(padding),
    dilation: pair(dilation),
    groups,
    bias,
    ...frozenIn(options),
  };
}

function pair(size: number | Pair): Pair {
  return typeof size === "number" ? [size, size] : [size[0], size[1]];
}

type Stride<Size> = { stride?: Size };

/** The largest of each window of [channels, length]; windows stand side by side unless `stride` says otherwise. */
export const maxPool1d = (kernel: number, { stride = kernel }: Stride<number> = {}): Layer => ({
  type: "maxPool1d",
  kernel,
  stride,
});
/** The mean of each window of [channels, length]. */
export const averagePool1d = (kernel: number, { stride = kernel }: Stride<number> = {}): Layer => ({
  type: "averagePool1d",
  kernel,
  stride,
});
/** The largest of each window of [channels, height, width]. */
export const maxPool2d = (kernel: number | Pair, { stride = kernel }: Stride<number | Pair> = {}): Layer => ({
  type: "maxPool2d",
  kernel: pair(kernel),
  stride: pair(stride),
});
/** The mean of each window of [channels, height, width]. */
export const averagePool2d = (
  kernel: number | Pair,
  { stride = kernel }: Stride<number | Pair> = {},
): Layer => ({
  type: "averagePool2d",
  kernel: pair(kernel),
  stride: pair(stride),
});
/** The mean of each channel: [channels, ...] becomes [channels]. */
export const globalAveragePool = (): Layer => ({ type: "globalAveragePool" });
/** One axis of all, the last one fastest. Costs nothing. */
export const flatten = (): Layer => ({ type: "flatten" });

/**
 * In training each number is set to 0 with `probability` and the others are divided by 1 - probability; in evaluation
 * nothing happens (Srivastava et al., 2014). Masks come from the network's seed.
 */
export const dropout = (probability = 0.5): Layer => ({ type: "dropout", probability });

/**
 * Normalizes each channel (the first axis of a sample) over the batch, and keeps running statistics for evaluation
 * (Ioffe and Szegedy, 2015). A single value per channel has no variance: then the running statistics stand in.
 */
export const batchNorm = (options: { epsilon?: number; momentum?: number; frozen?: Frozen } = {}): Layer => ({
  type: "batchNorm",
  epsilon: options.epsilon ?? 1e-5,
  momentum: options.momentum ?? 0.1,
  ...frozenIn(options),
});

/** Normalizes the last axis of each sample (Ba, Kiros and Hinton, 2016): the same in training and evaluation. */
export const layerNorm = (options: { epsilon?: number; frozen?: Frozen } = {}): Layer => ({
  type: "layerNorm",
  epsilon: options.epsilon ?? 1e-5,
  ...frozenIn(options),
});

/**
 * Gated recurrent unit over [steps, features] (Cho et al., 2014; the reset gate applies after the matrix product, as
 * in cuDNN and PyTorch). `returns` the last state, [hidden], or all, [steps, hidden]. With `carry` a step of training
 * starts from the state in which the one before ended: truncated back-propagation through an endless stream.
 */
export const gru = (
  hidden: number,
  options: { returns?: "last" | "sequence"; carry?: boolean; frozen?: Frozen } = {},
): Layer => ({
  type: "gru",
  hidden,
  returns: options.returns ?? "last",
  carry: options.carry ?? false,
  ...frozenIn(options),
});

/** `y = x + f(x)`, with f a stack of layers that keeps the shape (He et al., 2016). */
export const residual = (layers: Layer[]): Layer => ({ type: "residual", layers });

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

type Reduced = { reduction?: Reduction; sampleWeights?: boolean };
type ClassReduced = Reduced & { classWeights?: number[] };

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
export const binaryCrossEntropy = (
  options: ClassReduced & { on?: "logits" | "probabilities" } = {},
): Loss => ({
  type: "binaryCrossEntropy",
  on: "logits",
  reduction: "mean",
  ...options,
});
/** Cross-entropy of one class out of many, on logits. The target is one class index a sample. */
export const softmaxCrossEntropy = (options: ClassReduced = {}): Loss => ({
  type: "softmaxCrossEntropy",
  reduction: "mean",
  ...options,
});
/** The same on log-probabilities, as a `logSoftmax` layer gives them. */
export const negativeLogLikelihood = (options: ClassReduced = {}): Loss => ({
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
