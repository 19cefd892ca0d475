/** Twin of ../assembly/losses.ts. Pointers are element indices into `memory`; weights of 0 are not given. */
import { exponential, logarithm } from "./arithmetic.ts";
import { rowMaximum, shiftedExponentials } from "./softmax.ts";

const f = Math.fround;

export const Elementwise = {
  Squared: 0,
  Absolute: 1,
  Huber: 2,
  SmoothL1: 3,
  BinaryCrossEntropy: 4,
  BinaryCrossEntropyOnLogits: 5,
} as const;

/** `edge` is Huber's delta or smooth L1's beta. Gives the sum of the losses. */
export function elementwiseLoss(
  memory: Float32Array,
  kind: number,
  gradient: number,
  output: number,
  target: number,
  count: number,
  scale: number,
  edge: number,
  weights: number,
  weightEvery: number,
): number {
  let total = 0;
  let weight = 1;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const p = memory[output + i];
    const y = memory[target + i];
    const e = f(p - y);
    let loss: number;
    let slope: number;
    if (weights) {
      if (left === 0) {
        weight = memory[weights++];
        left = weightEvery;
      }
      left--;
    }
    if (kind === Elementwise.Squared) {
      loss = e * e;
      slope = f(e + e);
    } else if (kind === Elementwise.Absolute) {
      loss = Math.abs(e);
      slope = sign(e);
    } else if (kind === Elementwise.Huber) {
      const inside = Math.abs(e) <= edge;
      loss = inside ? 0.5 * e * e : edge * (Math.abs(e) - 0.5 * edge);
      slope = inside ? e : f(edge * sign(e));
    } else if (kind === Elementwise.SmoothL1) {
      const inside = Math.abs(e) < edge;
      loss = inside ? (0.5 * e * e) / edge : Math.abs(e) - 0.5 * edge;
      slope = inside ? f(e / edge) : sign(e);
    } else if (kind === Elementwise.BinaryCrossEntropy) {
      const q = f(1 - p);
      loss = -(y * Math.max(logarithm(p), -100) + (1 - y) * Math.max(logarithm(1 - p), -100));
      slope = f(e / Math.max(f(p * q), f(1e-12)));
    } else {
      const decay = exponential(-Math.abs(p));
      loss = Math.max(p, 0) - p * y + logarithm(1 + decay);
      slope = f(f((p >= 0 ? 1 : decay) / f(1 + decay)) - y);
    }
    total += weight * loss;
    memory[gradient + i] = f(slope * scale) * weight;
  }
  return total;
}

function sign(x: number): number {
  // A NaN is neither, and must not turn into an innocent 0.
  return x > 0 ? 1 : x < 0 ? -1 : x * 0;
}

/** log(sum(e^z)) - z[y] for a class index y; the gradient is softmax(z) - onehot(y). */
export function softmaxCrossEntropy(
  memory: Float32Array,
  gradient: number,
  output: number,
  target: number,
  width: number,
  rows: number,
  scale: number,
  weights: number,
  weightEvery: number,
): number {
  let total = 0;
  let weight = 1;
  let left = 0;
  for (; rows > 0; rows--, gradient += width, output += width, target++) {
    const label = memory[target];
    if (!(label >= 0 && label < width)) return NaN;
    const at = Math.trunc(label);
    if (weights) {
      if (left === 0) {
        weight = memory[weights++];
        left = weightEvery;
      }
      left--;
    }
    const weighted = f(scale * weight);
    const maximum = rowMaximum(memory, output, width);
    const sum = shiftedExponentials(memory, gradient, output, width, maximum);
    total += weight * (logarithm(sum) - f(memory[output + at] - maximum));
    const factor = f(weighted / sum);
    for (let j = 0; j < width; j++) memory[gradient + j] = memory[gradient + j] * factor;
    memory[gradient + at] = memory[gradient + at] - weighted;
  }
  return total;
}

/** -z[y] on log-probabilities z; the gradient is -onehot(y). */
export function negativeLogLikelihood(
  memory: Float32Array,
  gradient: number,
  output: number,
  target: number,
  width: number,
  rows: number,
  scale: number,
  weights: number,
  weightEvery: number,
): number {
  let total = 0;
  let weight = 1;
  let left = 0;
  for (; rows > 0; rows--, gradient += width, output += width, target++) {
    const label = memory[target];
    if (!(label >= 0 && label < width)) return NaN;
    const at = Math.trunc(label);
    if (weights) {
      if (left === 0) {
        weight = memory[weights++];
        left = weightEvery;
      }
      left--;
    }
    const weighted = f(scale * weight);
    total -= weight * memory[output + at];
    memory.fill(0, gradient, gradient + width);
    memory[gradient + at] = -weighted;
  }
  return total;
}

/** The weight of each target, see the vector kernel. */
export function classWeightsOfTargets(
  memory: Float32Array,
  weights: number,
  target: number,
  classWeights: number,
  classes: number,
  sampleWeights: number,
  perSample: number,
  rows: number,
  blend: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    const sampleWeight = sampleWeights ? memory[sampleWeights + row] : 1;
    for (let i = 0; i < perSample; i++) {
      const label = memory[target++];
      let weight = Number.NaN;
      if (blend) {
        if (label >= 0 && label <= 1) {
          weight = f(f(memory[classWeights] * f(1 - label)) + f(memory[classWeights + 1] * label));
        }
      } else if (label >= 0 && label < classes) {
        weight = memory[classWeights + Math.trunc(label)];
      }
      memory[weights++] = weight * sampleWeight;
    }
  }
}
