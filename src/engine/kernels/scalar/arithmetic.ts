/**
 * Twin of ../assembly/arithmetic.ts on single numbers: the same operations in the same order, each rounded to
 * float32, so that the results are the same bits.
 */

import { takeLogarithm } from "../../../logarithm.ts";

const f = Math.fround;
const float = new Float32Array(1);
const integer = new Int32Array(float.buffer);
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

const log2e = f(Math.LOG2E);
const ln2High = f(0.693359375);
const ln2Low = f(-2.1219444e-4);
const e6 = f(1.98756915e-4);
const e5 = f(1.3981999507e-3);
const e4 = f(8.3334519073e-3);
const e3 = f(4.1665795894e-2);
const e2 = f(1.6666665459e-1);
const e1 = f(5.0000001201e-1);
const lowest = f(-87.33);
const highest = f(88.37);
/** Adding and taking away 1.5 * 2^23 rounds a float32 to the nearest integer, ties to even. */
const roundingShift = 12582912;

/** e^x in float32. */
export function exponentialOf(x: number): number {
  x = f(Math.min(Math.max(x, lowest), highest));
  const n = f(f(f(x * log2e) + roundingShift) - roundingShift);
  let r = f(x - f(n * ln2High));
  r = f(r - f(n * ln2Low));
  let p = e6;
  p = f(f(p * r) + e5);
  p = f(f(p * r) + e4);
  p = f(f(p * r) + e3);
  p = f(f(p * r) + e2);
  p = f(f(p * r) + e1);
  p = f(f(f(f(f(p * r) * r) + r)) + 1);
  integer[0] = (n + 127) << 23;
  return f(p * float[0]);
}

/** 1 / (1 + e^-x) in float32. */
export function sigmoid(x: number): number {
  return f(1 / f(1 + exponentialOf(-x)));
}

const t5 = f(-5.70498872745e-3);
const t4 = f(2.06390887954e-2);
const t3 = f(-5.37397155531e-2);
const t2 = f(1.33314422036e-1);
const t1 = f(-3.33332819422e-1);

/** tanh x in float32. */
export function hyperbolicTangent(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.625) {
    const z = f(x * x);
    let p = t5;
    p = f(f(p * z) + t4);
    p = f(f(p * z) + t3);
    p = f(f(p * z) + t2);
    p = f(f(p * z) + t1);
    return f(f(f(p * z) * x) + x);
  }
  const e = exponentialOf(f(magnitude + magnitude));
  const large = f(1 - f(2 / f(e + 1)));
  return x < 0 ? -large : large;
}

/** Natural logarithm of a positive normal float64: by operations that are exact to the bit in both languages. */
export function logarithm(x: number): number {
  double[0] = x;
  takeLogarithm(double, 0);
  return double[0];
}

/** e^x of a float64. */
export function exponentialDouble(x: number): number {
  x = Math.min(Math.max(x, -708), 709);
  const n = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
  let sum = 1 / 6227020800;
  for (let factorial = 479001600, k = 12; k >= 0; factorial /= k, k--) sum = sum * r + 1 / factorial;
  words[0] = 0;
  words[1] = (n + 1023) << 20;
  return sum * double[0];
}
