/** base^exponent for a whole exponent, by squaring: `Math.pow` may differ in the last bit between machines. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let factor = base; exponent > 0; exponent = Math.floor(exponent / 2), factor *= factor) {
    if (exponent % 2 === 1) result *= factor;
  }
  return result;
}
