/** Twin of ../assembly/softmax.ts. Pointers are element indices into `memory`. */
import { exponential, logarithm } from "./arithmetic.ts";

const f = Math.fround;

export function rowMaximum(memory: Float32Array, row: number, width: number): number {
  let maximum = memory[row];
  for (let j = 1; j < width; j++) {
    const x = memory[row + j];
    // Negated, so that a NaN is kept: it must reach the loss and be refused there.
    if (!(x <= maximum)) maximum = x;
  }
  return maximum;
}

/** Writes e^(x - maximum) of a row and gives their sum. */
export function shiftedExponentials(
  memory: Float32Array,
  output: number,
  input: number,
  width: number,
  maximum: number,
): number {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    const e = exponential(f(memory[input + j] - maximum));
    memory[output + j] = e;
    sum += e;
  }
  return sum;
}

export function softmaxForward(
  memory: Float32Array,
  output: number,
  input: number,
  width: number,
  rows: number,
): void {
  for (; rows > 0; rows--, output += width, input += width) {
    const maximum = rowMaximum(memory, input, width);
    const scale = f(1 / shiftedExponentials(memory, output, input, width, maximum));
    for (let j = 0; j < width; j++) memory[output + j] = memory[output + j] * scale;
  }
}

/** dx = y (dy - sum(dy y)) */
export function softmaxBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  width: number,
  rows: number,
): void {
  for (; rows > 0; rows--, inputGradient += width, outputGradient += width, output += width) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += memory[outputGradient + j] * memory[output + j];
    const dot = f(sum);
    for (let j = 0; j < width; j++) {
      memory[inputGradient + j] = memory[output + j] * f(memory[outputGradient + j] - dot);
    }
  }
}

/** y = x - maximum - log(sum(e^(x - maximum))) */
export function logSoftmaxForward(
  memory: Float32Array,
  output: number,
  input: number,
  width: number,
  rows: number,
): void {
  for (; rows > 0; rows--, output += width, input += width) {
    const maximum = rowMaximum(memory, input, width);
    let sum = 0;
    for (let j = 0; j < width; j++) sum += exponential(f(memory[input + j] - maximum));
    const shift = maximum + logarithm(sum);
    for (let j = 0; j < width; j++) memory[output + j] = memory[input + j] - shift;
  }
}

/** dx = dy - e^y sum(dy) */
export function logSoftmaxBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  width: number,
  rows: number,
): void {
  for (; rows > 0; rows--, inputGradient += width, outputGradient += width, output += width) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += memory[outputGradient + j];
    const total = f(sum);
    for (let j = 0; j < width; j++) {
      const p = exponential(memory[output + j]);
      memory[inputGradient + j] = memory[outputGradient + j] - f(p * total);
    }
  }
}
