/**
 * Decimal numbers read from bytes in place. Results are correctly rounded: always what `Number()` gives for the same
 * text. Up to 2^53 the digits are an exact integer, powers of ten up to 10^22 are exact too, and one multiplication
 * or division of two exact numbers rounds once (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 * The few numbers outside these bounds take the way through a string.
 */

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const LARGEST_EXACT_POWER = 22;
const LARGEST_EXACT_INTEGER = 2 ** 53;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
/** Turns an ASCII letter into lower case. */
const LOWER = 0x20;
const LETTER_E = 0x65;

/**
 * Reads the number that begins at `start`: a sign, digits with or without a point, an exponent; no blanks.
 * The value goes to `target[at]`, because a fractional number that a function returns costs a heap allocation.
 *
 * @returns the index after the last byte of the number, or -1 when no number begins there; `target` is then unchanged
 */
export function readDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Float64Array,
  at: number,
): number {
  let read = start;
  let negative = false;
  if (read < end && (bytes[read] === MINUS || bytes[read] === PLUS)) negative = bytes[read++] === MINUS;

  let mantissa = 0;
  let digits = 0;
  while (read < end && bytes[read] >= ZERO && bytes[read] <= NINE) {
    mantissa = mantissa * 10 + (bytes[read++] - ZERO);
    digits++;
  }
  let exponent = 0;
  if (read < end && bytes[read] === POINT) {
    read++;
    while (read < end && bytes[read] >= ZERO && bytes[read] <= NINE) {
      mantissa = mantissa * 10 + (bytes[read++] - ZERO);
      digits++;
      exponent--;
    }
  }
  if (digits === 0) return -1;
  if (read < end && (bytes[read] | LOWER) === LETTER_E) {
    let ahead = read + 1;
    let negativeExponent = false;
    if (ahead < end && (bytes[ahead] === MINUS || bytes[ahead] === PLUS)) {
      negativeExponent = bytes[ahead++] === MINUS;
    }
    const firstDigit = ahead;
    let written = 0;
    while (ahead < end && bytes[ahead] >= ZERO && bytes[ahead] <= NINE) {
      written = written * 10 + (bytes[ahead++] - ZERO);
    }
    if (ahead > firstDigit) {
      exponent += negativeExponent ? -written : written;
      read = ahead;
    }
  }

  // Sums of digits only grow, so a mantissa that ends within the bound was exact all the way.
  let value: number;
  if (mantissa > LARGEST_EXACT_INTEGER || exponent > LARGEST_EXACT_POWER || exponent < -LARGEST_EXACT_POWER) {
    value = mantissa === 0 ? 0 : Math.abs(Number(asciiText(bytes, start, read)));
  } else if (exponent < 0) {
    value = mantissa / POWERS_OF_TEN[-exponent];
  } else {
    value = mantissa * POWERS_OF_TEN[exponent];
  }
  target[at] = negative ? -value : value;
  return read;
}

const NON_FINITE_WORDS = ["nan", "infinity", "inf", "ovf"];

/**
 * Reads a word that stands for a value which is not finite, in any case and with any sign: `nan`, `inf`,
 * `infinity`, and `ovf`, which an Arduino prints for floats beyond 2^32.
 *
 * @returns the index after the word, or -1 when none begins at `start`
 */
export function readNonFiniteWord(bytes: Uint8Array, start: number, end: number): number {
  const letters = start < end && (bytes[start] === MINUS || bytes[start] === PLUS) ? start + 1 : start;
  for (let index = 0; index < NON_FINITE_WORDS.length; index++) {
    const word = NON_FINITE_WORDS[index];
    if (letters + word.length > end) continue;
    let length = 0;
    while (length < word.length && (bytes[letters + length] | LOWER) === word.charCodeAt(length)) length++;
    if (length === word.length) return letters + length;
  }
  return -1;
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}
