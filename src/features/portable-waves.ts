/** Sine and cosine that have the same bits on every processor. */

/** Coefficients of the series of sin(x) / x and cos(x) in x squared, the last first: enough for an eighth of a turn. */
const sineTerms = [
  -1 / 1307674368000,
  1 / 6227020800,
  -1 / 39916800,
  1 / 362880,
  -1 / 5040,
  1 / 120,
  -1 / 6,
  1,
];
const cosineTerms = [
  1 / 20922789888000,
  -1 / 87178291200,
  1 / 479001600,
  -1 / 3628800,
  1 / 40320,
  -1 / 720,
  1 / 24,
  -1 / 2,
  1,
];

/**
 * Writes the sine of `turns[at]` whole turns to `out[outAt]` and its cosine to `out[outAt + 1]`, within 2 ulp.
 * `Math.sin` may differ in the last bit between machines; this takes only operations that IEEE 754 rounds the same
 * everywhere: the angle is brought within an eighth of a turn by exact steps, and the series of Taylor does the rest.
 * Allocates nothing.
 */
export function writeWave(turns: Float64Array, at: number, out: Float64Array, outAt: number): void {
  const turn = turns[at] - Math.floor(turns[at]);
  const quarters = Math.round(4 * turn);
  const angle = 2 * Math.PI * (turn - quarters / 4);
  const square = angle * angle;
  let sine = 0;
  for (let i = 0; i < sineTerms.length; i++) sine = sine * square + sineTerms[i];
  sine *= angle;
  let cosine = 0;
  for (let i = 0; i < cosineTerms.length; i++) cosine = cosine * square + cosineTerms[i];
  const quarter = quarters & 3;
  const isSwapped = (quarter & 1) === 1;
  const first = isSwapped ? cosine : sine;
  const second = isSwapped ? sine : cosine;
  out[outAt] = quarter >= 2 ? -first : first;
  out[outAt + 1] = quarter === 1 || quarter === 2 ? -second : second;
}
