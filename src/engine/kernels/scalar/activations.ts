/** Twin of ../assembly/activations.ts. Pointers are element indices into `memory`. */
import { hyperbolicTangent, sigmoid } from "./arithmetic.ts";

const f = Math.fround;

export function sigmoidForward(memory: Float32Array, output: number, input: number, count: number): void {
  for (let i = 0; i < count; i++) memory[output + i] = sigmoid(memory[input + i]);
}

/** dx = dy y (1 - y) */
export function sigmoidBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const y = memory[output + i];
    memory[inputGradient + i] = memory[outputGradient + i] * f(y * f(1 - y));
  }
}

export function tanhForward(memory: Float32Array, output: number, input: number, count: number): void {
  for (let i = 0; i < count; i++) memory[output + i] = hyperbolicTangent(memory[input + i]);
}

/** dx = dy (1 - y^2) */
export function tanhBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const y = memory[output + i];
    memory[inputGradient + i] = memory[outputGradient + i] * f(1 - f(y * y));
  }
}

/** y = x > 0 ? x : slope x */
export function leakyReluForward(
  memory: Float32Array,
  output: number,
  input: number,
  count: number,
  slope: number,
): void {
  for (let i = 0; i < count; i++) {
    const x = memory[input + i];
    memory[output + i] = x > 0 ? x : x * slope;
  }
}

/** dx = y > 0 ? dy : slope dy */
export function leakyReluBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  count: number,
  slope: number,
): void {
  for (let i = 0; i < count; i++) {
    const g = memory[outputGradient + i];
    memory[inputGradient + i] = memory[output + i] > 0 ? g : g * slope;
  }
}
