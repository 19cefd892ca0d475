/** Sums in float64: whole vectors in four lanes, added as (l0 + l2) + (l1 + l3), then the remaining numbers. */

/** The last two lanes of a vector in float64. */
// @ts-ignore: decorator
@inline
export function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

/** Sum of the lanes whose first two are in `low` and whose last two are in `high`. */
// @ts-ignore: decorator
@inline
export function wideLaneSum(low: v128, high: v128): f64 {
  const lanes = f64x2.add(low, high);
  return f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
}

export function sum(at: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; count >= 4; count -= 4) {
    const x = v128.load(at);
    low = f64x2.add(low, f64x2.promote_low_f32x4(x));
    high = f64x2.add(high, promoteHigh(x));
    at += 16;
  }
  let total = wideLaneSum(low, high);
  for (; count > 0; count--) {
    total += f64(load<f32>(at));
    at += 4;
  }
  return total;
}

/** Sum of (x - mean)^2. */
export function squaredDeviations(at: usize, count: i32, mean: f64): f64 {
  const centre = f64x2.splat(mean);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; count >= 4; count -= 4) {
    const x = v128.load(at);
    const l = f64x2.sub(f64x2.promote_low_f32x4(x), centre);
    const h = f64x2.sub(promoteHigh(x), centre);
    low = f64x2.add(low, f64x2.mul(l, l));
    high = f64x2.add(high, f64x2.mul(h, h));
    at += 16;
  }
  let total = wideLaneSum(low, high);
  for (; count > 0; count--) {
    const deviation = f64(load<f32>(at)) - mean;
    total += deviation * deviation;
    at += 4;
  }
  return total;
}
