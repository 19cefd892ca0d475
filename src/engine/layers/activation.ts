/** Layers without parameters that keep the shape: y = f(x), element by element or row by row. */
import { Operation } from "../kernels/operation.ts";
import { notNegative, option } from "../model/options.ts";
import { type LayerKind, lastAxis, layer, type Operand, sizeOf } from "./layer.ts";

type Activation<Description> = Omit<
  LayerKind<Description>,
  "title" | "options" | "alone" | "needs" | "read" | "slopeBelowZero"
>;

/** Creates the kind of an activation that works in place and whose gradient needs only its output. */
export function activation<Description>(
  forward: Operation,
  backward: Operation,
  operandsOf: (layer: Description, shape: number[]) => Operand[],
): Activation<Description> {
  return {
    outputShape: (_, inputShape) => inputShape,
    inPlace: true,
    backwardReads: () => ["output"],
    forward(description, { emit, inputShape, input, output }) {
      emit(forward, output, input, ...operandsOf(description, inputShape));
    },
    backward(description, { emit, inputShape, output, outputGradient, inputGradient }) {
      if (inputGradient) {
        emit(backward, inputGradient, outputGradient, output, ...operandsOf(description, inputShape));
      }
    },
  };
}

const elements = (_: unknown, shape: number[]) => [sizeOf(shape)];
const rows = (_: unknown, shape: number[]) => [lastAxis(shape), sizeOf(shape) / lastAxis(shape)];

/** y = 1 / (1 + e^-x) */
export const sigmoid = layer((): { type: "sigmoid" } => ({ type: "sigmoid" }), {
  title: "Sigmoid, 1 / (1 + e^-x)",
  options: {},
  ...activation(Operation.SigmoidForward, Operation.SigmoidBackward, elements),
});

/** y = tanh x */
export const tanh = layer((): { type: "tanh" } => ({ type: "tanh" }), {
  title: "Hyperbolic tangent",
  options: {},
  ...activation(Operation.TanhForward, Operation.TanhBackward, elements),
});

/** y = max(x, 0): a leaky ReLU with slope 0. */
export const relu = layer((): { type: "relu" } => ({ type: "relu" }), {
  title: "Rectified linear unit, max(x, 0)",
  options: {},
  slopeBelowZero: () => 0,
  ...activation(Operation.LeakyReluForward, Operation.LeakyReluBackward, (_, shape) => [
    sizeOf(shape),
    { float: 0 },
  ]),
});

export type LeakyRelu = { type: "leakyRelu"; slope: number };

const createLeakyRelu = (slope = 0.01): LeakyRelu => ({ type: "leakyRelu", slope });

/** y = x if x is above 0, else slope x, with a slope of 0 or more. */
export const leakyRelu = layer(createLeakyRelu, {
  title: "Rectified linear unit with a slope below 0",
  options: { slope: option("Slope below 0", notNegative) },
  alone: "slope",
  read: ({ slope }) => createLeakyRelu(slope),
  slopeBelowZero: ({ slope }) => slope,
  ...activation<LeakyRelu>(Operation.LeakyReluForward, Operation.LeakyReluBackward, ({ slope }, shape) => [
    sizeOf(shape),
    { float: slope },
  ]),
});

/** Softmax over the last axis. For classification prefer `softmaxCrossEntropy` on logits, without this layer. */
export const softmax = layer((): { type: "softmax" } => ({ type: "softmax" }), {
  title: "Softmax along the last axis",
  options: {},
  ...activation(Operation.SoftmaxForward, Operation.SoftmaxBackward, rows),
});

/** The logarithm of softmax over the last axis, for `negativeLogLikelihood`. */
export const logSoftmax = layer((): { type: "logSoftmax" } => ({ type: "logSoftmax" }), {
  title: "Logarithm of softmax along the last axis",
  options: {},
  ...activation(Operation.LogSoftmaxForward, Operation.LogSoftmaxBackward, rows),
});

/** y = x. Costs neither memory nor time. */
export const identity = layer((): { type: "identity" } => ({ type: "identity" }), {
  title: "Identity: the input, unchanged",
  options: {},
  outputShape: (_, inputShape) => inputShape,
  isAlias: true,
  inPlace: true,
  backwardReads: () => [],
  forward() {},
  backward() {},
});
