/**
 * Raises `number[0]` to a whole exponent, by squaring: `Math.pow` may differ in the last bit between machines.
 * In place, because V8 allocates a returned number wherever it does not inline the call.
 */
export function raiseToPower(number: Float64Array, exponent: number): void {
  let result = 1;
  let factor = number[0];
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
  }
  number[0] = result;
}
