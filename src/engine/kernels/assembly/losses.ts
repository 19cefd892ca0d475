/**
 * Losses. Each adds up the loss of its elements in float64 and writes the gradient with respect to the output,
 * multiplied by `scale` (1 / elements for a mean). e is prediction minus target. Where there are weights, each holds
 * for `weightEvery` elements (or rows, where a row has one loss) in turn, and multiplies their losses and gradients.
 */
import { exponentialOf, logarithm } from "./arithmetic";
import { rowMaximum, shiftedExponentials } from "./softmax";

export const enum Elementwise {
  Squared,
  Absolute,
  Huber,
  SmoothL1,
  BinaryCrossEntropy,
  BinaryCrossEntropyOnLogits,
}

/** `edge` is Huber's delta or smooth L1's beta. Gives the sum of the losses. */
export function elementwiseLoss(
  kind: Elementwise,
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
  for (; count > 0; count--) {
    const p = load<f32>(output);
    const y = load<f32>(target);
    const e = p - y;
    let loss: f64;
    let slope: f32;
    if (weights) {
      if (left == 0) {
        weight = load<f32>(weights);
        weights += 4;
        left = weightEvery;
      }
      left--;
    }
    if (kind == Elementwise.Squared) {
      loss = f64(e) * f64(e);
      slope = e + e;
    } else if (kind == Elementwise.Absolute) {
      loss = f64(abs(e));
      slope = sign(e);
    } else if (kind == Elementwise.Huber) {
      const inside = abs(e) <= edge;
      loss = inside ? 0.5 * f64(e) * f64(e) : f64(edge) * (f64(abs(e)) - 0.5 * f64(edge));
      slope = inside ? e : edge * sign(e);
    } else if (kind == Elementwise.SmoothL1) {
      const inside = abs(e) < edge;
      loss = inside ? (0.5 * f64(e) * f64(e)) / f64(edge) : f64(abs(e)) - 0.5 * f64(edge);
      slope = inside ? e / edge : sign(e);
    } else if (kind == Elementwise.BinaryCrossEntropy) {
      // Logarithms are held at -100 and the slope's denominator at 1e-12, so that a certain and wrong answer stays finite.
      const q: f32 = 1 - p;
      loss = -(f64(y) * max(logarithm(f64(p)), -100.0) + (1.0 - f64(y)) * max(logarithm(1.0 - f64(p)), -100.0));
      slope = e / max(p * q, 1e-12);
    } else {
      // max(a, 0) - a y + log(1 + e^-|a|), which never overflows.
      const decay = exponentialOf(-abs(p));
      loss = f64(max(p, 0)) - f64(p) * f64(y) + logarithm(1.0 + f64(decay));
      slope = (p >= 0 ? 1 : decay) / (1 + decay) - y;
    }
    total += f64(weight) * loss;
    store<f32>(gradient, slope * scale * weight);
    gradient += 4;
    output += 4;
    target += 4;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function sign(x: f32): f32 {
  // A NaN is neither, and must not turn into an innocent 0.
  return x > 0 ? 1 : x < 0 ? -1 : x * 0;
}

/**
 * log(sum(e^z)) - z[y] for a class index y; the gradient is softmax(z) - onehot(y). A label that is no class
 * gives a loss that is not a number, so that the step is refused instead of writing past the row.
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
  const stride = usize(width) << 2;
  let total: f64 = 0;
  let weight: f32 = 1;
  let left = 0;
  for (; rows > 0; rows--) {
    const label = load<f32>(target);
    if (!(label >= 0 && label < f32(width))) return NaN;
    const at = usize(i32(label)) << 2;
    if (weights) {
      if (left == 0) {
        weight = load<f32>(weights);
        weights += 4;
        left = weightEvery;
      }
      left--;
    }
    const weighted = scale * weight;
    const maximum = rowMaximum(output, width);
    const sum = shiftedExponentials(gradient, output, width, maximum);
    total += f64(weight) * (logarithm(sum) - f64(load<f32>(output + at) - maximum));
    const factor = f32(f64(weighted) / sum);
    for (let j: usize = 0; j < stride; j += 4) store<f32>(gradient + j, load<f32>(gradient + j) * factor);
    store<f32>(gradient + at, load<f32>(gradient + at) - weighted);
    gradient += stride;
    output += stride;
    target += 4;
  }
  return total;
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
  const stride = usize(width) << 2;
  let total: f64 = 0;
  let weight: f32 = 1;
  let left = 0;
  for (; rows > 0; rows--) {
    const label = load<f32>(target);
    if (!(label >= 0 && label < f32(width))) return NaN;
    const at = usize(i32(label)) << 2;
    if (weights) {
      if (left == 0) {
        weight = load<f32>(weights);
        weights += 4;
        left = weightEvery;
      }
      left--;
    }
    const weighted = scale * weight;
    total -= f64(weight) * f64(load<f32>(output + at));
    memory.fill(gradient, 0, stride);
    store<f32>(gradient + at, -weighted);
    gradient += stride;
    output += stride;
    target += 4;
  }
  return total;
}

/**
 * The weight of each target: its class's, or with `blend` what lies between those of two classes; times the weight
 * of its sample, where given. A target that is no class has a weight that is not a number.
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
  for (; rows > 0; rows--) {
    const sampleWeight: f32 = sampleWeights ? load<f32>(sampleWeights) : 1;
    for (let i = 0; i < perSample; i++) {
      const label = load<f32>(target);
      let weight: f32 = NaN;
      if (blend) {
        if (label >= 0 && label <= 1) weight = load<f32>(classWeights) * (1 - label) + load<f32>(classWeights, 4) * label;
      } else if (label >= 0 && label < f32(classes)) {
        weight = load<f32>(classWeights + (usize(i32(label)) << 2));
      }
      store<f32>(weights, weight * sampleWeight);
      weights += 4;
      target += 4;
    }
    if (sampleWeights) sampleWeights += 4;
  }
}
