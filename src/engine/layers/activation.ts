import { Operation } from "../kernels/operation.ts";
import type { Layer } from "../model/model.ts";
import { type LayerKind, lastAxis, type Operand, sizeOf } from "./layer.ts";

/** A layer without parameters that keeps its shape, works in place and goes back from its output alone. */
function activation<Kind extends Layer["type"]>(
  forward: Operation,
  backward: Operation,
  operandsOf: (layer: Extract<Layer, { type: Kind }>, shape: number[]) => Operand[],
): LayerKind<Extract<Layer, { type: Kind }>> {
  return {
    outputShape: (_, inputShape) => inputShape,
    parameters: () => [],
    inPlace: true,
    backwardReads: () => ["output"],
    forward(layer, { emit, inputShape, input, output }) {
      emit(forward, output, input, ...operandsOf(layer, inputShape));
    },
    backward(layer, { emit, inputShape, output, outputGradient, inputGradient }) {
      if (inputGradient) {
        emit(backward, inputGradient, outputGradient, output, ...operandsOf(layer, inputShape));
      }
    },
  };
}

const elements = (_: Layer, shape: number[]) => [sizeOf(shape)];
const rows = (_: Layer, shape: number[]) => [lastAxis(shape), sizeOf(shape) / lastAxis(shape)];

export const sigmoid = activation<"sigmoid">(Operation.SigmoidForward, Operation.SigmoidBackward, elements);

export const tanh = activation<"tanh">(Operation.TanhForward, Operation.TanhBackward, elements);

export const leakyRelu = activation<"leakyRelu">(
  Operation.LeakyReluForward,
  Operation.LeakyReluBackward,
  (layer, shape) => [sizeOf(shape), { float: layer.slope }],
);

/** A leaky ReLU of slope 0. */
export const relu = activation<"relu">(
  Operation.LeakyReluForward,
  Operation.LeakyReluBackward,
  (_, shape) => [sizeOf(shape), { float: 0 }],
);

/** Over the last axis. */
export const softmax = activation<"softmax">(Operation.SoftmaxForward, Operation.SoftmaxBackward, rows);

/** Over the last axis. */
export const logSoftmax = activation<"logSoftmax">(
  Operation.LogSoftmaxForward,
  Operation.LogSoftmaxBackward,
  rows,
);

/** Costs neither memory nor time: its output is its input. */
export const identity: LayerKind<Extract<Layer, { type: "identity" }>> = {
  outputShape: (_, inputShape) => inputShape,
  parameters: () => [],
  isAlias: true,
  inPlace: true,
  backwardReads: () => [],
  forward() {},
  backward() {},
};
