/**
 * Batch and layer normalization: y = gamma (x - mean) / sqrt(variance + epsilon) + beta. Means and variances are
 * summed in float64, in two passes, so that a large mean does not reduce the accuracy of a small variance. Backward
 * passes may overwrite the output's gradient.
 */
import { multiplyAdd } from "./arithmetic";
import { Start } from "./matrix";
import { promoteHigh, squaredDeviations, sum, wideLaneSum } from "./sums";

/** Number `index` of an array of float32. */
// @ts-ignore: decorator
@inline
function at(array: usize, index: i32): f32 {
  return load<f32>(array + (usize(index) << 2));
}

// @ts-ignore: decorator
@inline
function setAt(array: usize, index: i32, value: f32): void {
  store<f32>(array + (usize(index) << 2), value);
}

// @ts-ignore: decorator
@inline
function inverseDeviation(variance: f64, epsilon: f32): f32 {
  return f32(1.0 / sqrt(variance + f64(epsilon)));
}

/** y = (x - mean) inverse gamma + beta with the same mean, gamma and beta for all. */
function normalize(output: usize, input: usize, count: i32, mean: f32, inverse: f32, gamma: f32, beta: f32): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(inverse);
  const g = f32x4.splat(gamma);
  const b = f32x4.splat(beta);
  for (; count >= 4; count -= 4) {
    v128.store(output, multiplyAdd(f32x4.mul(f32x4.sub(v128.load(input), m), s), g, b));
    output += 16;
    input += 16;
  }
  for (; count > 0; count--) {
    store<f32>(output, (load<f32>(input) - mean) * inverse * gamma + beta);
    output += 4;
    input += 4;
  }
}

/** Sum of dy (x - mean) inverse. */
function normalizedProducts(outputGradient: usize, input: usize, count: i32, mean: f32, inverse: f32): f64 {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(inverse);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; count >= 4; count -= 4) {
    const dy = v128.load(outputGradient);
    const x = f32x4.mul(f32x4.sub(v128.load(input), m), s);
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(dy), f64x2.promote_low_f32x4(x)));
    high = f64x2.add(high, f64x2.mul(promoteHigh(dy), promoteHigh(x)));
    outputGradient += 16;
    input += 16;
  }
  let total = wideLaneSum(low, high);
  for (; count > 0; count--) {
    total += f64(load<f32>(outputGradient)) * f64((load<f32>(input) - mean) * inverse);
    outputGradient += 4;
    input += 4;
  }
  return total;
}

/** dx = factor (dy - meanGradient - (x - mean) inverse meanProduct) */
function normalizeBackward(
  inputGradient: usize,
  outputGradient: usize,
  input: usize,
  count: i32,
  mean: f32,
  inverse: f32,
  factor: f32,
  meanGradient: f32,
  meanProduct: f32,
): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(inverse);
  const f = f32x4.splat(factor);
  const a = f32x4.splat(meanGradient);
  const b = f32x4.splat(-meanProduct);
  for (; count >= 4; count -= 4) {
    const x = f32x4.mul(f32x4.sub(v128.load(input), m), s);
    v128.store(inputGradient, f32x4.mul(f, multiplyAdd(x, b, f32x4.sub(v128.load(outputGradient), a))));
    inputGradient += 16;
    outputGradient += 16;
    input += 16;
  }
  for (; count > 0; count--) {
    const x = (load<f32>(input) - mean) * inverse;
    store<f32>(inputGradient, factor * (x * -meanProduct + (load<f32>(outputGradient) - meanGradient)));
    inputGradient += 4;
    outputGradient += 4;
    input += 4;
  }
}

function multiply(output: usize, input: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; count >= 4; count -= 4) {
    v128.store(output, f32x4.mul(v128.load(input), f));
    output += 16;
    input += 16;
  }
  for (; count > 0; count--) {
    store<f32>(output, load<f32>(input) * factor);
    output += 4;
    input += 4;
  }
}

/** Mean, 1 / sqrt(biased variance + epsilon) and unbiased variance of a channel. */
function measureChannel(statistics: usize, channel: i32, channels: i32, input: usize, positions: i32, rows: i32, epsilon: f32): void {
  const step = usize(channels * positions) << 2;
  const count = f64(rows) * f64(positions);
  let total: f64 = 0;
  let x = input;
  for (let i = 0; i < rows; i++) {
    total += sum(x, positions);
    x += step;
  }
  const mean = total / count;
  let squares: f64 = 0;
  x = input;
  for (let i = 0; i < rows; i++) {
    squares += squaredDeviations(x, positions, mean);
    x += step;
  }
  setAt(statistics, channel, f32(mean));
  setAt(statistics, channels + channel, inverseDeviation(squares / count, epsilon));
  setAt(statistics, 2 * channels + channel, f32(squares / (count - 1.0)));
}

export function batchNormForward(
  output: usize,
  input: usize,
  statistics: usize,
  gamma: usize,
  beta: usize,
  runningMean: usize,
  runningVariance: usize,
  channels: i32,
  positions: i32,
  rows: i32,
  epsilon: f32,
): void {
  const plane = usize(positions) << 2;
  for (let channel = 0; channel < channels; channel++) {
    if (rows * positions > 1) {
      measureChannel(statistics, channel, channels, input + usize(channel) * plane, positions, rows, epsilon);
    } else {
      // One value has no variance: it is normalized as in evaluation.
      const variance = at(runningVariance, channel);
      setAt(statistics, channel, at(runningMean, channel));
      setAt(statistics, channels + channel, inverseDeviation(f64(variance), epsilon));
      setAt(statistics, 2 * channels + channel, variance);
    }
    const mean = at(statistics, channel);
    const inverse = at(statistics, channels + channel);
    for (let i = 0; i < rows; i++) {
      const offset = usize(i * channels + channel) * plane;
      normalize(output + offset, input + offset, positions, mean, inverse, at(gamma, channel), at(beta, channel));
    }
  }
}

export function batchNormEvaluate(
  output: usize,
  input: usize,
  gamma: usize,
  beta: usize,
  runningMean: usize,
  runningVariance: usize,
  channels: i32,
  positions: i32,
  rows: i32,
  epsilon: f32,
): void {
  const plane = usize(positions) << 2;
  for (let channel = 0; channel < channels; channel++) {
    const mean = at(runningMean, channel);
    const inverse = inverseDeviation(f64(at(runningVariance, channel)), epsilon);
    for (let i = 0; i < rows; i++) {
      const offset = usize(i * channels + channel) * plane;
      normalize(output + offset, input + offset, positions, mean, inverse, at(gamma, channel), at(beta, channel));
    }
  }
}

/** dx = gamma inverse (dy - sum(dy) / m - xhat sum(dy xhat) / m); the sums are the gradients of beta and gamma. */
export function batchNormBackward(
  inputGradient: usize,
  outputGradient: usize,
  input: usize,
  statistics: usize,
  gamma: usize,
  sums: usize,
  channels: i32,
  positions: i32,
  rows: i32,
): void {
  const plane = usize(positions) << 2;
  // Running statistics, which normalize a single value, do not depend on it.
  const share = rows * positions > 1 ? 1.0 / (f64(rows) * f64(positions)) : 0.0;
  for (let channel = 0; channel < channels; channel++) {
    const mean = at(statistics, channel);
    const inverse = at(statistics, channels + channel);
    let total: f64 = 0;
    let products: f64 = 0;
    for (let i = 0; i < rows; i++) {
      const offset = usize(i * channels + channel) * plane;
      total += sum(outputGradient + offset, positions);
      products += normalizedProducts(outputGradient + offset, input + offset, positions, mean, inverse);
    }
    setAt(sums, channel, f32(products));
    setAt(sums, channels + channel, f32(total));
    if (!inputGradient) continue;
    const factor = at(gamma, channel) * inverse;
    const meanGradient = f32(total * share);
    const meanProduct = f32(products * share);
    for (let i = 0; i < rows; i++) {
      const offset = usize(i * channels + channel) * plane;
      normalizeBackward(inputGradient + offset, outputGradient + offset, input + offset, positions, mean, inverse, factor, meanGradient, meanProduct);
    }
  }
}

export function batchNormEvaluateBackward(
  inputGradient: usize,
  outputGradient: usize,
  gamma: usize,
  runningVariance: usize,
  channels: i32,
  positions: i32,
  rows: i32,
  epsilon: f32,
): void {
  const plane = usize(positions) << 2;
  for (let channel = 0; channel < channels; channel++) {
    const factor = at(gamma, channel) * inverseDeviation(f64(at(runningVariance, channel)), epsilon);
    for (let i = 0; i < rows; i++) {
      const offset = usize(i * channels + channel) * plane;
      multiply(inputGradient + offset, outputGradient + offset, positions, factor);
    }
  }
}

/** running = (1 - momentum) running + momentum batch, where the batch had a variance that is a finite float32. */
export function batchNormCommit(
  runningMean: usize,
  runningVariance: usize,
  statistics: usize,
  channels: i32,
  values: i32,
  momentum: f32,
): void {
  if (values <= 1) return;
  const fresh = f64(momentum);
  const keep = 1.0 - fresh;
  for (let channel = 0; channel < channels; channel++) {
    const mean = f64(at(statistics, channel));
    const variance = f64(at(statistics, 2 * channels + channel));
    // The outputs of a batch are finite long after its variance is not: nothing else would stop it from staying for ever.
    if (!isFinite(mean) || !isFinite(variance)) continue;
    setAt(runningMean, channel, f32(keep * f64(at(runningMean, channel)) + fresh * mean));
    setAt(runningVariance, channel, f32(keep * f64(at(runningVariance, channel)) + fresh * variance));
  }
}

export function layerNormForward(
  output: usize,
  input: usize,
  statistics: usize,
  gamma: usize,
  beta: usize,
  width: i32,
  rows: i32,
  epsilon: f32,
): void {
  const stride = usize(width) << 2;
  for (; rows > 0; rows--) {
    const exactMean = sum(input, width) / f64(width);
    const mean = f32(exactMean);
    const inverse = inverseDeviation(squaredDeviations(input, width, exactMean) / f64(width), epsilon);
    store<f32>(statistics, mean);
    store<f32>(statistics, inverse, 4);
    normalizeRow(output, input, width, mean, inverse, gamma, beta);
    output += stride;
    input += stride;
    statistics += 8;
  }
}

/** y = (x - mean) inverse gamma + beta with gamma and beta for each. */
function normalizeRow(output: usize, input: usize, count: i32, mean: f32, inverse: f32, gamma: usize, beta: usize): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(inverse);
  for (; count >= 4; count -= 4) {
    const x = f32x4.mul(f32x4.sub(v128.load(input), m), s);
    v128.store(output, multiplyAdd(x, v128.load(gamma), v128.load(beta)));
    output += 16;
    input += 16;
    gamma += 16;
    beta += 16;
  }
  for (; count > 0; count--) {
    store<f32>(output, (load<f32>(input) - mean) * inverse * load<f32>(gamma) + load<f32>(beta));
    output += 4;
    input += 4;
    gamma += 4;
    beta += 4;
  }
}

/** dx = inverse (h - sum(h) / width - xhat sum(h xhat) / width) with h = dy gamma */
export function layerNormBackward(
  inputGradient: usize,
  outputGradient: usize,
  input: usize,
  statistics: usize,
  gamma: usize,
  width: i32,
  rows: i32,
): void {
  const stride = usize(width) << 2;
  const share = 1.0 / f64(width);
  for (; rows > 0; rows--) {
    const mean = load<f32>(statistics);
    const inverse = load<f32>(statistics, 4);
    multiplyRow(inputGradient, outputGradient, gamma, width);
    const meanGradient = f32(sum(inputGradient, width) * share);
    const meanProduct = f32(normalizedProducts(inputGradient, input, width, mean, inverse) * share);
    normalizeBackward(inputGradient, inputGradient, input, width, mean, inverse, inverse, meanGradient, meanProduct);
    inputGradient += stride;
    outputGradient += stride;
    input += stride;
    statistics += 8;
  }
}

function multiplyRow(output: usize, a: usize, b: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(output, f32x4.mul(v128.load(a), v128.load(b)));
    output += 16;
    a += 16;
    b += 16;
  }
  for (; count > 0; count--) {
    store<f32>(output, load<f32>(a) * load<f32>(b));
    output += 4;
    a += 4;
    b += 4;
  }
}

/** gammaGradient [width] = start + the sum of dy (x - mean) inverse over the rows. */
export function layerNormGammaGradient(
  gammaGradient: usize,
  outputGradient: usize,
  input: usize,
  statistics: usize,
  width: i32,
  rows: i32,
  start: Start,
): void {
  if (start == Start.Zero) memory.fill(gammaGradient, 0, usize(width) << 2);
  for (; rows > 0; rows--) {
    const mean = load<f32>(statistics);
    const inverse = load<f32>(statistics, 4);
    const m = f32x4.splat(mean);
    const s = f32x4.splat(inverse);
    let total = gammaGradient;
    let j = width;
    for (; j >= 4; j -= 4) {
      const x = f32x4.mul(f32x4.sub(v128.load(input), m), s);
      v128.store(total, multiplyAdd(v128.load(outputGradient), x, v128.load(total)));
      total += 16;
      outputGradient += 16;
      input += 16;
    }
    for (; j > 0; j--) {
      const x = (load<f32>(input) - mean) * inverse;
      store<f32>(total, load<f32>(outputGradient) * x + load<f32>(total));
      total += 4;
      outputGradient += 4;
      input += 4;
    }
    statistics += 8;
  }
}
