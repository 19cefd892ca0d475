/** What came of a trace: null when it passed, a sentence when it failed, or why it was not run. */
export type Outcome = string | null | { skipped: string };

/** A parsed trace; its format is documented beside the traces. */
// biome-ignore lint/suspicious/noExplicitAny: the keys differ from format to format
export type Trace = any;

/** Runs one parsed trace. */
export type Runner = (trace: Trace, context: { dataDirectory: string }) => Outcome;

/**
 * The first place where found and expected numbers differ by more than the tolerance, as a sentence, else null.
 * The measure is that of the traces: |found - expected| <= tolerance * (floor + |expected|).
 */
export function compareNumbers(
  what: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  floor = 1e-3,
): string | null {
  if (found.length !== expected.length) {
    return `${what} has ${found.length} numbers, expected ${expected.length}`;
  }
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i] - expected[i]) <= tolerance * (floor + Math.abs(expected[i])))) {
      return `${what}[${i}] is ${found[i]}, expected ${expected[i]} within ${tolerance}`;
    }
  }
  return null;
}
