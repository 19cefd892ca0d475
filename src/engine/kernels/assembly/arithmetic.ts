/**
 * The arithmetic of all kernels: multiply-add, and the functions beyond + - * / sqrt. They are implemented here, so
 * that results are bit for bit the same on every processor. The scalar twin repeats each operation in the same order.
 */

/** a * b + c on four lanes: rounded once in the build with relaxed SIMD, else twice (the same on every processor). */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Loads four numbers from four addresses. */
// @ts-ignore: decorator
@inline
export function loadFour(a: usize, b: usize, c: usize, d: usize): v128 {
  let lanes = v128.load32_zero(a);
  lanes = v128.load_lane<f32>(b, lanes, 1);
  lanes = v128.load_lane<f32>(c, lanes, 2);
  return v128.load_lane<f32>(d, lanes, 3);
}

/** Sums of the lanes of four vectors, as one vector; each sum is (l0 + l2) + (l1 + l3). */
// @ts-ignore: decorator
@inline
export function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** (l0 + l2) + (l1 + l3), as `laneSums`. */
// @ts-ignore: decorator
@inline
export function laneSum(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2) + (f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 3))
  );
}

/**
 * e^x on four lanes, at most 1 ulp from exact between -87.3 and 88.3; x is limited to this range.
 * Range reduction x = n ln 2 + r in two parts (Cody and Waite); polynomial of degree 6 with the coefficients of
 * Cephes' expf (Moshier, 1992).
 */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  // Pseudo-minimum and pseudo-maximum are one instruction each, and keep a NaN in the first operand.
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.33)), f32x4.splat(88.37));
  // Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves that integer in the lowest bits.
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504)), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  // 0.693359375 has 9 significant bits, so that n times it is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** e^x of one number, bit for bit equal to a lane of `exponential`. */
// @ts-ignore: decorator
@inline
export function exponentialOf(x: f32): f32 {
  return f32x4.extract_lane(exponential(f32x4.splat(x)), 0);
}

/** 1 / (1 + e^-x) on four lanes. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))));
}

/**
 * tanh x on four lanes: below 0.625 an odd polynomial (coefficients of Cephes' tanhf), above it
 * 1 - 2 / (e^2x + 1), which would cancel digits below.
 */
// @ts-ignore: decorator
@inline
export function hyperbolicTangent(x: v128): v128 {
  const magnitude = f32x4.abs(x);
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const one = f32x4.splat(1);
  const e = exponential(f32x4.add(magnitude, magnitude));
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)));
  return v128.bitselect(small, v128.or(large, sign), f32x4.lt(magnitude, f32x4.splat(0.625)));
}

/**
 * Natural logarithm of a positive normal float64, within 2 ulp of exact: x = 2^e m with m between sqrt(1/2) and
 * sqrt(2), log m = 2 artanh(s) with s = (m - 1) / (m + 1), as eleven terms of its series. Returns -infinity for 0.
 */
export function logarithm(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return Infinity;
  const bits = reinterpret<u64>(x);
  const fraction = bits & 0x000fffffffffffff;
  // Not by a branch: of any numbers, half are above it.
  const halved = i32(reinterpret<f64>(fraction | 0x3ff0000000000000) > 1.4142135623730951);
  const exponent = i32(bits >> 52) - 1023 + halved;
  const m = reinterpret<f64>(fraction | (u64(1023 - halved) << 52));
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let sum: f64 = 1.0 / 21.0;
  sum = sum * z + 1.0 / 19.0;
  sum = sum * z + 1.0 / 17.0;
  sum = sum * z + 1.0 / 15.0;
  sum = sum * z + 1.0 / 13.0;
  sum = sum * z + 1.0 / 11.0;
  sum = sum * z + 1.0 / 9.0;
  sum = sum * z + 1.0 / 7.0;
  sum = sum * z + 1.0 / 5.0;
  sum = sum * z + 1.0 / 3.0;
  sum = sum * z + 1.0;
  return f64(exponent) * 0.6931471805599453 + 2.0 * s * sum;
}

/** `logarithm` of two numbers at once, bit for bit. */
// @ts-ignore: decorator
@inline
export function logarithmOfPair(x: v128): v128 {
  const zero = f64x2.splat(0);
  const fraction = v128.and(x, i64x2.splat(0x000fffffffffffff));
  // All bits of a lane where its number is above, which as an integer is -1.
  const halved = f64x2.gt(v128.or(fraction, i64x2.splat(0x3ff0000000000000)), f64x2.splat(1.4142135623730951));
  const exponents = i64x2.sub(i64x2.sub(i64x2.shr_u(x, 52), i64x2.splat(1023)), halved);
  const m = v128.or(fraction, i64x2.shl(i64x2.add(i64x2.splat(1023), halved), 52));
  const one = f64x2.splat(1);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let sum = f64x2.splat(1.0 / 21.0);
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 19.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 17.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 15.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 13.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 11.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 9.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 7.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 5.0));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.0 / 3.0));
  sum = f64x2.add(f64x2.mul(sum, z), one);
  const exponent = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(exponents, exponents, 0, 2, 0, 2));
  const mantissas = f64x2.mul(f64x2.mul(f64x2.splat(2), s), sum);
  const result = f64x2.add(f64x2.mul(exponent, f64x2.splat(0.6931471805599453)), mantissas);
  const ofOthers = v128.bitselect(f64x2.splat(-Infinity), f64x2.splat(NaN), f64x2.eq(x, zero));
  const infinite = f64x2.eq(x, f64x2.splat(Infinity));
  return v128.bitselect(v128.bitselect(x, result, infinite), ofOthers, f64x2.gt(x, zero));
}

/**
 * e^x of a float64, within 2 ulp of exact between -708 and 709 and held at the ends beyond: x = n ln 2 + r in two
 * parts (Cody and Waite), e^r as the first fourteen terms of its series.
 */
export function exponentialDouble(x: f64): f64 {
  x = min(max(x, -708.0), 709.0);
  const n = floor(x * 1.4426950408889634 + 0.5);
  // 0.693147180369123816490 has 32 significant bits, so that n times it is exact.
  const r = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  let sum: f64 = 1.0 / 6227020800.0;
  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  return sum * reinterpret<f64>(u64(i64(n) + 1023) << 52);
}
