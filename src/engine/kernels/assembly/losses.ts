/**
 * Losses. Each adds up the loss of its elements in float64 and writes the gradient with respect to the output,
 * multiplied by `scale` (1 / elements for a mean). e is prediction minus target. With weights, each weight applies to
 * `weightEvery` elements in turn (or rows, if a row has one loss), and multiplies their losses and gradients.
 * The scalar twin is generated from this file.
 */
import { Operation } from "../operation";
import { exponentialOf, logarithm } from "./arithmetic";
import { clear, past, read, write } from "./memory";
import { rowMaximum, shiftedExponentials } from "./softmax";

/**
 * The loss of each element that `kind` names. `edge` is Huber's delta or smooth L1's beta. Returns the sum of the
 * losses.
 */
export function elementLoss(
  kind: i32,
  gradient: usize,
  output: usize,
  target: usize,
  count: i32,
  scale: f32,
  edge: f32,
  weights: usize,
  weightEvery: i32,
): f64 {
  let total: f64 = 0;
  let weight: f32 = 1;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const p = read(output, i);
    const y = read(target, i);
    const e = f32(p - y);
    let loss: f64;
    let slope: f32;
    if (weights) {
      if (left == 0) {
        weight = read(weights, 0);
        weights = past(weights, 1);
        left = weightEvery;
      }
      left--;
    }
    if (kind == Operation.SquaredError) {
      loss = f64(e) * f64(e);
      slope = f32(e + e);
    } else if (kind == Operation.AbsoluteError) {
      loss = f64(abs(e));
      slope = sign(e);
    } else if (kind == Operation.Huber) {
      const inside = abs(e) <= edge;
      loss = inside ? 0.5 * f64(e) * f64(e) : f64(edge) * (f64(abs(e)) - 0.5 * f64(edge));
      slope = inside ? e : f32(edge * sign(e));
    } else if (kind == Operation.SmoothL1) {
      const inside = abs(e) < edge;
      loss = inside ? (0.5 * f64(e) * f64(e)) / f64(edge) : f64(abs(e)) - 0.5 * f64(edge);
      slope = inside ? f32(e / edge) : sign(e);
    } else if (kind == Operation.LogCosh) {
      const size = abs(e);
      if (size < 0.25) {
        // Both formulas below would cancel digits here, so the series of log(cosh) and tanh are used, exact in float32.
        const z = f64(e) * f64(e);
        loss = z * (0.5 + z * (-1.0 / 12.0 + z * (1.0 / 45.0 + z * (-17.0 / 2520.0 + (z * 31.0) / 14175.0))));
        slope = f32(f64(e) * (1.0 + z * (-1.0 / 3.0 + z * (2.0 / 15.0 + z * (-17.0 / 315.0 + (z * 62.0) / 2835.0)))));
      } else {
        const decay = exponentialOf(f32(-2 * size));
        loss = f64(size) + logarithm(1.0 + f64(decay)) - 0.6931471805599453;
        slope = f32(sign(e) * f32(f32(1 - decay) / f32(1 + decay)));
      }
    } else if (kind == Operation.BinaryCrossEntropy) {
      // Logarithms are at least -100 and the slope's denominator 1e-12, so that a certain, wrong prediction stays
      // finite.
      const q = f32(1 - p);
      loss = -(f64(y) * max(logarithm(f64(p)), -100.0) + (1.0 - f64(y)) * max(logarithm(1.0 - f64(p)), -100.0));
      slope = f32(e / max(f32(p * q), f32(1e-12)));
    } else {
      // max(a, 0) - a y + log(1 + e^-|a|), which never overflows.
      const decay = exponentialOf(-abs(p));
      const above: f32 = p >= 0 ? 1 : decay;
      loss = f64(max(p, 0)) - f64(p) * f64(y) + logarithm(1.0 + f64(decay));
      slope = f32(f32(above / f32(1 + decay)) - y);
    }
    total += f64(weight) * loss;
    write(gradient, i, f32(f32(slope * scale) * weight));
  }
  return total;
}

function sign(x: f32): f32 {
  // A NaN is neither, and must not become 0.
  return x > 0 ? 1 : x < 0 ? -1 : f32(x * 0);
}

/**
 * log(sum(e^z)) - z[y] for a class index y; the gradient is softmax(z) - onehot(y). The loss of an invalid label is
 * NaN, so that the step is refused instead of writing past the row.
 */
export function softmaxCrossEntropy(
  gradient: usize,
  output: usize,
  target: usize,
  width: i32,
  rows: i32,
  scale: f32,
  weights: usize,
  weightEvery: i32,
): f64 {
  let total: f64 = 0;
  let weight: f32 = 1;
  let left = 0;
  for (let row = 0; row < rows; row++) {
    const label = read(target, row);
    if (!(label >= 0 && label < f32(width))) return NaN;
    const at = i32(label);
    if (weights) {
      if (left == 0) {
        weight = read(weights, 0);
        weights = past(weights, 1);
        left = weightEvery;
      }
      left--;
    }
    const weighted = f32(scale * weight);
    const maximum = rowMaximum(output, width);
    const sum = shiftedExponentials(gradient, output, width, maximum);
    total += f64(weight) * (logarithm(sum) - f64(f32(read(output, at) - maximum)));
    const factor = f32(f64(weighted) / sum);
    for (let j = 0; j < width; j++) write(gradient, j, slopeOf(read(gradient, j), factor));
    write(gradient, at, f32(read(gradient, at) - weighted));
    gradient = past(gradient, width);
    output = past(output, width);
  }
  return total;
}

/**
 * The slope of a class with this exponential, 0 where it is less than 2^-53 of the largest: the slope of the true class is rounded
 * more coarsely by far, and the squares that optimizers take of such gradients would be subnormal numbers, with which x86 computes
 * many times slower.
 */
// @ts-ignore: decorator
@inline
function slopeOf(exponential: f32, factor: f32): f32 {
  return exponential < f32(1.1102230246251565e-16) ? f32(0) : f32(exponential * factor);
}

/** -z[y] on log-probabilities z; the gradient is -onehot(y). */
export function negativeLogLikelihood(
  gradient: usize,
  output: usize,
  target: usize,
  width: i32,
  rows: i32,
  scale: f32,
  weights: usize,
  weightEvery: i32,
): f64 {
  let total: f64 = 0;
  let weight: f32 = 1;
  let left = 0;
  for (let row = 0; row < rows; row++) {
    const label = read(target, row);
    if (!(label >= 0 && label < f32(width))) return NaN;
    const at = i32(label);
    if (weights) {
      if (left == 0) {
        weight = read(weights, 0);
        weights = past(weights, 1);
        left = weightEvery;
      }
      left--;
    }
    total -= f64(weight) * f64(read(output, at));
    clear(gradient, width);
    write(gradient, at, -f32(scale * weight));
    gradient = past(gradient, width);
    output = past(output, width);
  }
  return total;
}

/**
 * The weight of each target: that of its class, or with `blend` interpolated between two classes; times the weight of
 * its sample, if given. The weight of an invalid target is NaN.
 */
export function classWeightsOfTargets(
  weights: usize,
  target: usize,
  classWeights: usize,
  classes: i32,
  sampleWeights: usize,
  perSample: i32,
  rows: i32,
  blend: bool,
): void {
  for (let row = 0; row < rows; row++) {
    const sampleWeight: f32 = sampleWeights ? read(sampleWeights, row) : 1;
    for (let i = 0; i < perSample; i++) {
      const label = read(target, i);
      let weight: f32 = NaN;
      if (blend) {
        if (label >= 0 && label <= 1) {
          weight = f32(f32(read(classWeights, 0) * f32(1 - label)) + f32(read(classWeights, 1) * label));
        }
      } else if (label >= 0 && label < f32(classes)) {
        weight = read(classWeights, i32(label));
      }
      write(weights, i, f32(weight * sampleWeight));
    }
    weights = past(weights, perSample);
    target = past(target, perSample);
  }
}
