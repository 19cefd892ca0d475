/**
 * Softmax and its logarithm over rows of `width` numbers, minus each row's maximum. The scalar twin is generated from
 * it.
 */
import { exponentials } from "./activations";
import { exponentialOf, logarithm } from "./arithmetic";
import { past, read, write } from "./memory";

export function rowMaximum(row: usize, width: i32): f32 {
  let maximum = read(row, 0);
  for (let j = 1; j < width; j++) {
    const x = read(row, j);
    // Negated, so that a NaN is kept: it must reach the loss, which refuses it.
    if (!(x <= maximum)) maximum = x;
  }
  return maximum;
}

/** Writes e^(x - maximum) of a row and returns their sum. */
export function shiftedExponentials(output: usize, input: usize, width: i32, maximum: f32): f64 {
  exponentials(output, input, width, maximum);
  let sum: f64 = 0;
  for (let j = 0; j < width; j++) sum += f64(read(output, j));
  return sum;
}

export function softmaxForward(output: usize, input: usize, width: i32, rows: i32): void {
  for (; rows > 0; rows--) {
    const sum = shiftedExponentials(output, input, width, rowMaximum(input, width));
    const scale = f32(1.0 / sum);
    for (let j = 0; j < width; j++) write(output, j, f32(read(output, j) * scale));
    output = past(output, width);
    input = past(input, width);
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
  for (; rows > 0; rows--) {
    let sum: f64 = 0;
    for (let j = 0; j < width; j++) sum += f64(read(outputGradient, j)) * f64(read(output, j));
    const dot = f32(sum);
    for (let j = 0; j < width; j++) {
      write(inputGradient, j, f32(read(output, j) * f32(read(outputGradient, j) - dot)));
    }
    inputGradient = past(inputGradient, width);
    outputGradient = past(outputGradient, width);
    output = past(output, width);
  }
}

/** y = x - maximum - log(sum(e^(x - maximum))) */
export function logSoftmaxForward(output: usize, input: usize, width: i32, rows: i32): void {
  for (; rows > 0; rows--) {
    const maximum = rowMaximum(input, width);
    let sum: f64 = 0;
    for (let j = 0; j < width; j++) sum += f64(exponentialOf(f32(read(input, j) - maximum)));
    const shift = f64(maximum) + logarithm(sum);
    for (let j = 0; j < width; j++) write(output, j, f32(f64(read(input, j)) - shift));
    output = past(output, width);
    input = past(input, width);
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
  for (; rows > 0; rows--) {
    let sum: f64 = 0;
    for (let j = 0; j < width; j++) sum += f64(read(outputGradient, j));
    const total = f32(sum);
    for (let j = 0; j < width; j++) {
      const p = exponentialOf(read(output, j));
      write(inputGradient, j, f32(read(outputGradient, j) - f32(p * total)));
    }
    inputGradient = past(inputGradient, width);
    outputGradient = past(outputGradient, width);
    output = past(output, width);
  }
}
