import { expect } from "vitest";
import type { KernelVariant } from "../../../src/engine/kernels/kernels.ts";
import { runTrial, type Trial } from "./program.ts";

/** Runs the instruction on both: the variant must leave what its scalar twin leaves, in every array and cell. */
export function expectTwin(variant: KernelVariant, trial: Trial, at: string): void {
  // Relaxed SIMD may round a product and a sum once instead of twice.
  const tolerance = variant === "simd" ? 0 : 1e-5;
  const found = runTrial(variant, trial);
  const twin = runTrial("scalar", trial);
  for (const [array, values] of Object.entries(twin.arrays)) {
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs(found.arrays[array][i] - values[i]);
      if (!(difference <= tolerance * (1 + Math.abs(values[i])))) {
        expect.fail(`${array}[${i}] with ${at} is ${found.arrays[array][i]}, the twin has ${values[i]}`);
      }
    }
  }
  for (const [i, cell] of twin.scalars.entries()) {
    expect(Math.abs(found.scalars[i] - cell), at).toBeLessThanOrEqual(tolerance * (1 + Math.abs(cell)));
  }
}

/** The array must be what the oracle says, but for float32 rounding. */
export function expectClose(found: ArrayLike<number>, oracle: ArrayLike<number>, at: string): void {
  expect(found.length, at).toBe(oracle.length);
  for (let i = 0; i < oracle.length; i++) {
    if (!(Math.abs(found[i] - oracle[i]) <= 2e-5 * (1 + Math.abs(oracle[i])))) {
      expect.fail(`${at}[${i}] is ${found[i]}, the oracle has ${oracle[i]}`);
    }
  }
}
