/**
 * Replaces x = `numbers[index]` by e^x, within 2 ulp of exact from -708 to 709, and that of the nearer end beyond.
 * `Math.exp` may differ in the last bit between machines; this takes only operations that IEEE 754 rounds the same
 * everywhere, in the order of the kernels' `exponentialDouble`, whose bits it gives. In place, like `raiseToPower`.
 *
 * x = n ln 2 + r, with ln 2 in two parts (Cody and Waite), e^r as the first fourteen terms of its series, and 2^n by
 * its bits.
 */
export function takeExponential(numbers: Float64Array, index: number): void {
  const x = Math.min(Math.max(numbers[index], -708), 709);
  const n = Math.floor(x * Math.LOG2E + 0.5);
  // The first part has 32 significant bits, so that n times it is exact.
  const r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
  let sum = 1 / 6227020800;
  sum = sum * r + 1 / 479001600;
  sum = sum * r + 1 / 39916800;
  sum = sum * r + 1 / 3628800;
  sum = sum * r + 1 / 362880;
  sum = sum * r + 1 / 40320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  words[1] = (n + 1023) << 20;
  numbers[index] = sum * power[0];
}

/** 2^n, of whose two words the first is always 0. */
const power = new Float64Array(1);
const words = new Int32Array(power.buffer);
