/** Running means of squared gradients: vectors run over the inputs, in float64. */

/**
 * For each row of gradients [rows, inputs] in turn: n = n + 1, squares [inputs] += k (g^2 - squares) with k = max(1 / n, floor), where
 * g is `rows` times the gradient, held within `largest`. The float64 at `count` is n; squares and gradients are of float32.
 */
export function followSquares(
  squares: usize,
  count: usize,
  gradients: usize,
  rows: i32,
  inputs: i32,
  floor: f64,
  largest: f64,
): void {
  const factor = f64x2.splat(f64(rows));
  const lowest = f64x2.splat(-largest);
  const highest = f64x2.splat(largest);
  for (; rows > 0; rows--) {
    const number = load<f64>(count) + 1;
    store<f64>(count, number);
    const rate = f64x2.splat(max(1 / number, floor));
    let at = squares;
    let left = inputs;
    for (; left >= 2; left -= 2) {
      v128.store64_lane(at, followed(v128.load64_zero(at), v128.load64_zero(gradients), rate, factor, lowest, highest), 0);
      at += 8;
      gradients += 8;
    }
    if (left == 1) {
      v128.store32_lane(at, followed(v128.load32_zero(at), v128.load32_zero(gradients), rate, factor, lowest, highest), 0);
      gradients += 4;
    }
  }
}

/** The first two lanes of squares that have followed those of the gradients. */
// @ts-ignore: decorator
@inline
function followed(squares: v128, gradients: v128, rate: v128, factor: v128, lowest: v128, highest: v128): v128 {
  const before = f64x2.promote_low_f32x4(squares);
  // Pseudo-minimum and pseudo-maximum are one instruction each.
  let gradient = f64x2.pmax(f64x2.mul(factor, f64x2.promote_low_f32x4(gradients)), lowest);
  gradient = f64x2.pmin(gradient, highest);
  const change = f64x2.sub(f64x2.mul(gradient, gradient), before);
  return f32x4.demote_f64x2_zero(f64x2.add(before, f64x2.mul(rate, change)));
}
