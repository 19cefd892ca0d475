/**
 * Replaces x = `numbers[index]` by its natural logarithm, within 2 ulp of exact for a normal number away from 1; 0
 * gives -Infinity, below it NaN. `Math.log` may differ in the last bit between machines; this takes only operations
 * that IEEE 754 rounds the same everywhere, in the order of the assembly kernel `logarithm`, so both compute the same bits. In place,
 * like `raiseToPower`.
 *
 * x = 2^e m with m between sqrt(1/2) and sqrt(2); log m = 2 artanh(s) with s = (m - 1) / (m + 1), as eleven terms of its
 * series.
 */
export function takeLogarithm(numbers: Float64Array, index: number): void {
  const x = numbers[index];
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) {
    if (!(x > 0)) numbers[index] = x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
    return;
  }
  number[0] = x;
  const power = words[1] >>> 20;
  let exponent = power - 1023;
  // A subnormal number has no leading one: the kernel adds it, which makes a rough logarithm of it.
  let m = power === 0 ? 1 + x * 2 ** 1022 : x * scales[power];
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let sum = 1 / 21;
  sum = sum * z + 1 / 19;
  sum = sum * z + 1 / 17;
  sum = sum * z + 1 / 15;
  sum = sum * z + 1 / 13;
  sum = sum * z + 1 / 11;
  sum = sum * z + 1 / 9;
  sum = sum * z + 1 / 7;
  sum = sum * z + 1 / 5;
  sum = sum * z + 1 / 3;
  sum = sum * z + 1;
  numbers[index] = exponent * Math.LN2 + 2 * s * sum;
}

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);
/**
 * 2^(1023 - power) by the eleven bits in which a number holds its power of two, [2047]. Multiplied by it a normal number is
 * its mantissa, exactly. Written in bits the mantissa would be the same and take four times as long: a load of eight bytes waits
 * until a store of four of them has reached the cache.
 */
const scales = new Float64Array(2047);
for (let power = 0, scale = 2 ** 1023; power < scales.length; power++, scale /= 2) scales[power] = scale;
