import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { expectClose } from "./oracle.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

const random = createRandom(11);
const numbers = (count: number) => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);

type Pair = [number, number];

interface Shape {
  rows: number;
  channels: number;
  outputs: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  groups: number;
  strip: number;
}

const one: Pair = [1, 1];
const plain = { rows: 3, stride: one, padding: [0, 0] as Pair, dilation: one, groups: 1, strip: 100 };

const shapes: Record<string, Shape> = {
  "one number": { ...plain, rows: 1, channels: 1, outputs: 1, size: one, kernel: one, strip: 1 },
  "1d": { ...plain, channels: 3, outputs: 5, size: [1, 17], kernel: [1, 5], padding: [0, 2], strip: 7 },
  "1d, strided": {
    ...plain,
    channels: 5,
    outputs: 7,
    size: [1, 37],
    kernel: [1, 3],
    stride: [1, 3],
    strip: 5,
  },
  "1d, causal": {
    ...plain,
    channels: 2,
    outputs: 3,
    size: [1, 9],
    kernel: [1, 3],
    padding: [0, 8],
    dilation: [1, 4],
  },
  "2d": { ...plain, channels: 3, outputs: 4, size: [7, 5], kernel: [3, 3], padding: one, strip: 17 },
  "2d, odd everything": {
    rows: 2,
    channels: 6,
    outputs: 9,
    size: [17, 13],
    kernel: [3, 2],
    stride: [2, 3],
    padding: [3, 1],
    dilation: [2, 3],
    groups: 3,
    strip: 11,
  },
  "2d, dilated": {
    ...plain,
    channels: 1,
    outputs: 8,
    size: [11, 9],
    kernel: [3, 3],
    padding: [2, 1],
    dilation: [2, 3],
    strip: 3,
  },
  "2d, kernel larger than the input": {
    ...plain,
    channels: 2,
    outputs: 2,
    size: [2, 3],
    kernel: [5, 7],
    padding: [4, 5],
    strip: 4,
  },
  "2d, padding beyond the kernel": {
    ...plain,
    channels: 1,
    outputs: 2,
    size: [3, 2],
    kernel: [2, 2],
    padding: [4, 5],
    stride: [1, 2],
    strip: 6,
  },
  depthwise: {
    ...plain,
    channels: 7,
    outputs: 7,
    size: [5, 17],
    kernel: [3, 3],
    padding: one,
    groups: 7,
    strip: 40,
  },
  "depthwise, two outputs each": {
    ...plain,
    channels: 3,
    outputs: 6,
    size: [1, 33],
    kernel: [1, 4],
    groups: 3,
    strip: 32,
  },
  pointwise: { ...plain, channels: 5, outputs: 7, size: [3, 5], kernel: one, strip: 4 },
  "pointwise, grouped": {
    ...plain,
    channels: 6,
    outputs: 10,
    size: [1, 17],
    kernel: one,
    groups: 2,
    strip: 4,
  },
  "one by one, strided": {
    ...plain,
    channels: 3,
    outputs: 5,
    size: [7, 5],
    kernel: one,
    stride: [2, 2],
    strip: 5,
  },
  "one by one, padded": {
    ...plain,
    channels: 3,
    outputs: 5,
    size: [3, 5],
    kernel: one,
    padding: one,
    strip: 8,
  },
};

function outputSize(shape: Shape): Pair {
  const along = (axis: 0 | 1) => {
    const span = shape.dilation[axis] * (shape.kernel[axis] - 1) + 1;
    return Math.floor((shape.size[axis] + 2 * shape.padding[axis] - span) / shape.stride[axis]) + 1;
  };
  return [along(0), along(1)];
}

function arraysOf(shape: Shape) {
  const [height, width] = outputSize(shape);
  const depth = (shape.channels / shape.groups) * shape.kernel[0] * shape.kernel[1];
  return {
    input: numbers(shape.rows * shape.channels * shape.size[0] * shape.size[1]),
    weight: numbers(shape.outputs * depth),
    bias: numbers(shape.outputs),
    output: numbers(shape.rows * shape.outputs * height * width),
    scratch: numbers(depth * shape.strip),
    after: numbers(16),
  };
}

const pair = ([first, second]: Pair) => (first << 16) | second;

function trialsOf(shape: Shape): Record<string, Trial> {
  const arrays = arraysOf(shape);
  const operands = [
    shape.channels,
    shape.outputs,
    pair(shape.size),
    pair(shape.kernel),
    pair(shape.stride),
    pair(shape.padding),
    pair(shape.dilation),
    shape.groups,
    shape.strip,
  ];
  const [height, width] = outputSize(shape);
  const { rows } = shape;
  const forward = { rows, arrays, operation: Operation.ConvolutionForward };
  const weightGradient: Trial = {
    rows,
    arrays,
    operation: Operation.ConvolutionWeightGradient,
    operands: ["weight", "input", "output", "scratch", ...operands],
  };
  const biasGradient: Trial = {
    rows,
    arrays,
    operation: Operation.ChannelSums,
    operands: ["bias", "output", shape.outputs, height * width],
  };
  return {
    forward: { ...forward, operands: ["output", "input", "weight", "bias", "scratch", ...operands] },
    "forward without bias": {
      ...forward,
      operands: ["output", "input", "weight", 0, "scratch", ...operands],
    },
    "input gradient": {
      rows,
      arrays,
      operation: Operation.ConvolutionInputGradient,
      operands: ["input", "output", "weight", "scratch", ...operands],
    },
    "weight gradient": weightGradient,
    "weight gradient, accumulating": { ...weightGradient, accumulating: true },
    "bias gradient": biasGradient,
    "bias gradient, accumulating": { ...biasGradient, accumulating: true },
  };
}

/** By the definition, in float64: what each operation writes, starting from the arrays given. */
function oracle(
  shape: Shape,
  name: string,
  arrays: Record<string, ArrayLike<number>>,
): [string, Float64Array] {
  const [height, width] = outputSize(shape);
  const channels = shape.channels / shape.groups;
  const outputs = shape.outputs / shape.groups;
  const result = {
    forward: "output",
    "input gradient": "input",
    "weight gradient": "weight",
    "bias gradient": "bias",
  };
  const [task, ...how] = name.split(/(?= without)|(?=, )/);
  const target = result[task as keyof typeof result];
  const sums = new Float64Array(arrays[target].length);
  if (how[0] === ", accumulating") sums.set(Float64Array.from(arrays[target]));
  for (let position = 0; position < arrays["output"].length; position++) {
    const x = position % width;
    const y = Math.floor(position / width) % height;
    const channel = Math.floor(position / width / height) % shape.outputs;
    const row = Math.floor(position / width / height / shape.outputs);
    const group = Math.floor(channel / outputs);
    if (task === "bias gradient") sums[channel] += arrays["output"][position];
    if (task === "forward" && how.length === 0) sums[position] += arrays["bias"][channel];
    for (let c = 0; c < channels; c++) {
      for (let ky = 0; ky < shape.kernel[0]; ky++) {
        for (let kx = 0; kx < shape.kernel[1]; kx++) {
          const iy = y * shape.stride[0] - shape.padding[0] + ky * shape.dilation[0];
          const ix = x * shape.stride[1] - shape.padding[1] + kx * shape.dilation[1];
          if (iy < 0 || iy >= shape.size[0] || ix < 0 || ix >= shape.size[1]) continue;
          const inputChannel = row * shape.channels + group * channels + c;
          const i = (inputChannel * shape.size[0] + iy) * shape.size[1] + ix;
          const w = ((channel * channels + c) * shape.kernel[0] + ky) * shape.kernel[1] + kx;
          if (task === "forward") sums[position] += arrays["input"][i] * arrays["weight"][w];
          if (task === "input gradient") sums[i] += arrays["output"][position] * arrays["weight"][w];
          if (task === "weight gradient") sums[w] += arrays["output"][position] * arrays["input"][i];
        }
      }
    }
  }
  return [target, sums];
}

const cases = Object.keys(shapes).flatMap((shape) =>
  Object.keys(trialsOf(shapes["one number"])).map((operation) => [shape, operation] as const),
);

describe.each(availableVariants())("convolution on %s kernels", (variant) => {
  test.each(cases)("%s: %s is what the definition says", (shapeName, operation) => {
    const trial = trialsOf(shapes[shapeName])[operation];
    const [target, sums] = oracle(shapes[shapeName], operation, trial.arrays);
    const found = runTrial(variant, trial);
    expectClose(found.arrays[target], sums, target);
    for (const [array, before] of Object.entries(trial.arrays)) {
      if (array === target || array === "scratch") continue;
      expect(found.arrays[array], array).toEqual(before);
    }
  });

  if (variant === "scalar") return;
  test.each(cases)("%s: %s equals its scalar twin", (shapeName, operation) => {
    for (const strip of [1, 3, 8, shapes[shapeName].strip]) {
      for (const rows of [1, 3]) {
        const trial = trialsOf({ ...shapes[shapeName], strip, rows })[operation];
        expectTwins(variant, trial, `${rows} rows, strips of ${strip}`);
      }
    }
  });
});
