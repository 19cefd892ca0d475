/**
 * Reads decimal numbers from bytes in place, and writes them. Results of reading are correctly rounded: always what
 * `Number()` returns for the same text. Below 2^53 the digits are an exact integer, powers of ten up to 10^22 are exact
 * too, and one multiplication or division of two exact numbers rounds once (W. Clinger, "How to Read Floating Point
 * Numbers Accurately", 1990). The few numbers outside these bounds are converted through a string.
 */

import { minus, plus, point } from "./ascii.ts";

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const largestExactPower = 22;
const largestExactInteger = Number.MAX_SAFE_INTEGER;

const zero = 0x30;
const nine = 0x39;
/** Bit that turns an ASCII letter into lower case. */
const lower = 0x20;
const letterE = 0x65;

/**
 * Reads the number that begins at `start`: a sign, digits with or without a point, an exponent; no blanks.
 * The value goes to `target[at]`, because a fractional number that a function returns costs a heap allocation.
 *
 * @param mark the byte before the decimals: a point, or a comma
 * @returns the index after the last byte of the number, or -1 when no number begins there; `target` is then unchanged
 */
export function readDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Float64Array,
  at: number,
  mark = point,
): number {
  let read = start;
  let negative = false;
  if (read < end && (bytes[read] === minus || bytes[read] === plus)) negative = bytes[read++] === minus;

  let mantissa = 0;
  let digits = 0;
  while (read < end && bytes[read] >= zero && bytes[read] <= nine) {
    mantissa = mantissa * 10 + (bytes[read++] - zero);
    digits++;
  }
  let exponent = 0;
  if (read < end && bytes[read] === mark) {
    read++;
    while (read < end && bytes[read] >= zero && bytes[read] <= nine) {
      mantissa = mantissa * 10 + (bytes[read++] - zero);
      digits++;
      exponent--;
    }
  }
  if (digits === 0) return -1;
  if (read < end && (bytes[read] | lower) === letterE) {
    let ahead = read + 1;
    let negativeExponent = false;
    if (ahead < end && (bytes[ahead] === minus || bytes[ahead] === plus)) {
      negativeExponent = bytes[ahead++] === minus;
    }
    const firstDigit = ahead;
    let written = 0;
    while (ahead < end && bytes[ahead] >= zero && bytes[ahead] <= nine) {
      written = written * 10 + (bytes[ahead++] - zero);
    }
    if (ahead > firstDigit) {
      exponent += negativeExponent ? -written : written;
      read = ahead;
    }
  }

  // Sums of digits only grow, so a mantissa within the bound was exact at every digit. 2^53 itself is beyond it:
  // 2^53 + 1 has been rounded down to that.
  let value: number;
  if (mantissa > largestExactInteger || exponent > largestExactPower || exponent < -largestExactPower) {
    value = mantissa === 0 ? 0 : Math.abs(Number(asciiText(bytes, start, read).replace(",", ".")));
  } else if (exponent < 0) {
    value = mantissa / powersOfTen[-exponent];
  } else {
    value = mantissa * powersOfTen[exponent];
  }
  target[at] = negative ? -value : value;
  return read;
}

/** Smaller numbers are written by exact integers and exact powers of ten, so that they are rounded once only. */
const largestWritten = 1e15;

/**
 * Writes the number `values[from]` to `bytes` from `at` on, rounded to `digits` significant ones (at most 15) of which
 * at most `places` (at most 15) after the point; digits before it are all written. No exponent, which a
 * microcontroller's parser may not know, but from 10^15 on. Takes at most 24 bytes, and allocates nothing below 10^15.
 *
 * @returns the index after the last byte written
 */
export function writeDecimal(
  values: Float64Array,
  from: number,
  digits: number,
  places: number,
  bytes: Uint8Array,
  at: number,
): number {
  const magnitude = Math.abs(values[from]);
  if (!(magnitude < largestWritten)) return writeText(bytes, at, `${values[from]}`);
  let behind = places;
  while (behind > 0 && magnitude * powersOfTen[behind] >= powersOfTen[digits]) behind--;
  let rounded = Math.round(magnitude * powersOfTen[behind]);
  while (behind > 0 && rounded % 10 === 0) {
    rounded /= 10;
    behind--;
  }
  let write = at;
  if (rounded > 0 && values[from] < 0) bytes[write++] = minus;
  let length = behind + 1;
  while (rounded >= powersOfTen[length]) length++;
  const end = write + length + (behind > 0 ? 1 : 0);
  for (let digit = 0, left = end - 1; digit < length; digit++, left--) {
    if (digit === behind && behind > 0) bytes[left--] = point;
    bytes[left] = zero + (rounded % 10);
    rounded = Math.floor(rounded / 10);
  }
  return end;
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}
