/**
 * Twin of ../assembly/gradients.ts. Pointers are element indices into `memory`, counts multiples of 4 unless said
 * otherwise.
 */
import { largestFloat32 } from "../../../float32.ts";

/** Whether all gradients are finite: 0 times a finite number is 0; 0 times infinity or NaN is not. */
export function allFinite(memory: Float32Array, gradients: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (memory[gradients + i] * 0 !== 0) return false;
  return true;
}

/**
 * Sum of squares in float64, in the order of the vector kernel: elements 0 and 2 of each four together, 1 and 3
 * together.
 */
export function sumOfSquares(memory: Float32Array, gradients: number, count: number): number {
  let low0 = 0;
  let low1 = 0;
  let high0 = 0;
  let high1 = 0;
  for (let i = gradients; i < gradients + count; i += 4) {
    low0 += memory[i] * memory[i];
    low1 += memory[i + 1] * memory[i + 1];
    high0 += memory[i + 2] * memory[i + 2];
    high1 += memory[i + 3] * memory[i + 3];
  }
  return low0 + high0 + (low1 + high1);
}

/** gradients += others[0] + others[1] + ..., one after the other; they begin `stride` apart. */
export function addShards(
  memory: Float32Array,
  gradients: number,
  others: number,
  stride: number,
  count: number,
  shards: number,
): void {
  for (let shard = 0; shard < shards; shard++) {
    const other = others + shard * stride;
    for (let i = 0; i < count; i++) memory[gradients + i] += memory[other + i];
  }
}

/** Scales gradients whose norm, taken together with others, is `length` down to `maximum`. */
export function scaleToNorm(
  memory: Float32Array,
  gradients: number,
  count: number,
  length: number,
  maximum: number,
): void {
  const factor = maximum / (length + 1e-6);
  if (factor < 1) scale(memory, gradients, count, Math.fround(factor));
}

/** Multiplies `count` gradients by `factor`. */
export function scale(memory: Float32Array, gradients: number, count: number, factor: number): void {
  for (let i = 0; i < count; i++) memory[gradients + i] = memory[gradients + i] * factor;
}

/** Limits `count` gradients to `-maximum` to `maximum`. */
export function clamp(memory: Float32Array, gradients: number, count: number, maximum: number): void {
  for (let i = 0; i < count; i++) {
    memory[gradients + i] = Math.max(Math.min(memory[gradients + i], maximum), -maximum);
  }
}

/** Largest magnitude among `count` numbers, any count; NaN if one is a NaN. */
export function largestMagnitude(memory: Float32Array, numbers: number, count: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(memory[numbers + i]));
  return largest;
}

/** Whether `terms` products of numbers no larger than these stay finite in float32 when they are added up. */
export function bounded(largestA: number, largestB: number, terms: number): boolean {
  return largestA * largestB * terms <= largestFloat32;
}
