/** Twin of ../assembly/activations.ts. Pointers are element indices into `memory`. */
import { Operation } from "../operation.ts";
import { exponentialOf, hyperbolicTangent, sigmoid } from "./arithmetic.ts";
import type { Heap } from "./heap.ts";

const f = Math.fround;

/** Runs the activation at `at` on `rows` rows. */
export function activate({ ints, floats }: Heap, at: number, rows: number): void {
  const o = at + 1;
  const p0 = ints[o] >>> 2;
  const p1 = ints[o + 1] >>> 2;
  const p2 = ints[o + 2] >>> 2;
  switch (ints[at]) {
    case Operation.SigmoidForward:
      sigmoidForward(floats, p0, p1, ints[o + 2] * rows);
      break;
    case Operation.SigmoidBackward:
      sigmoidBackward(floats, p0, p1, p2, ints[o + 3] * rows);
      break;
    case Operation.TanhForward:
      tanhForward(floats, p0, p1, ints[o + 2] * rows);
      break;
    case Operation.TanhBackward:
      tanhBackward(floats, p0, p1, p2, ints[o + 3] * rows);
      break;
    case Operation.EluForward:
      eluForward(floats, p0, p1, ints[o + 2] * rows, floats[o + 3]);
      break;
    case Operation.EluBackward:
      eluBackward(floats, p0, p1, p2, ints[o + 3] * rows, floats[o + 4]);
      break;
    case Operation.LeakyReluForward:
      leakyReluForward(floats, p0, p1, ints[o + 2] * rows, floats[o + 3]);
      break;
    case Operation.LeakyReluBackward:
      leakyReluBackward(floats, p0, p1, p2, ints[o + 3] * rows, floats[o + 4]);
      break;
  }
}

/** e^(x - shift) of `count` numbers. */
export function exponentials(
  memory: Float32Array,
  output: number,
  input: number,
  count: number,
  shift: number,
): void {
  for (let i = 0; i < count; i++) memory[output + i] = exponentialOf(f(memory[input + i] - shift));
}

function sigmoidForward(memory: Float32Array, output: number, input: number, count: number): void {
  for (let i = 0; i < count; i++) memory[output + i] = sigmoid(memory[input + i]);
}

/** dx = dy y (1 - y) */
function sigmoidBackward(
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

function tanhForward(memory: Float32Array, output: number, input: number, count: number): void {
  for (let i = 0; i < count; i++) memory[output + i] = hyperbolicTangent(memory[input + i]);
}

/** dx = dy (1 - y^2) */
function tanhBackward(
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

/** y = x > 0 ? x : alpha (e^x - 1) */
function eluForward(memory: Float32Array, output: number, input: number, count: number, alpha: number): void {
  for (let i = 0; i < count; i++) {
    const x = memory[input + i];
    memory[output + i] = x > 0 ? x : alpha * f(exponentialOf(x) - 1);
  }
}

/** dx = y > 0 ? dy : dy (y + alpha) */
function eluBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  output: number,
  count: number,
  alpha: number,
): void {
  for (let i = 0; i < count; i++) {
    const y = memory[output + i];
    const g = memory[outputGradient + i];
    memory[inputGradient + i] = y > 0 ? g : g * f(y + alpha);
  }
}

/** y = x > 0 ? x : slope x */
function leakyReluForward(
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
function leakyReluBackward(
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
