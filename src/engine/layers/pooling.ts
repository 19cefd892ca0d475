import { Operation } from "../kernels/operation.ts";
import type { Layer, Pair } from "../model/model.ts";
import type { LayerContext, LayerKind, Operand } from "./layer.ts";
import { asPair, needsAxes, packed, requireSides, sidesOf, windowsAlong } from "./window.ts";

type MaxPool = Extract<Layer, { type: "maxPool1d" | "maxPool2d" }>;
type AveragePool = Extract<Layer, { type: "averagePool1d" | "averagePool2d" }>;
type Global = Extract<Layer, { type: "globalAveragePool" }>;

const whole: Pair = [1, 1];
const none: Pair = [0, 0];

/** Windows of a pool over [channels, ...]: no padding, the last incomplete window left out. */
function outputShape(layer: MaxPool | AveragePool, inputShape: number[]): number[] {
  const dimensions = layer.type.endsWith("1d") ? 1 : 2;
  requireSides(inputShape, dimensions);
  const [kernel, stride] = [asPair(layer.kernel, 1), asPair(layer.stride, 1)];
  const windows = windowsAlong(sidesOf(inputShape), kernel, stride, none, whole);
  return [inputShape[0], ...(dimensions === 1 ? [windows[1]] : windows)];
}

/** channels, size, kernel, stride: what all passes of pools end in. */
function ending(inputShape: number[], kernel: Pair, stride: Pair): Operand[] {
  return [inputShape[0], packed(sidesOf(inputShape)), packed(kernel), packed(stride)];
}

const endingOf = (layer: MaxPool | AveragePool, inputShape: number[]) =>
  ending(inputShape, asPair(layer.kernel, 1), asPair(layer.stride, 1));

/** Which element of its channel was the largest of each window. */
const winners = ({ keep, outputShape }: LayerContext) => keep("index", outputShape, { dtype: "i32" });

/** The largest of each window; the first of equal ones takes the gradient. */
export const maxPool: LayerKind<MaxPool> = {
  outputShape,
  parameters: () => [],
  inPlace: false,
  backwardReads: () => [],
  forward(layer, context) {
    const { emit, inputShape, input, output } = context;
    emit(Operation.MaxPoolForward, output, winners(context), input, ...endingOf(layer, inputShape));
  },
  backward(layer, context) {
    const { emit, inputShape, outputGradient, inputGradient } = context;
    if (!inputGradient) return;
    const rest = endingOf(layer, inputShape);
    emit(Operation.MaxPoolBackward, inputGradient, outputGradient, winners(context), ...rest);
  },
};

/** The mean of each window. */
export const averagePool: LayerKind<AveragePool> = {
  outputShape,
  parameters: () => [],
  inPlace: false,
  backwardReads: () => [],
  forward(layer, { emit, inputShape, input, output }) {
    emit(Operation.AveragePoolForward, output, input, ...endingOf(layer, inputShape));
  },
  backward(layer, { emit, inputShape, outputGradient, inputGradient }) {
    if (!inputGradient) return;
    const rest = endingOf(layer, inputShape);
    emit(Operation.AveragePoolBackward, inputGradient, outputGradient, ...rest);
  },
};

/** An average pool whose only window is the whole of a channel. */
function endingOfWhole(inputShape: number[]): Operand[] {
  return ending(inputShape, sidesOf(inputShape), whole);
}

/** The mean of each channel. */
export const globalAveragePool: LayerKind<Global> = {
  outputShape(_, inputShape) {
    // A mean needs an axis to be taken over.
    if (inputShape.length < 2) throw new Error(needsAxes("[channels, ...]", [1, ...inputShape]));
    requireSides(inputShape, inputShape.length === 2 ? 1 : 2);
    return [inputShape[0]];
  },
  parameters: () => [],
  inPlace: false,
  backwardReads: () => [],
  forward(_, { emit, inputShape, input, output }) {
    emit(Operation.AveragePoolForward, output, input, ...endingOfWhole(inputShape));
  },
  backward(_, { emit, inputShape, outputGradient, inputGradient }) {
    if (!inputGradient) return;
    const rest = endingOfWhole(inputShape);
    emit(Operation.AveragePoolBackward, inputGradient, outputGradient, ...rest);
  },
};
