/** Logarithms of many numbers. Places are of float64. */
import { logarithm, logarithmOfPair } from "./arithmetic";

/** results [count] = natural logarithms of numbers [count]; both may be the same place. */
export function logarithms(results: usize, numbers: usize, count: i32): void {
  for (; count >= 2; count -= 2) {
    v128.store(results, logarithmOfPair(v128.load(numbers)));
    results += 16;
    numbers += 16;
  }
  if (count == 1) store<f64>(results, logarithm(load<f64>(numbers)));
}
