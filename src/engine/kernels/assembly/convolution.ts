/**
 * Convolutions as matrix products: the inputs for the positions of a strip of the output are unfolded into columns
 * [channels of the group * kernel, strip], and the weight is multiplied by them.
 */
import { laneSum } from "./arithmetic";
import { fill } from "./masks";
import { product, productTransposed, Start } from "./matrix";
import { heightOf, widthOf } from "./pair";

/** The shape of a convolution in an instruction; a pair has the height in its upper 16 bits. */
// @ts-ignore: decorator
@unmanaged
export class ConvolutionShape {
  channels: i32;
  outputs: i32;
  size: i32;
  kernel: i32;
  stride: i32;
  padding: i32;
  dilation: i32;
  groups: i32;
  strip: i32;
}

/** Reads the shape of a convolution from the operands from `index` on. */
// @ts-ignore: decorator
@inline
export function convolutionShape(at: usize, index: usize): ConvolutionShape {
  return changetype<ConvolutionShape>(at + 4 + (index << 2));
}

function outputLength(size: i32, kernel: i32, stride: i32, padding: i32, dilation: i32): i32 {
  return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

function outputHeight(shape: ConvolutionShape): i32 {
  return outputLength(heightOf(shape.size), heightOf(shape.kernel), heightOf(shape.stride), heightOf(shape.padding), heightOf(shape.dilation));
}

function outputWidth(shape: ConvolutionShape): i32 {
  return outputLength(widthOf(shape.size), widthOf(shape.kernel), widthOf(shape.stride), widthOf(shape.padding), widthOf(shape.dilation));
}

/** Whether the input itself is already the unfolded matrix. */
function isPointwise(shape: ConvolutionShape): bool {
  return shape.kernel == 0x10001 && shape.stride == 0x10001 && shape.padding == 0;
}

export function convolutionForward(
  output: usize,
  input: usize,
  weight: usize,
  bias: usize,
  scratch: usize,
  shape: ConvolutionShape,
  rows: i32,
): void {
  const channels = shape.channels / shape.groups;
  const outputs = shape.outputs / shape.groups;
  const depth = channels * heightOf(shape.kernel) * widthOf(shape.kernel);
  const plane = usize(heightOf(shape.size) * widthOf(shape.size)) << 2;
  const positions = outputHeight(shape) * outputWidth(shape);
  const outputRow = usize(positions) << 2;
  const weightRow = usize(depth) << 2;
  const pointwise = isPointwise(shape);
  const strip = pointwise ? positions : shape.strip;
  for (; rows > 0; rows--) {
    for (let group = 0; group < shape.groups; group++) {
      const groupWeight = weight + usize(group * outputs) * weightRow;
      startFromBias(output, bias ? bias + (usize(group * outputs) << 2) : 0, outputs, positions);
      for (let first = 0; first < positions; first += strip) {
        const count = min(strip, positions - first);
        const c = output + (usize(first) << 2);
        if (pointwise) {
          product(c, outputRow, groupWeight, weightRow, 4, input, plane, outputs, count, depth, Start.Result, 0);
        } else {
          exchange(Direction.Unfold, scratch, input, shape, first, count);
          product(c, outputRow, groupWeight, weightRow, 4, scratch, usize(strip) << 2, outputs, count, depth, Start.Result, 0);
        }
      }
      input += usize(channels) * plane;
      output += usize(outputs) * outputRow;
    }
  }
}

function startFromBias(output: usize, bias: usize, outputs: i32, positions: i32): void {
  for (let i = 0; i < outputs; i++) {
    fill(output, bias ? load<f32>(bias + (usize(i) << 2)) : 0, positions);
    output += usize(positions) << 2;
  }
}

export function convolutionInputGradient(
  inputGradient: usize,
  outputGradient: usize,
  weight: usize,
  scratch: usize,
  shape: ConvolutionShape,
  rows: i32,
): void {
  const channels = shape.channels / shape.groups;
  const outputs = shape.outputs / shape.groups;
  const depth = channels * heightOf(shape.kernel) * widthOf(shape.kernel);
  const plane = usize(heightOf(shape.size) * widthOf(shape.size)) << 2;
  const positions = outputHeight(shape) * outputWidth(shape);
  const outputRow = usize(positions) << 2;
  const weightRow = usize(depth) << 2;
  const pointwise = isPointwise(shape);
  const strip = shape.strip;
  for (; rows > 0; rows--) {
    for (let group = 0; group < shape.groups; group++) {
      const groupWeight = weight + usize(group * outputs) * weightRow;
      if (pointwise) {
        product(inputGradient, plane, groupWeight, 4, weightRow, outputGradient, outputRow, depth, positions, outputs, Start.Zero, 0);
      } else {
        fill(inputGradient, 0, channels * i32(plane >>> 2));
        for (let first = 0; first < positions; first += strip) {
          const count = min(strip, positions - first);
          const b = outputGradient + (usize(first) << 2);
          product(scratch, usize(strip) << 2, groupWeight, 4, weightRow, b, outputRow, depth, count, outputs, Start.Zero, 0);
          exchange(Direction.Fold, scratch, inputGradient, shape, first, count);
        }
      }
      inputGradient += usize(channels) * plane;
      outputGradient += usize(outputs) * outputRow;
    }
  }
}

export function convolutionWeightGradient(
  weightGradient: usize,
  input: usize,
  outputGradient: usize,
  scratch: usize,
  shape: ConvolutionShape,
  rows: i32,
  start: Start,
): void {
  const channels = shape.channels / shape.groups;
  const outputs = shape.outputs / shape.groups;
  const depth = channels * heightOf(shape.kernel) * widthOf(shape.kernel);
  const plane = usize(heightOf(shape.size) * widthOf(shape.size)) << 2;
  const positions = outputHeight(shape) * outputWidth(shape);
  const outputRow = usize(positions) << 2;
  const weightRow = usize(depth) << 2;
  const pointwise = isPointwise(shape);
  const strip = pointwise ? positions : shape.strip;
  if (start == Start.Zero) fill(weightGradient, 0, shape.outputs * depth);
  for (; rows > 0; rows--) {
    for (let group = 0; group < shape.groups; group++) {
      const c = weightGradient + usize(group * outputs) * weightRow;
      for (let first = 0; first < positions; first += strip) {
        const count = min(strip, positions - first);
        const a = outputGradient + (usize(first) << 2);
        if (pointwise) {
          productTransposed(c, weightRow, a, outputRow, input, plane, outputs, depth, count, Start.Result);
        } else {
          exchange(Direction.Unfold, scratch, input, shape, first, count);
          productTransposed(c, weightRow, a, outputRow, scratch, usize(strip) << 2, outputs, depth, count, Start.Result);
        }
      }
      input += usize(channels) * plane;
      outputGradient += usize(outputs) * outputRow;
    }
  }
}

const enum Direction {
  /** Columns receive the inputs of their positions, and zeros for the padding. */
  Unfold,
  /** Columns are added to the inputs of their positions. */
  Fold,
}

/** Exchanges `count` positions of the output from `first` on between the columns and the channels of one group. */
function exchange(direction: Direction, columns: usize, input: usize, shape: ConvolutionShape, first: i32, count: i32): void {
  const columnsRow = usize(shape.strip) << 2;
  const plane = usize(heightOf(shape.size) * widthOf(shape.size)) << 2;
  const kernelHeight = heightOf(shape.kernel);
  const kernelWidth = widthOf(shape.kernel);
  const width = outputWidth(shape);
  const y = first / width;
  const x = first - y * width;
  for (let channel = shape.channels / shape.groups; channel > 0; channel--) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      const shiftY = ky * heightOf(shape.dilation) - heightOf(shape.padding);
      for (let kx = 0; kx < kernelWidth; kx++) {
        const shiftX = kx * widthOf(shape.dilation) - widthOf(shape.padding);
        exchangeRow(direction, columns, input, shape, width, shiftY, shiftX, y, x, count);
        columns += columnsRow;
      }
    }
    input += plane;
  }
}

/** One row of the columns: one element of the kernel, at `count` positions of the output from (y, x) on. */
function exchangeRow(
  direction: Direction,
  column: usize,
  plane: usize,
  shape: ConvolutionShape,
  width: i32,
  shiftY: i32,
  shiftX: i32,
  y: i32,
  x: i32,
  count: i32,
): void {
  const inputHeight = heightOf(shape.size);
  const inputWidth = widthOf(shape.size);
  const strideY = heightOf(shape.stride);
  const strideX = widthOf(shape.stride);
  if (strideX == 1 && x + count <= width) {
    // Most often all of it lies within one row of the input: no padding to be looked for, nothing to divide.
    const inputY = y * strideY + shiftY;
    const inputX = x + shiftX;
    if (inputY >= 0 && inputY < inputHeight && inputX >= 0 && inputX + count <= inputWidth) {
      const at = plane + (usize(inputY * inputWidth + inputX) << 2);
      if (direction == Direction.Fold) addRun(at, 1, column, count);
      else copyRun(column, at, 1, count);
      return;
    }
  }
  // Outputs from `inside` to before `beyond` look at the row itself, the others at its padding.
  const inside = (max(-shiftX, 0) + strideX - 1) / strideX;
  const beyond = (max(inputWidth - shiftX, 0) + strideX - 1) / strideX;
  while (count > 0) {
    const end = min(width, x + count);
    const inputY = y * strideY + shiftY;
    const inRange = inputY >= 0 && inputY < inputHeight;
    const from = inRange ? min(max(inside, x), end) : end;
    const to = max(min(beyond, end), from);
    const at = plane + (usize(inputY * inputWidth + from * strideX + shiftX) << 2);
    const run = column + (usize(from - x) << 2);
    if (direction == Direction.Fold) {
      addRun(at, strideX, run, to - from);
    } else {
      fill(column, 0, from - x);
      copyRun(run, at, strideX, to - from);
      fill(column + (usize(to - x) << 2), 0, end - to);
    }
    column += usize(end - x) << 2;
    count -= end - x;
    x = 0;
    y++;
  }
}

/** Copies `count` numbers that are `stride` numbers apart. */
function copyRun(to: usize, from: usize, stride: i32, count: i32): void {
  if (stride == 1) {
    for (; count >= 4; count -= 4) {
      v128.store(to, v128.load(from));
      to += 16;
      from += 16;
    }
  }
  const step = usize(stride) << 2;
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(from));
    to += 4;
    from += step;
  }
}

/** Adds `count` numbers to numbers that are `stride` numbers apart. */
function addRun(to: usize, stride: i32, from: usize, count: i32): void {
  if (stride == 1) {
    for (; count >= 4; count -= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      to += 16;
      from += 16;
    }
  }
  const step = usize(stride) << 2;
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(to) + load<f32>(from));
    to += step;
    from += 4;
  }
}

/**
 * sums [channels] = start + what all rows hold of each channel of values [channels, positions]: in four lanes over
 * the positions, and apart from them the up to three positions left over of each row.
 */
export function channelSums(sums: usize, values: usize, channels: i32, positions: i32, rows: i32, start: Start): void {
  const sample = usize(channels * positions) << 2;
  for (let channel = 0; channel < channels; channel++) {
    let lanes = f32x4.splat(0);
    let rest: f32 = 0;
    let row = values + (usize(channel * positions) << 2);
    for (let i = 0; i < rows; i++) {
      let at = row;
      let left = positions;
      for (; left >= 4; left -= 4) {
        lanes = f32x4.add(lanes, v128.load(at));
        at += 16;
      }
      for (; left > 0; left--) {
        rest += load<f32>(at);
        at += 4;
      }
      row += sample;
    }
    const sum = laneSum(lanes) + rest;
    store<f32>(sums, start == Start.Zero ? sum : load<f32>(sums) + sum);
    sums += 4;
  }
}
