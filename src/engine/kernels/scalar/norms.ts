/** Twin of ../assembly/norms.ts. Pointers are element indices into `memory`. */
import { Start } from "./matrix.ts";
import { squaredDeviations, sum } from "./sums.ts";

const f = Math.fround;

function inverseDeviation(variance: number, epsilon: number): number {
  return f(1 / Math.sqrt(variance + epsilon));
}

/** y = (x - mean) inverse gamma + beta with the same mean, gamma and beta for all. */
function normalize(
  memory: Float32Array,
  output: number,
  input: number,
  count: number,
  mean: number,
  inverse: number,
  gamma: number,
  beta: number,
): void {
  for (let i = 0; i < count; i++) {
    memory[output + i] = f(f(f(memory[input + i] - mean) * inverse) * gamma) + beta;
  }
}

/** Sum of dy (x - mean) inverse. */
function normalizedProducts(
  memory: Float32Array,
  outputGradient: number,
  input: number,
  count: number,
  mean: number,
  inverse: number,
): number {
  const whole = count & ~3;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    s0 += memory[outputGradient + i] * f(f(memory[input + i] - mean) * inverse);
    s1 += memory[outputGradient + i + 1] * f(f(memory[input + i + 1] - mean) * inverse);
    s2 += memory[outputGradient + i + 2] * f(f(memory[input + i + 2] - mean) * inverse);
    s3 += memory[outputGradient + i + 3] * f(f(memory[input + i + 3] - mean) * inverse);
  }
  let total = s0 + s2 + (s1 + s3);
  for (; i < count; i++) total += memory[outputGradient + i] * f(f(memory[input + i] - mean) * inverse);
  return total;
}

/** dx = factor (dy - meanGradient - (x - mean) inverse meanProduct) */
function normalizeBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  input: number,
  count: number,
  mean: number,
  inverse: number,
  factor: number,
  meanGradient: number,
  meanProduct: number,
): void {
  for (let i = 0; i < count; i++) {
    const x = f(f(memory[input + i] - mean) * inverse);
    memory[inputGradient + i] =
      factor * f(f(x * -meanProduct) + f(memory[outputGradient + i] - meanGradient));
  }
}

/** Mean, 1 / sqrt(biased variance + epsilon) and unbiased variance of a channel. */
function measureChannel(
  memory: Float32Array,
  statistics: number,
  channel: number,
  channels: number,
  input: number,
  positions: number,
  rows: number,
  epsilon: number,
): void {
  const step = channels * positions;
  const count = rows * positions;
  let total = 0;
  for (let i = 0; i < rows; i++) total += sum(memory, input + i * step, positions);
  const mean = total / count;
  let squares = 0;
  for (let i = 0; i < rows; i++) squares += squaredDeviations(memory, input + i * step, positions, mean);
  memory[statistics + channel] = mean;
  memory[statistics + channels + channel] = inverseDeviation(squares / count, epsilon);
  memory[statistics + 2 * channels + channel] = squares / (count - 1);
}

/** Batch normalization in training: by mean and variance of the batch, [rows, channels, positions]. */
export function batchNormForward(
  memory: Float32Array,
  output: number,
  input: number,
  statistics: number,
  gamma: number,
  beta: number,
  runningMean: number,
  runningVariance: number,
  channels: number,
  positions: number,
  rows: number,
  epsilon: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const first = channel * positions;
    if (rows * positions > 1) {
      measureChannel(memory, statistics, channel, channels, input + first, positions, rows, epsilon);
    } else {
      // One value has no variance: it is normalized as in evaluation.
      const variance = memory[runningVariance + channel];
      memory[statistics + channel] = memory[runningMean + channel];
      memory[statistics + channels + channel] = inverseDeviation(variance, epsilon);
      memory[statistics + 2 * channels + channel] = variance;
    }
    const mean = memory[statistics + channel];
    const inverse = memory[statistics + channels + channel];
    const g = memory[gamma + channel];
    const b = memory[beta + channel];
    for (let i = 0; i < rows; i++) {
      const offset = i * channels * positions + first;
      normalize(memory, output + offset, input + offset, positions, mean, inverse, g, b);
    }
  }
}

/** Batch normalization in evaluation: by the running mean and variance. */
export function batchNormEvaluate(
  memory: Float32Array,
  output: number,
  input: number,
  gamma: number,
  beta: number,
  runningMean: number,
  runningVariance: number,
  channels: number,
  positions: number,
  rows: number,
  epsilon: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const mean = memory[runningMean + channel];
    const inverse = inverseDeviation(memory[runningVariance + channel], epsilon);
    const g = memory[gamma + channel];
    const b = memory[beta + channel];
    for (let i = 0; i < rows; i++) {
      const offset = (i * channels + channel) * positions;
      normalize(memory, output + offset, input + offset, positions, mean, inverse, g, b);
    }
  }
}

/** dx = gamma inverse (dy - sum(dy) / m - xhat sum(dy xhat) / m); an input gradient of 0 is not wanted. */
export function batchNormBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  input: number,
  statistics: number,
  gamma: number,
  sums: number,
  channels: number,
  positions: number,
  rows: number,
): void {
  // Running statistics, which normalize a single value, do not depend on it.
  const share = rows * positions > 1 ? 1 / (rows * positions) : 0;
  for (let channel = 0; channel < channels; channel++) {
    const mean = memory[statistics + channel];
    const inverse = memory[statistics + channels + channel];
    let total = 0;
    let products = 0;
    for (let i = 0; i < rows; i++) {
      const offset = (i * channels + channel) * positions;
      const gradient = outputGradient + offset;
      total += sum(memory, gradient, positions);
      products += normalizedProducts(memory, gradient, input + offset, positions, mean, inverse);
    }
    memory[sums + channel] = products;
    memory[sums + channels + channel] = total;
    if (!inputGradient) continue;
    const factor = f(memory[gamma + channel] * inverse);
    const meanGradient = f(total * share);
    const meanProduct = f(products * share);
    for (let i = 0; i < rows; i++) {
      const offset = (i * channels + channel) * positions;
      normalizeBackward(
        memory,
        inputGradient + offset,
        outputGradient + offset,
        input + offset,
        positions,
        mean,
        inverse,
        factor,
        meanGradient,
        meanProduct,
      );
    }
  }
}

/** The gradient with respect to the input of batch normalization in evaluation. */
export function batchNormEvaluateBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  gamma: number,
  runningVariance: number,
  channels: number,
  positions: number,
  rows: number,
  epsilon: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const inverse = inverseDeviation(memory[runningVariance + channel], epsilon);
    const factor = f(memory[gamma + channel] * inverse);
    for (let i = 0; i < rows; i++) {
      const from = (i * channels + channel) * positions;
      const to = from + positions;
      for (let j = from; j < to; j++) memory[inputGradient + j] = memory[outputGradient + j] * factor;
    }
  }
}

/** running = (1 - momentum) running + momentum batch, where the batch had a variance that is a finite float32. */
export function batchNormCommit(
  memory: Float32Array,
  runningMean: number,
  runningVariance: number,
  statistics: number,
  channels: number,
  values: number,
  momentum: number,
): void {
  if (values <= 1) return;
  const keep = 1 - momentum;
  const variances = statistics + 2 * channels;
  for (let i = 0; i < channels; i++) {
    if (!Number.isFinite(memory[statistics + i]) || !Number.isFinite(memory[variances + i])) continue;
    memory[runningMean + i] = keep * memory[runningMean + i] + momentum * memory[statistics + i];
    memory[runningVariance + i] = keep * memory[runningVariance + i] + momentum * memory[variances + i];
  }
}

/** Layer normalization of each row, with mean and inverse deviation kept for the way back. */
export function layerNormForward(
  memory: Float32Array,
  output: number,
  input: number,
  statistics: number,
  gamma: number,
  beta: number,
  width: number,
  rows: number,
  epsilon: number,
): void {
  for (; rows > 0; rows--, output += width, input += width, statistics += 2) {
    const exactMean = sum(memory, input, width) / width;
    const mean = f(exactMean);
    const inverse = inverseDeviation(squaredDeviations(memory, input, width, exactMean) / width, epsilon);
    memory[statistics] = mean;
    memory[statistics + 1] = inverse;
    for (let j = 0; j < width; j++) {
      const x = f(f(memory[input + j] - mean) * inverse);
      memory[output + j] = f(x * memory[gamma + j]) + memory[beta + j];
    }
  }
}

/** dx = inverse (h - sum(h) / width - xhat sum(h xhat) / width) with h = dy gamma */
export function layerNormBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  input: number,
  statistics: number,
  gamma: number,
  width: number,
  rows: number,
): void {
  const share = 1 / width;
  for (; rows > 0; rows--, inputGradient += width, outputGradient += width, input += width, statistics += 2) {
    const mean = memory[statistics];
    const inverse = memory[statistics + 1];
    for (let j = 0; j < width; j++) {
      memory[inputGradient + j] = memory[outputGradient + j] * memory[gamma + j];
    }
    const meanGradient = f(sum(memory, inputGradient, width) * share);
    const products = normalizedProducts(memory, inputGradient, input, width, mean, inverse);
    normalizeBackward(
      memory,
      inputGradient,
      inputGradient,
      input,
      width,
      mean,
      inverse,
      inverse,
      meanGradient,
      f(products * share),
    );
  }
}

/** gammaGradient [width] = start + the sum of dy (x - mean) inverse over the rows. */
export function layerNormGammaGradient(
  memory: Float32Array,
  gammaGradient: number,
  outputGradient: number,
  input: number,
  statistics: number,
  width: number,
  rows: number,
  start: number,
): void {
  if (start === Start.Zero) memory.fill(0, gammaGradient, gammaGradient + width);
  for (; rows > 0; rows--, outputGradient += width, input += width, statistics += 2) {
    const mean = memory[statistics];
    const inverse = memory[statistics + 1];
    for (let j = 0; j < width; j++) {
      const x = f(f(memory[input + j] - mean) * inverse);
      memory[gammaGradient + j] = f(memory[outputGradient + j] * x) + memory[gammaGradient + j];
    }
  }
}
