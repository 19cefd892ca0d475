/** Twin of ../assembly/losses.ts. Pointers are element indices into `memory`. */
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
): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const p = memory[output + i];
    const y = memory[target + i];
    const e = f(p - y);
    let slope: number;
    if (kind === Elementwise.Squared) {
      total += e * e;
      slope = f(e + e);
    } else if (kind === Elementwise.Absolute) {
      total += Math.abs(e);
      slope = sign(e);
    } else if (kind === Elementwise.Huber) {
      const inside = Math.abs(e) <= edge;
      total += inside ? 0.5 * e * e : edge * (Math.abs(e) - 0.5 * edge);
      slope = inside ? e : f(edge * sign(e));
    } else if (kind === Elementwise.SmoothL1) {
      const inside = Math.abs(e) < edge;
      total += inside ? (0.5 * e * e) / edge : Math.abs(e) - 0.5 * edge;
      slope = inside ? f(e / edge) : sign(e);
    } else if (kind === Elementwise.BinaryCrossEntropy) {
      const q = f(1 - p);
      total -= y * Math.max(logarithm(p), -100) + (1 - y) * Math.max(logarithm(1 - p), -100);
      slope = f(e / Math.max(f(p * q), f(1e-12)));
    } else {
      const decay = exponential(-Math.abs(p));
      total += Math.max(p, 0) - p * y + logarithm(1 + decay);
      slope = f(f((p >= 0 ? 1 : decay) / f(1 + decay)) - y);
    }
    memory[gradient + i] = slope * scale;
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
): number {
  let total = 0;
  for (; rows > 0; rows--, gradient += width, output += width, target++) {
    const label = memory[target];
    if (!(label >= 0 && label < width)) return NaN;
    const at = Math.trunc(label);
    const maximum = rowMaximum(memory, output, width);
    const sum = shiftedExponentials(memory, gradient, output, width, maximum);
    total += logarithm(sum) - f(memory[output + at] - maximum);
    const factor = f(scale / sum);
    for (let j = 0; j < width; j++) memory[gradient + j] = memory[gradient + j] * factor;
    memory[gradient + at] = memory[gradient + at] - scale;
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
): number {
  let total = 0;
  for (; rows > 0; rows--, gradient += width, output += width, target++) {
    const label = memory[target];
    if (!(label >= 0 && label < width)) return NaN;
    const at = Math.trunc(label);
    total -= memory[output + at];
    memory.fill(0, gradient, gradient + width);
    memory[gradient + at] = -scale;
  }
  return total;
}
