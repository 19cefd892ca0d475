/** Twin of ../assembly/masks.ts. Pointers are element indices into `memory`. */
import { Start } from "./matrix.ts";

const f = Math.fround;

/** Steps from one element's counter to the next: 2^32 divided by the golden ratio. */
const counterStep = 0x9e3779b9;

/** The finaliser of MurmurHash3, which spreads every bit of its input over all 32. */
function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * 0 with probability threshold / 2^32, else 1: a function of seed, key, draws and the element's number alone, which
 * counts from `first`.
 */
export function drawMask(
  memory: Float32Array,
  mask: number,
  count: number,
  /** Of 2^32, as the bits of a 32-bit integer. */
  threshold: number,
  key: number,
  first: number,
  seed: number,
  draws: number,
): void {
  const least = threshold >>> 0;
  const ofLayer = mix((seed >>> 0) + Math.imul(key, counterStep));
  let counter = mix(ofLayer + Math.imul(draws >>> 0, 0x85ebca6b)) + Math.imul(first, counterStep);
  for (let i = 0; i < count; i++) {
    memory[mask + i] = mix(counter) >= least ? 1 : 0;
    counter = (counter + counterStep) | 0;
  }
}

/** output = input mask factor, element by element: dropout. */
export function applyMask(
  memory: Float32Array,
  output: number,
  input: number,
  mask: number,
  count: number,
  factor: number,
): void {
  for (let i = 0; i < count; i++) memory[output + i] = f(memory[input + i] * memory[mask + i]) * factor;
}

/** output = input. */
export function copy(memory: Float32Array, output: number, input: number, count: number): void {
  memory.copyWithin(output, input, input + count);
}

/** output = a + b. */
export function add(memory: Float32Array, output: number, a: number, b: number, count: number): void {
  for (let i = 0; i < count; i++) memory[output + i] = memory[a + i] + memory[b + i];
}

/** gradient = start + source. */
export function accumulate(
  memory: Float32Array,
  gradient: number,
  source: number,
  count: number,
  start: number,
): void {
  if (start === Start.Zero) memory.fill(0, gradient, gradient + count);
  add(memory, gradient, gradient, source, count);
}
