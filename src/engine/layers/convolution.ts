import { Operation } from "../kernels/operation.ts";
import {
  type Check,
  flag,
  frozen,
  option,
  pairOf,
  wholeNotNegative,
  wholePositive,
} from "../model/options.ts";
import {
  absent,
  type Frozen,
  frozenIn,
  type LayerContext,
  type LayerKind,
  layer,
  type Operand,
  type Pair,
  sizeOf,
} from "./layer.ts";
import { asPair, packed, pairFrom, requireSides, sidesOf, windowsAlong } from "./window.ts";

/** Options of a convolution; `Size` is a number in one dimension, a pair in two. */
interface Described<Size> {
  outputs: number;
  kernel: Size;
  stride: Size;
  padding: Size;
  dilation: Size;
  groups: number;
  bias: boolean;
  frozen?: Frozen;
}

export type Conv1d = { type: "conv1d" } & Described<number>;
export type Conv2d = { type: "conv2d" } & Described<Pair>;
type Convolution = Conv1d | Conv2d;

export type ConvolutionOptions<Size> = Partial<Omit<Described<Size>, "outputs" | "kernel">>;

function create1d(outputs: number, kernel: number, options: ConvolutionOptions<number> = {}): Conv1d {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
  return { type: "conv1d", outputs, kernel, stride, padding, dilation, groups, bias, ...frozenIn(options) };
}

function create2d(
  outputs: number,
  kernel: number | Pair,
  options: ConvolutionOptions<number | Pair> = {},
): Conv2d {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
  return {
    type: "conv2d",
    outputs,
    kernel: pairFrom(kernel),
    stride: pairFrom(stride),
    padding: pairFrom(padding),
    dilation: pairFrom(dilation),
    groups,
    bias,
    ...frozenIn(options),
  };
}

/** Checks of the options; `size` checks each size. */
const checks = (size: (check: Check) => Check) => ({
  outputs: option("Number of output channels", wholePositive),
  kernel: option("Size of the window", size(wholePositive)),
  stride: option("Stride: distance from one window to the next", size(wholePositive)),
  padding: option("Padding: zeros added on each side", size(wholeNotNegative)),
  dilation: option("Dilation: distance between neighbours in a window", size(wholePositive)),
  groups: option("Number of groups of channels that are convolved separately", wholePositive),
  bias: option("Add a trained bias to each output channel", flag),
  frozen,
});

/** Most bytes of a strip of patches: it must fit in a first-level cache with the other operands. */
const scratchBytes = 16 * 1024;

/** All sizes of a convolution on samples of one shape. */
interface Geometry {
  channels: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  /** Height and width of the output. */
  windows: Pair;
  /** Weights of one output: channels / groups times the kernel's size. */
  patch: number;
  /** Positions of the output that are computed at a time. */
  strip: number;
}

function geometryOf(layer: Convolution, inputShape: number[]): Geometry {
  requireSides(inputShape, layer.type === "conv1d" ? 1 : 2);
  const channels = inputShape[0];
  const { outputs, groups } = layer;
  if (channels % groups !== 0 || outputs % groups !== 0) {
    throw new Error(
      `its ${groups} groups must divide the channels and the outputs (${outputs}); choose other groups`,
    );
  }
  const size = sidesOf(inputShape);
  const kernel = asPair(layer.kernel, 1);
  const stride = asPair(layer.stride, 1);
  const padding = asPair(layer.padding, 0);
  const dilation = asPair(layer.dilation, 1);
  const windows = windowsAlong(size, kernel, stride, padding, dilation);
  const patch = (channels / groups) * sizeOf(kernel);
  const fitting = Math.max(8, Math.floor(scratchBytes / 4 / patch) & ~7);
  // Strips of about equal length: a short last one would cost nearly as much as a long one.
  const positions = sizeOf(windows);
  const even = Math.ceil(positions / Math.ceil(positions / fitting));
  const strip = Math.min((even + 7) & ~7, positions);
  return { channels, size, kernel, stride, padding, dilation, windows, patch, strip };
}

/** Last operands of all three passes. */
function ending(layer: Convolution, geometry: Geometry): Operand[] {
  const { channels, size, kernel, stride, padding, dilation, strip } = geometry;
  const pairs = [size, kernel, stride, padding, dilation].map(packed);
  return [channels, layer.outputs, ...pairs, layer.groups, strip];
}

/** [patch, strip]: patches of the input side by side, for the matrix product. */
function patches(context: LayerContext, pass: string, { patch, strip }: Geometry) {
  return context.keep(`${pass}.patches`, [patch, strip], { role: "scratch", perSample: false });
}

/**
 * Cross-correlation over [channels, length] or [channels, height, width], as a matrix product of the weights
 * [outputs, patch] and patches of the input, one strip of limited size at a time (Chellapilla, Puri and Simard, 2006).
 */
const convolution: Omit<LayerKind<Convolution>, "title" | "options" | "alone" | "needs" | "read"> = {
  outputShape(layer, inputShape) {
    const { windows } = geometryOf(layer, inputShape);
    return layer.type === "conv1d" ? [layer.outputs, windows[1]] : [layer.outputs, ...windows];
  },

  parameters(layer, inputShape) {
    const { outputs, groups, bias } = layer;
    const kernel = layer.type === "conv1d" ? [layer.kernel] : layer.kernel;
    const shape = [outputs, inputShape[0] / groups, ...kernel];
    const fanIn = sizeOf(shape) / outputs;
    const initial = { fanIn, fanOut: (outputs / groups) * sizeOf(kernel) };
    const weight = { name: "weight", shape, stored: "as shaped" as const, initial };
    if (!bias) return [weight];
    return [weight, { name: "bias", shape: [outputs], stored: "as shaped", initial: { constant: 0 } }];
  },

  inPlace: false,
  backwardReads: (_, trained) => (trained.includes("weight") ? ["input"] : []),

  forward(layer, context) {
    const { emit, inputShape, input, output, parameters } = context;
    const geometry = geometryOf(layer, inputShape);
    const bias = parameters["bias"] ?? absent;
    const scratch = patches(context, "forward", geometry);
    const rest = ending(layer, geometry);
    emit(Operation.ConvolutionForward, output, input, parameters["weight"], bias, scratch, ...rest);
  },

  backward(layer, context) {
    const { emit, inputShape, outputGradient, inputGradient, parameters } = context;
    if (!inputGradient) return;
    const geometry = geometryOf(layer, inputShape);
    const scratch = patches(context, "backward", geometry);
    const { weight } = parameters;
    const rest = ending(layer, geometry);
    emit(Operation.ConvolutionInputGradient, inputGradient, outputGradient, weight, scratch, ...rest);
  },

  gradients(layer, context) {
    const { emit, inputShape, input, outputGradient, gradients } = context;
    const geometry = geometryOf(layer, inputShape);
    const { weight, bias } = gradients;
    if (weight) {
      const scratch = patches(context, "gradient", geometry);
      const rest = ending(layer, geometry);
      emit(Operation.ConvolutionWeightGradient, weight, input, outputGradient, scratch, ...rest);
    }
    if (bias) {
      emit(Operation.ChannelSums, bias, outputGradient, layer.outputs, sizeOf(geometry.windows));
    }
  },

  requireBounded(layer, { emit, inputShape, outputShape, input, outputGradient, gradients }) {
    const [inputs, outputs] = [sizeOf(inputShape), sizeOf(outputShape)];
    const positions = outputs / layer.outputs;
    const { weight, bias } = gradients;
    if (weight) emit(Operation.RequireBounded, input, inputs, outputGradient, outputs, positions);
    if (bias) emit(Operation.RequireBounded, outputGradient, outputs, absent, 0, positions);
  },
};

/**
 * Cross-correlation over [channels, length] with zero padding on both sides. `groups` equal to the channels is
 * depthwise.
 */
export const conv1d = layer(create1d, {
  title: "Convolution of [channels, length]",
  options: checks((check) => check),
  needs: ["outputs", "kernel"],
  read: ({ outputs, kernel, ...options }) => create1d(outputs, kernel, options),
  ...convolution,
});

/** Cross-correlation over [channels, height, width]; a single number applies to both axes. */
export const conv2d = layer(create2d, {
  title: "Convolution of [channels, height, width]",
  options: checks(pairOf),
  needs: ["outputs", "kernel"],
  read: ({ outputs, kernel, ...options }) => create2d(outputs, kernel, options),
  ...convolution,
});
