/** Operations on the gradients of all parameters between the backward pass and the update. */

/** The bits of float32 infinity without its sign; those of every NaN are larger. */
const infinity = 0x7f800000;

/** Maximum of `found` and the bits of the numbers at `at` without their signs, which have the order of magnitudes. */
// @ts-ignore: decorator
@inline
function largerBits(found: v128, at: usize): v128 {
  return i32x4.max_u(found, v128.and(v128.load(at), i32x4.splat(0x7fffffff)));
}

/** Whether the `count` gradients, a multiple of 4, are all finite. */
export function allFinite(gradients: usize, count: i32): bool {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  // Four at a time: a single chain would wait for its previous result.
  for (; count >= 16; count -= 16) {
    a = largerBits(a, gradients);
    b = largerBits(b, gradients + 16);
    c = largerBits(c, gradients + 32);
    d = largerBits(d, gradients + 48);
    gradients += 64;
  }
  for (; count > 0; count -= 4) {
    a = largerBits(a, gradients);
    gradients += 16;
  }
  const largest = i32x4.max_u(i32x4.max_u(a, b), i32x4.max_u(c, d));
  return !v128.any_true(i32x4.ge_u(largest, i32x4.splat(infinity)));
}

/** Sum of squares in float64: the even elements of a vector and the odd ones in two lanes. */
export function sumOfSquares(gradients: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; count > 0; count -= 4) {
    const g = v128.load(gradients);
    const l = f64x2.promote_low_f32x4(g);
    const h = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(l, l));
    high = f64x2.add(high, f64x2.mul(h, h));
    gradients += 16;
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** gradients += others[0] + others[1] + ..., one after the other; `count` is a multiple of 4. */
export function addShards(gradients: usize, others: usize, stride: usize, count: i32, shards: i32): void {
  for (; count > 0; count -= 4) {
    let total = v128.load(gradients);
    let other = others;
    for (let shard = 0; shard < shards; shard++, other += stride) total = f32x4.add(total, v128.load(other));
    v128.store(gradients, total);
    gradients += 16;
    others += 16;
  }
}

/** Scales gradients whose norm, taken together with others, is `length` down to `maximum`. */
export function scaleToNorm(gradients: usize, count: i32, length: f64, maximum: f32): void {
  const factor = f64(maximum) / (length + 1e-6);
  if (factor < 1) scale(gradients, count, f32(factor));
}

export function scale(gradients: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; count > 0; count -= 4) {
    v128.store(gradients, f32x4.mul(v128.load(gradients), f));
    gradients += 16;
  }
}

export function clamp(gradients: usize, count: i32, maximum: f32): void {
  const high = f32x4.splat(maximum);
  const low = f32x4.splat(-maximum);
  for (; count > 0; count -= 4) {
    v128.store(gradients, f32x4.pmax(f32x4.pmin(v128.load(gradients), high), low));
    gradients += 16;
  }
}

/**
 * Largest magnitude among `count` numbers, any count; NaN if one is a NaN. The numbers after them are not read: they
 * may be rows of an earlier, larger call.
 */
export function largestMagnitude(numbers: usize, count: i32): f32 {
  let lanes = i32x4.splat(0);
  for (; count >= 4; count -= 4) {
    lanes = largerBits(lanes, numbers);
    numbers += 16;
  }
  let largest = max(
    max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)),
    max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
  );
  for (; count > 0; count--) {
    largest = max(largest, abs(load<f32>(numbers)));
    numbers += 4;
  }
  return largest;
}

/** Whether `terms` products of numbers no larger than these stay finite in float32 when they are added up. */
export function bounded(largestA: f32, largestB: f32, terms: f64): bool {
  return f64(largestA) * f64(largestB) * terms <= f64(f32.MAX_VALUE);
}
