/**
 * Replaces x = `number[0]`, from 0 to 1, by cos(pi x), within 2^-51 of the true value, and exact at 0, 1/2 and 1.
 * `Math.cos` may differ in the last bit between machines; this takes additions and multiplications only, which IEEE 754
 * rounds the same everywhere. In place, like `raiseToPower`.
 *
 * Taylor's series at 0 up to the angle's 20th power. It is only asked for angles up to pi / 2, where the first term
 * left out is below 2e-17; the rest of the half turn is its mirror image, and 1 - x is exact there.
 */
export function takeCosineOfHalfTurns(number: Float64Array): void {
  const x = number[0];
  const angle = Math.PI * (x > 0.5 ? 1 - x : x);
  const z = angle * angle;
  let sum = 1 / 2432902008176640000;
  sum = sum * z - 1 / 6402373705728000;
  sum = sum * z + 1 / 20922789888000;
  sum = sum * z - 1 / 87178291200;
  sum = sum * z + 1 / 479001600;
  sum = sum * z - 1 / 3628800;
  sum = sum * z + 1 / 40320;
  sum = sum * z - 1 / 720;
  sum = sum * z + 1 / 24;
  sum = sum * z - 1 / 2;
  sum = sum * z + 1;
  // At 1/2 the series misses the zero by 1e-16, because pi is rounded.
  number[0] = x === 0.5 ? 0 : x > 0.5 ? -sum : sum;
}
