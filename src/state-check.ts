/**
 * What the numbers of a stored state may be. A digest says that bytes are whole, not that they are good: a negative
 * variance would make every later answer NaN. What comes from a file is checked here before it becomes part of a learner.
 */
import { RivuletError } from "./errors/errors.ts";

export type Numbers = Float32Array | Float64Array;

/** What is wrong with stored numbers, as a clause; null where nothing is. */
export type Check = (numbers: Numbers) => string | null;

/**
 * Largest count that is believed of a file. From there a device that takes a thousand samples a second still counts
 * exactly for 140,000 years; beyond 2^53 it would stand still, and nobody would notice.
 */
export const largestCount = 2 ** 52;

/** Whether a value is a count that a device can have come to. */
export const isCount = (value: unknown, most = largestCount): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;

/** No sum over squares of float32 numbers reaches this, however long the stream. */
const largest = 1e100;
/** Just above the largest number of float32, in which samples come. */
export const largestSample = 3.5e38;
/** Sums of weights differ from 1 by rounding alone. */
const rounding = 1e-4;

const each =
  (fits: (number: number) => boolean, expected: string): Check =>
  (numbers) => {
    for (let i = 0; i < numbers.length; i++) {
      if (!fits(numbers[i])) return `number ${i} is ${numbers[i]}, expected ${expected}`;
    }
    return null;
  };

export const finite = each((number) => Math.abs(number) < largest, "a finite number");
export const notNegative = each((number) => number >= 0 && number < largest, "a finite number from 0");
/** A square in float32. That of a gradient beyond 1.8e19 is infinite, and a network can come to that by itself. */
export const squared = each(
  (number) => (number >= 0 && number < largest) || number === Number.POSITIVE_INFINITY,
  "a finite number from 0",
);
export const positive = each((number) => number > 0 && number < largest, "a finite number above 0");
export const whole = each((number) => isCount(number), "a whole number from 0 to 2^52");
/** A number that a sample can hold. */
export const sampled = each((number) => Math.abs(number) < largestSample, "a number that a sample can hold");
/** A number that a sample can hold, or NaN where there is none. */
export const sampledOrMissing = each(
  (number) => Number.isNaN(number) || Math.abs(number) < largestSample,
  "a number that a sample can hold, or none",
);

/** By how much a mean may leave the range of its values, and a variance the square of it, by rounding. */
export const roundingOf = (lowest: number, highest: number): number =>
  1e-6 * (highest - lowest) + 1e-9 * (Math.abs(lowest) + Math.abs(highest));

/** A number from `low` to `high`, both included. */
export const within = (low: number, high: number): Check =>
  each((number) => number >= low && number <= high, `a number from ${low} to ${high}`);

/** A whole number from `low` to `high`, both included. */
export const wholeWithin = (low: number, high: number): Check =>
  each(
    (number) => Number.isSafeInteger(number) && number >= low && number <= high,
    `a whole number from ${low} to ${high}`,
  );

/** Numbers from 0 whose sum is `total`. */
export const addingTo =
  (total: number): Check =>
  (numbers) => {
    let sum = 0;
    for (let i = 0; i < numbers.length; i++) sum += numbers[i];
    return (
      notNegative(numbers) ??
      (Math.abs(sum - total) <= rounding * total ? null : `its sum is ${sum}, expected ${total}`)
    );
  };

/** Weights of experts. */
export const shares = addingTo(1);

/** Checks for parts of a block, by the place of one number or by its range `[from, to]` without the end. */
export type Parts = readonly (readonly [place: number | readonly [number, number], check: Check])[];

/** `rest` for every number that no part has a check of its own for. */
export const parts =
  (rest: Check, list: Parts): Check =>
  (numbers) => {
    let from = 0;
    const ranges = list
      .map(([place, check]) => ({ range: typeof place === "number" ? [place, place + 1] : place, check }))
      .sort((one, other) => one.range[0] - other.range[0]);
    for (const { range, check } of [...ranges, { range: [numbers.length, numbers.length], check: rest }]) {
      const fault = faultIn(numbers, from, range[0], rest) ?? faultIn(numbers, range[0], range[1], check);
      if (fault !== null) return fault;
      from = range[1];
    }
    return null;
  };

function faultIn(numbers: Numbers, from: number, to: number, check: Check): string | null {
  const fault = from < to ? check(numbers.subarray(from, to)) : null;
  return fault === null || from === 0 ? fault : `from ${from} on, ${fault}`;
}

/**
 * A covariance or the inverse of one, [size, size]: variances from 0, symmetric, and no covariance larger than its two
 * variances allow. With `triangle`, only the numbers up to the diagonal count; with `inParts`, rows are updated without the
 * others, and covariances may be any. No variance is larger than `most`.
 */
export const covariance =
  (size: number, { triangle = false, inParts = false, most: mostVariance = largest } = {}): Check =>
  (matrix) => {
    for (let row = 0; row < size; row++) {
      const variance = matrix[row * size + row];
      if (!(variance >= 0 && variance < mostVariance)) {
        return `the variance in row ${row} is ${variance}, expected a ${mostVariance < largest ? `number from 0 to ${mostVariance}` : "finite number from 0"}`;
      }
      for (let column = 0; column < row; column++) {
        const lower = matrix[row * size + column];
        const upper = matrix[column * size + row];
        const most = Math.sqrt(variance * matrix[column * size + column]);
        // Loose: rounding adds up over millions of updates, and what was learned must not be refused for that.
        const isSymmetric =
          triangle || Math.abs(lower - upper) <= 1e-4 * Math.max(most, Math.abs(lower)) + 1e-6;
        const isPossible = inParts
          ? Math.abs(lower) < largest
          : Math.abs(lower) <= 1.5 * most + 1e-6 && Number.isFinite(upper);
        if (!isSymmetric) return `it is not symmetric in row ${row}, column ${column}`;
        if (!isPossible) return `row ${row}, column ${column} is ${lower}, larger than its variances allow`;
      }
    }
    return null;
  };

/**
 * Checks the numbers of a stored part.
 * @throws RivuletError where the numbers of a stored part are not valid
 */
export function requireCheck(numbers: Numbers, check: Check, what: string): void {
  const fault = check(numbers);
  if (fault === null) return;
  throw new RivuletError("state.invalid", `the stored ${what} is not valid: ${fault}; restore another state`);
}

/** Checks stored counts. @throws RivuletError where a stored count is not a whole number from 0 */
export function requireCounts(counts: Record<string, unknown>, what: string): void {
  for (const [name, count] of Object.entries(counts)) {
    if (isCount(count)) continue;
    throw new RivuletError(
      "state.invalid",
      `the stored ${what} is not valid: ${name} is ${described(count)}, expected a whole number from 0 to 2^52; restore another state`,
    );
  }
}

/** What a stored value is, in a few words. */
export function described(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 40))}`;
  if (value instanceof Float64Array) return `${value.length} float64 numbers`;
  if (value instanceof Float32Array) return `${value.length} float32 numbers`;
  return Array.isArray(value) ? "a list" : "a map";
}
