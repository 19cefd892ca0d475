import { expect } from "vitest";

/** The array must be what the oracle says, but for float32 rounding. */
export function expectClose(found: ArrayLike<number>, oracle: ArrayLike<number>, at: string): void {
  expect(found.length, at).toBe(oracle.length);
  for (let i = 0; i < oracle.length; i++) {
    if (!(Math.abs(found[i] - oracle[i]) <= 2e-5 * (1 + Math.abs(oracle[i])))) {
      expect.fail(`${at}[${i}] is ${found[i]}, the oracle has ${oracle[i]}`);
    }
  }
}
