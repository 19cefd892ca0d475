/**
 * Optimizers: one pass over parameters, gradients and state. Counts are multiples of 4 (buffers are padded with
 * zeros, which every rule below leaves at zero). Weight decay, where coupled, is added to the gradient first.
 */
import { Operation, Scalar } from "../operation";
import { multiplyAdd } from "./arithmetic";
import { clamp } from "./gradients";
import { float, int, operation, past, pointer, scalar } from "./memory";

/** Operand `index`: the address of a state, moved unless it is absent. */
// @ts-ignore: decorator
@inline
function moved(at: usize, index: usize, displacement: i32): usize {
  const place = pointer(at, index);
  return place ? past(place, displacement) : 0;
}

/**
 * Runs the instruction at `at`, ClipByValue or an optimizer, with its parameters and their state (not the gradients)
 * moved by `displacement` numbers, and on `count` numbers if that is not 0.
 */
export function update(at: usize, displacement: i32, count: i32): void {
  const weights = past(pointer(at, 0), displacement);
  const gradients = pointer(at, 1);
  const third = moved(at, 2, displacement);
  switch (operation(at)) {
    case Operation.ClipByValue:
      clamp(pointer(at, 0), count ? count : int(at, 1), float(at, 2));
      break;
    case Operation.GradientDescent:
      gradientDescent(weights, gradients, count ? count : int(at, 2), f32(scalar(pointer(at, 3), Scalar.StepSize)), float(at, 4));
      break;
    case Operation.Momentum: {
      const scalars = pointer(at, 4);
      momentumDescent(weights, gradients, third, count ? count : int(at, 3), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), float(at, 5), float(at, 6), int(at, 7) != 0);
      break;
    }
    case Operation.Adagrad:
      adagrad(weights, gradients, third, count ? count : int(at, 3), f32(scalar(pointer(at, 4), Scalar.StepSize)), float(at, 5), float(at, 6));
      break;
    case Operation.RmsProp:
      rmsProp(weights, gradients, third, moved(at, 3, displacement), moved(at, 4, displacement), count ? count : int(at, 5), f32(scalar(pointer(at, 6), Scalar.StepSize)), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
      break;
    case Operation.RAdam: {
      const scalars = pointer(at, 5);
      radam(weights, gradients, third, moved(at, 3, displacement), count ? count : int(at, 4), f32(scalar(scalars, Scalar.StepSize)), scalar(scalars, Scalar.Correction) != 0, float(at, 6), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
      break;
    }
    case Operation.Adam: {
      const scalars = pointer(at, 5);
      adam(weights, gradients, third, moved(at, 3, displacement), count ? count : int(at, 4), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), f32(scalar(scalars, Scalar.Decay)), float(at, 6), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
      break;
    }
  }
}

/** w -= step (g + decay w) */
function gradientDescent(w: usize, g: usize, count: i32, step: f32, weightDecay: f32): void {
  const s = f32x4.splat(-step);
  const d = f32x4.splat(weightDecay);
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    v128.store(w, multiplyAdd(s, multiplyAdd(d, weight, v128.load(g)), weight));
    w += 16;
    g += 16;
  }
}

/** b = momentum b + fresh g;  w -= step b, or with Nesterov's look-ahead w -= step (g + momentum b) */
function momentumDescent(
  w: usize,
  g: usize,
  b: usize,
  count: i32,
  step: f32,
  fresh: f32,
  weightDecay: f32,
  momentum: f32,
  nesterov: bool,
): void {
  const s = f32x4.splat(-step);
  const f = f32x4.splat(fresh);
  const d = f32x4.splat(weightDecay);
  const m = f32x4.splat(momentum);
  // Two loops: a branch inside one would take as long as all the rest of it.
  if (nesterov) {
    for (; count > 0; count -= 4) {
      const weight = v128.load(w);
      const gradient = multiplyAdd(d, weight, v128.load(g));
      const velocity = multiplyAdd(m, v128.load(b), f32x4.mul(f, gradient));
      v128.store(b, velocity);
      v128.store(w, multiplyAdd(s, multiplyAdd(m, velocity, gradient), weight));
      w += 16;
      g += 16;
      b += 16;
    }
    return;
  }
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    const velocity = multiplyAdd(m, v128.load(b), f32x4.mul(f, multiplyAdd(d, weight, v128.load(g))));
    v128.store(b, velocity);
    v128.store(w, multiplyAdd(s, velocity, weight));
    w += 16;
    g += 16;
    b += 16;
  }
}

/** s += g^2;  w -= step g / (sqrt(s) + epsilon) */
function adagrad(w: usize, g: usize, s: usize, count: i32, step: f32, weightDecay: f32, epsilon: f32): void {
  const rate = f32x4.splat(step);
  const d = f32x4.splat(weightDecay);
  const e = f32x4.splat(epsilon);
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    const gradient = multiplyAdd(d, weight, v128.load(g));
    const squares = multiplyAdd(gradient, gradient, v128.load(s));
    v128.store(s, squares);
    const update = f32x4.div(f32x4.mul(rate, gradient), f32x4.add(f32x4.sqrt(squares), e));
    v128.store(w, f32x4.sub(weight, update));
    w += 16;
    g += 16;
    s += 16;
  }
}

/**
 * s = a s + r g^2 with r = 1 - a; centered (`mean` given): v = s - mean^2 with mean = a mean + r g, else v = s;
 * u = g / (sqrt(v) + epsilon); with momentum (`velocity` given): b = momentum b + u, w -= step b; else w -= step u.
 */
function rmsProp(
  w: usize,
  g: usize,
  s: usize,
  mean: usize,
  velocity: usize,
  count: i32,
  step: f32,
  weightDecay: f32,
  smoothing: f32,
  rest: f32,
  epsilon: f32,
  momentum: f32,
): void {
  const rate = f32x4.splat(-step);
  const d = f32x4.splat(weightDecay);
  const a = f32x4.splat(smoothing);
  const r = f32x4.splat(rest);
  const e = f32x4.splat(epsilon);
  const m = f32x4.splat(momentum);
  const zero = f32x4.splat(0);
  // Two loops: the usual one without branches.
  if (!mean && !velocity) {
    for (; count > 0; count -= 4) {
      const weight = v128.load(w);
      const gradient = multiplyAdd(d, weight, v128.load(g));
      const spread = multiplyAdd(a, v128.load(s), f32x4.mul(f32x4.mul(r, gradient), gradient));
      v128.store(s, spread);
      const update = f32x4.div(gradient, f32x4.add(f32x4.sqrt(spread), e));
      v128.store(w, multiplyAdd(rate, update, weight));
      w += 16;
      g += 16;
      s += 16;
    }
    return;
  }
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    const gradient = multiplyAdd(d, weight, v128.load(g));
    const fresh = f32x4.mul(r, gradient);
    let spread = multiplyAdd(a, v128.load(s), f32x4.mul(fresh, gradient));
    v128.store(s, spread);
    if (mean) {
      const centre = multiplyAdd(a, v128.load(mean), fresh);
      v128.store(mean, centre);
      // Rounding may result in a tiny negative variance, whose root would make the weights NaN.
      spread = f32x4.pmax(f32x4.sub(spread, f32x4.mul(centre, centre)), zero);
      mean += 16;
    }
    let update = f32x4.div(gradient, f32x4.add(f32x4.sqrt(spread), e));
    if (velocity) {
      update = multiplyAdd(m, v128.load(velocity), update);
      v128.store(velocity, update);
      velocity += 16;
    }
    v128.store(w, multiplyAdd(rate, update, weight));
    w += 16;
    g += 16;
    s += 16;
  }
}

/**
 * m = b1 m + r1 g;  v = b2 v + r2 g^2;  with r = 1 - b, which loses digits if it is taken in float32;
 * w = keep w - step m / (sqrt(v) correction + epsilon)
 * with step = learningRate / (1 - b1^t), correction = 1 / sqrt(1 - b2^t), and keep = 1 - learningRate decay for
 * AdamW, 1 for Adam, whose decay is coupled.
 */
function adam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  step: f32,
  correction: f32,
  keep: f32,
  weightDecay: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const rate = f32x4.splat(step);
  const root = f32x4.splat(correction);
  const k = f32x4.splat(keep);
  const d = f32x4.splat(weightDecay);
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const r1 = f32x4.splat(rest1);
  const r2 = f32x4.splat(rest2);
  const e = f32x4.splat(epsilon);
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    const gradient = multiplyAdd(d, weight, v128.load(g));
    const first = multiplyAdd(b1, v128.load(m), f32x4.mul(r1, gradient));
    const second = multiplyAdd(b2, v128.load(v), f32x4.mul(r2, f32x4.mul(gradient, gradient)));
    v128.store(m, first);
    v128.store(v, second);
    const update = f32x4.div(f32x4.mul(rate, first), f32x4.add(f32x4.mul(f32x4.sqrt(second), root), e));
    v128.store(w, f32x4.sub(f32x4.mul(k, weight), update));
    w += 16;
    g += 16;
    m += 16;
    v += 16;
  }
}

/** m and v as Adam's; w -= step m / (sqrt(v) + epsilon) where `adapts`, else w -= step m. */
function radam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  step: f32,
  adapts: bool,
  weightDecay: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const rate = f32x4.splat(step);
  const d = f32x4.splat(weightDecay);
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const r1 = f32x4.splat(rest1);
  const r2 = f32x4.splat(rest2);
  const e = f32x4.splat(epsilon);
  for (; count > 0; count -= 4) {
    const weight = v128.load(w);
    const gradient = multiplyAdd(d, weight, v128.load(g));
    const first = multiplyAdd(b1, v128.load(m), f32x4.mul(r1, gradient));
    const second = multiplyAdd(b2, v128.load(v), f32x4.mul(r2, f32x4.mul(gradient, gradient)));
    v128.store(m, first);
    v128.store(v, second);
    let update = f32x4.mul(rate, first);
    if (adapts) update = f32x4.div(update, f32x4.add(f32x4.sqrt(second), e));
    v128.store(w, f32x4.sub(weight, update));
    w += 16;
    g += 16;
    m += 16;
    v += 16;
  }
}

/** x = 0 where x is smaller than any normal float32; a NaN stays. */
export function clearSubnormals(x: usize, count: i32): void {
  const smallestNormal = f32x4.splat(1.17549435e-38);
  for (; count > 0; count -= 4) {
    const number = v128.load(x);
    v128.store(x, v128.andnot(number, f32x4.lt(f32x4.abs(number), smallestNormal)));
    x += 16;
  }
}
