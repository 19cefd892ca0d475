import { createRandom } from "../../../src/engine/model/random.ts";

const random = createRandom(7);

/** `count` numbers, some of them zero, negative, large and small. */
export function numbers(count: number, scale = 1): Float32Array {
  return Float32Array.from({ length: count }, () => {
    const x = (2 * random.uniform() - 1) * scale;
    return random.below(11) === 0 ? 0 : x;
  });
}

export const zeros = (count: number) => new Float32Array(count);
export const positive = (count: number) => numbers(count).map((x) => Math.abs(x) + 1e-3);
export const probabilities = (count: number) =>
  numbers(count).map((x) => Math.min(0.999, Math.max(0.001, (x + 1) / 2)));
export const labels = (count: number, classes: number) =>
  Float32Array.from({ length: count }, () => random.below(classes));
/** `count` up to the end of its last vector. */
export const padded = (count: number) => Math.ceil(count / 4) * 4;
