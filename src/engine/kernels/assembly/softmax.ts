/** Softmax and its logarithm over rows of `width` numbers, with each row's maximum taken out first. */
import { exponential, exponentialOf, logarithm } from "./arithmetic";

// @ts-ignore: decorator
@inline
export function rowMaximum(row: usize, width: i32): f32 {
  let maximum = load<f32>(row);
  for (let j = 1; j < width; j++) {
    const x = load<f32>(row + (usize(j) << 2));
    // Negated, so that a NaN is kept: it must reach the loss and be refused there.
    if (!(x <= maximum)) maximum = x;
  }
  return maximum;
}

/** Writes e^(x - maximum) of a row and gives their sum. */
export function shiftedExponentials(output: usize, input: usize, width: i32, maximum: f32): f64 {
  const shift = f32x4.splat(maximum);
  let j = 0;
  for (; j + 4 <= width; j += 4) {
    const at = usize(j) << 2;
    v128.store(output + at, exponential(f32x4.sub(v128.load(input + at), shift)));
  }
  for (; j < width; j++) {
    const at = usize(j) << 2;
    store<f32>(output + at, exponentialOf(load<f32>(input + at) - maximum));
  }
  let sum: f64 = 0;
  for (j = 0; j < width; j++) sum += f64(load<f32>(output + (usize(j) << 2)));
  return sum;
}

export function softmaxForward(output: usize, input: usize, width: i32, rows: i32): void {
  const stride = usize(width) << 2;
  for (; rows > 0; rows--) {
    const sum = shiftedExponentials(output, input, width, rowMaximum(input, width));
    const scale = f32(1.0 / sum);
    for (let j: usize = 0; j < stride; j += 4) store<f32>(output + j, load<f32>(output + j) * scale);
    output += stride;
    input += stride;
  }
}

/** dx = y (dy - sum(dy y)) */
export function softmaxBackward(
  inputGradient: usize,
  outputGradient: usize,
  output: usize,
  width: i32,
  rows: i32,
): void {
  const stride = usize(width) << 2;
  for (; rows > 0; rows--) {
    let sum: f64 = 0;
    for (let j: usize = 0; j < stride; j += 4) {
      sum += f64(load<f32>(outputGradient + j)) * f64(load<f32>(output + j));
    }
    const dot = f32(sum);
    for (let j: usize = 0; j < stride; j += 4) {
      store<f32>(inputGradient + j, load<f32>(output + j) * (load<f32>(outputGradient + j) - dot));
    }
    inputGradient += stride;
    outputGradient += stride;
    output += stride;
  }
}

/** y = x - maximum - log(sum(e^(x - maximum))) */
export function logSoftmaxForward(output: usize, input: usize, width: i32, rows: i32): void {
  const stride = usize(width) << 2;
  for (; rows > 0; rows--) {
    const maximum = rowMaximum(input, width);
    let sum: f64 = 0;
    for (let j: usize = 0; j < stride; j += 4) sum += f64(exponentialOf(load<f32>(input + j) - maximum));
    const shift = f64(maximum) + logarithm(sum);
    for (let j: usize = 0; j < stride; j += 4) store<f32>(output + j, f32(f64(load<f32>(input + j)) - shift));
    output += stride;
    input += stride;
  }
}

/** dx = dy - e^y sum(dy) */
export function logSoftmaxBackward(
  inputGradient: usize,
  outputGradient: usize,
  output: usize,
  width: i32,
  rows: i32,
): void {
  const stride = usize(width) << 2;
  for (; rows > 0; rows--) {
    let sum: f64 = 0;
    for (let j: usize = 0; j < stride; j += 4) sum += f64(load<f32>(outputGradient + j));
    const total = f32(sum);
    for (let j: usize = 0; j < stride; j += 4) {
      const p = exponentialOf(load<f32>(output + j));
      store<f32>(inputGradient + j, load<f32>(outputGradient + j) - p * total);
    }
    inputGradient += stride;
    outputGradient += stride;
    output += stride;
  }
}
