/** Twin of ../assembly/convolution.ts. Pointers are element indices into `memory`, strides are in elements. */
import type { Heap } from "./heap.ts";
import { product, productTransposed, Start } from "./matrix.ts";

const f = Math.fround;

/** The shape of a convolution, with separated pairs and derived sizes. */
interface ConvolutionShape {
  channelsOfGroup: number;
  outputsOfGroup: number;
  groups: number;
  height: number;
  width: number;
  kernelHeight: number;
  kernelWidth: number;
  strideY: number;
  strideX: number;
  paddingY: number;
  paddingX: number;
  dilationY: number;
  dilationX: number;
  outputHeight: number;
  outputWidth: number;
  strip: number;
  /** Whether the input itself is already the unfolded matrix. */
  pointwise: boolean;
}

/** The shape of the present instruction, reused so that none is allocated. */
const shape: ConvolutionShape = {
  channelsOfGroup: 0,
  outputsOfGroup: 0,
  groups: 0,
  height: 0,
  width: 0,
  kernelHeight: 0,
  kernelWidth: 0,
  strideY: 0,
  strideX: 0,
  paddingY: 0,
  paddingX: 0,
  dilationY: 0,
  dilationX: 0,
  outputHeight: 0,
  outputWidth: 0,
  strip: 0,
  pointwise: false,
};

/**
 * The shape in the operands from `index` on of the instruction `instruction`: channels, outputs, size ... strip. It
 * counts until the next call.
 */
export function convolutionShape({ ints }: Heap, instruction: number, index: number): ConvolutionShape {
  const at = instruction + 1 + index;
  shape.groups = ints[at + 7];
  shape.strip = ints[at + 8];
  shape.channelsOfGroup = (ints[at] / shape.groups) | 0;
  shape.outputsOfGroup = (ints[at + 1] / shape.groups) | 0;
  shape.height = ints[at + 2] >>> 16;
  shape.width = ints[at + 2] & 0xffff;
  shape.kernelHeight = ints[at + 3] >>> 16;
  shape.kernelWidth = ints[at + 3] & 0xffff;
  shape.strideY = ints[at + 4] >>> 16;
  shape.strideX = ints[at + 4] & 0xffff;
  shape.paddingY = ints[at + 5] >>> 16;
  shape.paddingX = ints[at + 5] & 0xffff;
  shape.dilationY = ints[at + 6] >>> 16;
  shape.dilationX = ints[at + 6] & 0xffff;
  const spanY = shape.dilationY * (shape.kernelHeight - 1) + 1;
  const spanX = shape.dilationX * (shape.kernelWidth - 1) + 1;
  shape.outputHeight = (((shape.height + 2 * shape.paddingY - spanY) / shape.strideY) | 0) + 1;
  shape.outputWidth = (((shape.width + 2 * shape.paddingX - spanX) / shape.strideX) | 0) + 1;
  shape.pointwise = ints[at + 3] === 0x10001 && ints[at + 4] === 0x10001 && ints[at + 5] === 0;
  return shape;
}

/** output = convolution of input and weight, plus bias; see the vector kernel of that name. */
export function convolutionForward(
  memory: Float32Array,
  output: number,
  input: number,
  weight: number,
  bias: number,
  scratch: number,
  shape: ConvolutionShape,
  rows: number,
): void {
  const outputs = shape.outputsOfGroup;
  const depth = shape.channelsOfGroup * shape.kernelHeight * shape.kernelWidth;
  const plane = shape.height * shape.width;
  const positions = shape.outputHeight * shape.outputWidth;
  const strip = shape.pointwise ? positions : shape.strip;
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < shape.groups; group++) {
      const w = weight + group * outputs * depth;
      for (let i = 0; i < outputs; i++) {
        const value = bias ? memory[bias + group * outputs + i] : 0;
        memory.fill(value, output + i * positions, output + (i + 1) * positions);
      }
      for (let first = 0; first < positions; first += strip) {
        const n = Math.min(strip, positions - first);
        const c = output + first;
        if (shape.pointwise) {
          product(memory, c, positions, w, depth, 1, input, plane, outputs, n, depth, Start.Result, 0);
        } else {
          exchange(memory, Direction.Unfold, scratch, input, shape, first, n);
          product(memory, c, positions, w, depth, 1, scratch, strip, outputs, n, depth, Start.Result, 0);
        }
      }
      input += shape.channelsOfGroup * plane;
      output += outputs * positions;
    }
  }
}

/** The gradient with respect to the input of a convolution. */
export function convolutionInputGradient(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  weight: number,
  scratch: number,
  shape: ConvolutionShape,
  rows: number,
): void {
  const outputs = shape.outputsOfGroup;
  const depth = shape.channelsOfGroup * shape.kernelHeight * shape.kernelWidth;
  const plane = shape.height * shape.width;
  const positions = shape.outputHeight * shape.outputWidth;
  const strip = shape.strip;
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < shape.groups; group++) {
      const w = weight + group * outputs * depth;
      const end = inputGradient + shape.channelsOfGroup * plane;
      if (shape.pointwise) {
        const b = outputGradient;
        product(
          memory,
          inputGradient,
          plane,
          w,
          1,
          depth,
          b,
          positions,
          depth,
          positions,
          outputs,
          Start.Zero,
          0,
        );
      } else {
        memory.fill(0, inputGradient, end);
        for (let first = 0; first < positions; first += strip) {
          const n = Math.min(strip, positions - first);
          const b = outputGradient + first;
          product(memory, scratch, strip, w, 1, depth, b, positions, depth, n, outputs, Start.Zero, 0);
          exchange(memory, Direction.Fold, scratch, inputGradient, shape, first, n);
        }
      }
      inputGradient = end;
      outputGradient += outputs * positions;
    }
  }
}

/** The gradient with respect to the weights of a convolution. */
export function convolutionWeightGradient(
  memory: Float32Array,
  weightGradient: number,
  input: number,
  outputGradient: number,
  scratch: number,
  shape: ConvolutionShape,
  rows: number,
  start: number,
): void {
  const outputs = shape.outputsOfGroup;
  const depth = shape.channelsOfGroup * shape.kernelHeight * shape.kernelWidth;
  const plane = shape.height * shape.width;
  const positions = shape.outputHeight * shape.outputWidth;
  const strip = shape.pointwise ? positions : shape.strip;
  const count = shape.groups * outputs * depth;
  if (start === Start.Zero) memory.fill(0, weightGradient, weightGradient + count);
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < shape.groups; group++) {
      const c = weightGradient + group * outputs * depth;
      for (let first = 0; first < positions; first += strip) {
        const k = Math.min(strip, positions - first);
        const a = outputGradient + first;
        if (shape.pointwise) {
          productTransposed(memory, c, depth, a, positions, input, plane, outputs, depth, k, Start.Result);
        } else {
          exchange(memory, Direction.Unfold, scratch, input, shape, first, k);
          productTransposed(memory, c, depth, a, positions, scratch, strip, outputs, depth, k, Start.Result);
        }
      }
      input += shape.channelsOfGroup * plane;
      outputGradient += outputs * positions;
    }
  }
}

const Direction = {
  /** Columns receive the inputs of their positions, and zeros for the padding. */
  Unfold: 0,
  /** Columns are added to the inputs of their positions. */
  Fold: 1,
} as const;

/** Exchanges `count` positions of the output from `first` on between the columns and the channels of one group. */
function exchange(
  memory: Float32Array,
  direction: number,
  columns: number,
  input: number,
  shape: ConvolutionShape,
  first: number,
  count: number,
): void {
  const y = (first / shape.outputWidth) | 0;
  const x = first - y * shape.outputWidth;
  for (let channel = 0; channel < shape.channelsOfGroup; channel++) {
    for (let ky = 0; ky < shape.kernelHeight; ky++) {
      const shiftY = ky * shape.dilationY - shape.paddingY;
      for (let kx = 0; kx < shape.kernelWidth; kx++) {
        const shiftX = kx * shape.dilationX - shape.paddingX;
        exchangeRow(memory, direction, columns, input, shape, shiftY, shiftX, y, x, count);
        columns += shape.strip;
      }
    }
    input += shape.height * shape.width;
  }
}

/** One row of the columns: one element of the kernel, at `count` positions of the output from (y, x) on. */
function exchangeRow(
  memory: Float32Array,
  direction: number,
  column: number,
  plane: number,
  shape: ConvolutionShape,
  shiftY: number,
  shiftX: number,
  y: number,
  x: number,
  count: number,
): void {
  const { height, width, strideY, strideX, outputWidth } = shape;
  const columnEnd = column + count;
  for (; column < columnEnd; column++) {
    const inputY = y * strideY + shiftY;
    const inputX = x * strideX + shiftX;
    const inside = inputY >= 0 && inputY < height && inputX >= 0 && inputX < width;
    const at = plane + inputY * width + inputX;
    if (direction === Direction.Unfold) memory[column] = inside ? memory[at] : 0;
    else if (inside) memory[at] = memory[at] + memory[column];
    x++;
    if (x === outputWidth) {
      x = 0;
      y++;
    }
  }
}

/** sums [channels] = start + what all rows hold of each channel of values [channels, positions]. */
export function channelSums(
  memory: Float32Array,
  sums: number,
  values: number,
  channels: number,
  positions: number,
  rows: number,
  start: number,
): void {
  const whole = positions & ~3;
  for (let channel = 0; channel < channels; channel++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let rest = 0;
    for (let row = 0; row < rows; row++) {
      const at = values + (row * channels + channel) * positions;
      for (let i = 0; i < whole; i += 4) {
        s0 = f(s0 + memory[at + i]);
        s1 = f(s1 + memory[at + i + 1]);
        s2 = f(s2 + memory[at + i + 2]);
        s3 = f(s3 + memory[at + i + 3]);
      }
      for (let i = whole; i < positions; i++) rest = f(rest + memory[at + i]);
    }
    const sum = f(f(f(s0 + s2) + f(s1 + s3)) + rest);
    memory[sums + channel] = start === Start.Zero ? sum : memory[sums + channel] + sum;
  }
}
