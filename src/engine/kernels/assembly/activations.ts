/**
 * Activations, element by element. Buffers are padded to 16 bytes, so each loop runs in whole vectors: what it
 * writes past `count` is padding, or a row that this call does not use. Backward passes need only the output.
 */
import { Operation } from "../operation";
import { exponential, exponentialOf, hyperbolicTangent, sigmoid } from "./arithmetic";
import { float, int, operation, pointer } from "./memory";

/** Runs the activation at `at` on `rows` rows. */
export function activate(at: usize, rows: i32): void {
  switch (operation(at)) {
    case Operation.SigmoidForward:
      sigmoidForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows);
      break;
    case Operation.SigmoidBackward:
      sigmoidBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows);
      break;
    case Operation.TanhForward:
      tanhForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows);
      break;
    case Operation.TanhBackward:
      tanhBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows);
      break;
    case Operation.EluForward:
      eluForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows, float(at, 3));
      break;
    case Operation.EluBackward:
      eluBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, float(at, 4));
      break;
    case Operation.LeakyReluForward:
      leakyReluForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows, float(at, 3));
      break;
    case Operation.LeakyReluBackward:
      leakyReluBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, float(at, 4));
      break;
  }
}

/** e^(x - shift) of exactly `count` numbers: the next row follows them. */
export function exponentials(output: usize, input: usize, count: i32, shift: f32): void {
  const s = f32x4.splat(shift);
  for (; count >= 4; count -= 4) {
    v128.store(output, exponential(f32x4.sub(v128.load(input), s)));
    output += 16;
    input += 16;
  }
  for (; count > 0; count--) {
    store<f32>(output, exponentialOf(load<f32>(input) - shift));
    output += 4;
    input += 4;
  }
}

function sigmoidForward(output: usize, input: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    v128.store(output, sigmoid(v128.load(input)));
    output += 16;
    input += 16;
  }
}

/** dx = dy y (1 - y) */
function sigmoidBackward(inputGradient: usize, outputGradient: usize, output: usize, count: i32): void {
  const one = f32x4.splat(1);
  for (; count > 0; count -= 4) {
    const y = v128.load(output);
    v128.store(inputGradient, f32x4.mul(v128.load(outputGradient), f32x4.mul(y, f32x4.sub(one, y))));
    inputGradient += 16;
    outputGradient += 16;
    output += 16;
  }
}

function tanhForward(output: usize, input: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    v128.store(output, hyperbolicTangent(v128.load(input)));
    output += 16;
    input += 16;
  }
}

/** dx = dy (1 - y^2) */
function tanhBackward(inputGradient: usize, outputGradient: usize, output: usize, count: i32): void {
  const one = f32x4.splat(1);
  for (; count > 0; count -= 4) {
    const y = v128.load(output);
    v128.store(inputGradient, f32x4.mul(v128.load(outputGradient), f32x4.sub(one, f32x4.mul(y, y))));
    inputGradient += 16;
    outputGradient += 16;
    output += 16;
  }
}

/** y = x > 0 ? x : alpha (e^x - 1) */
function eluForward(output: usize, input: usize, count: i32, alpha: f32): void {
  const a = f32x4.splat(alpha);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (; count > 0; count -= 4) {
    const x = v128.load(input);
    const below = f32x4.mul(a, f32x4.sub(exponential(x), one));
    v128.store(output, v128.bitselect(x, below, f32x4.gt(x, zero)));
    output += 16;
    input += 16;
  }
}

/** dx = y > 0 ? dy : dy (y + alpha), as the slope below 0 is alpha e^x. */
function eluBackward(inputGradient: usize, outputGradient: usize, output: usize, count: i32, alpha: f32): void {
  const a = f32x4.splat(alpha);
  const zero = f32x4.splat(0);
  for (; count > 0; count -= 4) {
    const y = v128.load(output);
    const g = v128.load(outputGradient);
    v128.store(inputGradient, v128.bitselect(g, f32x4.mul(g, f32x4.add(y, a)), f32x4.gt(y, zero)));
    inputGradient += 16;
    outputGradient += 16;
    output += 16;
  }
}

/** y = x > 0 ? x : slope x */
function leakyReluForward(output: usize, input: usize, count: i32, slope: f32): void {
  const s = f32x4.splat(slope);
  const zero = f32x4.splat(0);
  for (; count > 0; count -= 4) {
    const x = v128.load(input);
    v128.store(output, v128.bitselect(x, f32x4.mul(x, s), f32x4.gt(x, zero)));
    output += 16;
    input += 16;
  }
}

/** dx = y > 0 ? dy : slope dy, which is right because a slope of 0 or more keeps the sign of x. */
function leakyReluBackward(
  inputGradient: usize,
  outputGradient: usize,
  output: usize,
  count: i32,
  slope: f32,
): void {
  const s = f32x4.splat(slope);
  const zero = f32x4.splat(0);
  for (; count > 0; count -= 4) {
    const g = v128.load(outputGradient);
    v128.store(inputGradient, v128.bitselect(g, f32x4.mul(g, s), f32x4.gt(v128.load(output), zero)));
    inputGradient += 16;
    outputGradient += 16;
    output += 16;
  }
}
