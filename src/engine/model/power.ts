/** Exponents above this are no integers of V8. */
const largestShifted = 2 ** 30;

/**
 * Raises `number[0]` to a whole exponent, by squaring: `Math.pow` may differ in the last bit between machines.
 * In place, because V8 allocates a returned number wherever it does not inline the call.
 */
export function raiseToPower(number: Float64Array, exponent: number): void {
  let result = 1;
  let factor = number[0];
  let left = exponent;
  for (; left > largestShifted; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
  }
  // In integers, which V8 halves twenty times as fast: this runs with every update of a network.
  for (let rest = left | 0; rest > 0; rest >>= 1) {
    if ((rest & 1) === 1) result *= factor;
    factor *= factor;
  }
  number[0] = result;
}
