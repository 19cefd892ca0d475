/** Twin of ../assembly/logarithms.ts. */
import { logarithm } from "./arithmetic.ts";

/** Writes the natural logarithms of `count` numbers. */
export function logarithms(doubles: Float64Array, results: number, numbers: number, count: number): void {
  for (let i = 0; i < count; i++) doubles[results + i] = logarithm(doubles[numbers + i]);
}
