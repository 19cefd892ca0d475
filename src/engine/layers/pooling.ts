import { Operation } from "../kernels/operation.ts";
import { type Check, option, pairOf, wholePositive } from "../model/options.ts";
import { type LayerContext, type LayerKind, layer, type Operand, type Pair } from "./layer.ts";
import {
  asPair,
  packed,
  pairFrom,
  reducedToChannels,
  requireSides,
  sidesOf,
  windowsAlong,
} from "./window.ts";

export type Pool1d<Type extends string> = { type: Type; kernel: number; stride: number };
export type Pool2d<Type extends string> = { type: Type; kernel: Pair; stride: Pair };
type MaxPool = Pool1d<"maxPool1d"> | Pool2d<"maxPool2d">;
type AveragePool = Pool1d<"averagePool1d"> | Pool2d<"averagePool2d">;

type Stride<Size> = { stride?: Size };

/** Options of a pool. The default of `stride` is the kernel, so that windows do not overlap. */
const pool1d =
  <Type extends string>(type: Type) =>
  (kernel: number, { stride = kernel }: Stride<number> = {}): Pool1d<Type> => ({ type, kernel, stride });

const pool2d =
  <Type extends string>(type: Type) =>
  (kernel: number | Pair, { stride = kernel }: Stride<number | Pair> = {}): Pool2d<Type> => ({
    type,
    kernel: pairFrom(kernel),
    stride: pairFrom(stride),
  });

/** Written form of a pool; `size` checks each size. */
const written = <Value>(
  size: (check: Check) => Check,
  create: (kernel: never, options: Stride<never>) => Value,
) => ({
  options: {
    kernel: option("Size of the window", size(wholePositive)),
    stride: option("Stride: distance from one window to the next", size(wholePositive)),
  },
  alone: "kernel" as const,
  needs: ["kernel"] as const,
  read: ({ kernel, ...options }: { kernel: never }) => create(kernel, options),
});

type Windowed<Pool> = Omit<LayerKind<Pool>, "title" | "options" | "alone" | "needs" | "read">;

const whole: Pair = [1, 1];
const none: Pair = [0, 0];

/** Sizes of a pool over [channels, ...]: no padding; an incomplete last window is ignored. */
function outputShape(layer: MaxPool | AveragePool, inputShape: number[]): number[] {
  const dimensions = layer.type.endsWith("1d") ? 1 : 2;
  requireSides(inputShape, dimensions);
  const [kernel, stride] = [asPair(layer.kernel, 1), asPair(layer.stride, 1)];
  const windows = windowsAlong(sidesOf(inputShape), kernel, stride, none, whole);
  return [inputShape[0], ...(dimensions === 1 ? [windows[1]] : windows)];
}

/** Last operands of all passes of pools: channels, size, kernel, stride. */
function ending(inputShape: number[], kernel: Pair, stride: Pair): Operand[] {
  return [inputShape[0], packed(sidesOf(inputShape)), packed(kernel), packed(stride)];
}

const endingOf = (layer: MaxPool | AveragePool, inputShape: number[]) =>
  ending(inputShape, asPair(layer.kernel, 1), asPair(layer.stride, 1));

/** Index, within its channel, of the largest element of each window. */
const winners = ({ keep, outputShape }: LayerContext) => keep("index", outputShape, { dtype: "i32" });

/** Maximum of each window; the first of equal elements receives the gradient. */
const maxPool: Windowed<MaxPool> = {
  outputShape,
  inPlace: false,
  isTransparent: true,
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

/** Mean of each window. */
const averagePool: Windowed<AveragePool> = {
  outputShape,
  inPlace: false,
  isTransparent: true,
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

const alongOne = (check: Check) => check;
const maximumOf1d = pool1d("maxPool1d");
const maximumOf2d = pool2d("maxPool2d");
const averageOf1d = pool1d("averagePool1d");
const averageOf2d = pool2d("averagePool2d");

/** Maximum of each window of [channels, length]; `stride` is the kernel by default. */
export const maxPool1d = layer(maximumOf1d, {
  title: "Largest number of each window of [channels, length]",
  ...written(alongOne, maximumOf1d),
  ...maxPool,
});
/** Maximum of each window of [channels, height, width]; a single number applies to both axes. */
export const maxPool2d = layer(maximumOf2d, {
  title: "Largest number of each window of [channels, height, width]",
  ...written(pairOf, maximumOf2d),
  ...maxPool,
});
/** Mean of each window of [channels, length]; `stride` is the kernel by default. */
export const averagePool1d = layer(averageOf1d, {
  title: "Mean of each window of [channels, length]",
  ...written(alongOne, averageOf1d),
  ...averagePool,
});
/** Mean of each window of [channels, height, width]; a single number applies to both axes. */
export const averagePool2d = layer(averageOf2d, {
  title: "Mean of each window of [channels, height, width]",
  ...written(pairOf, averageOf2d),
  ...averagePool,
});

/** Operands of a pool whose only window is a whole channel. */
function endingOfWhole(inputShape: number[]): Operand[] {
  return ending(inputShape, sidesOf(inputShape), whole);
}

/** Mean of each channel: [channels, ...] becomes [channels]. */
export const globalAveragePool = layer((): { type: "globalAveragePool" } => ({ type: "globalAveragePool" }), {
  title: "Mean of each channel",
  options: {},
  outputShape: (_, inputShape) => reducedToChannels(inputShape),
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
});
