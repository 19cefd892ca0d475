/** Recursive least squares in float64. Places are of float64; the matrix is row-major. */
import { readDouble, writeDouble } from "./memory";

/**
 * One row of recursive least squares: gain = P row, weights += gain clip(target - weights.row, largestError) / s,
 * P = (P - gain gain' / s) f, with s = forgetting + row.gain and f = 1 / forgetting, or as much of it as keeps the trace of P
 * within `size`. Of P only the triangle up to the diagonal is read and written: both halves computed apart drift
 * apart. Diagonal elements stay above `smallest`.
 */
export function leastSquaresUpdate(
  weights: usize,
  p: usize,
  gain: usize,
  row: usize,
  size: i32,
  target: f64,
  forgetting: f64,
  largestError: f64,
  smallest: f64,
): void {
  let predicted: f64 = 0;
  for (let i = 0; i < size; i++) {
    predicted += readDouble(weights, i) * readDouble(row, i);
    writeDouble(gain, i, 0);
  }
  for (let i = 0; i < size; i++) {
    const x = readDouble(row, i);
    const line = i * size;
    let sum = readDouble(p, line + i) * x;
    for (let j = 0; j < i; j++) {
      const entry = readDouble(p, line + j);
      sum += entry * readDouble(row, j);
      writeDouble(gain, j, readDouble(gain, j) + entry * x);
    }
    writeDouble(gain, i, readDouble(gain, i) + sum);
  }
  let spread = forgetting;
  for (let i = 0; i < size; i++) spread += readDouble(gain, i) * readDouble(row, i);
  const step = min(max(target - predicted, -largestError), largestError) / spread;
  let trace: f64 = 0;
  for (let i = 0; i < size; i++) {
    const g = readDouble(gain, i);
    writeDouble(weights, i, readDouble(weights, i) + step * g);
    trace += max(readDouble(p, i * size + i) - (g / spread) * g, smallest);
  }
  const inflation = min(1.0 / forgetting, max(1.0, f64(size) / trace));
  for (let i = 0; i < size; i++) {
    const scaled = readDouble(gain, i) / spread;
    const line = i * size;
    for (let j = 0; j < i; j++) {
      writeDouble(p, line + j, (readDouble(p, line + j) - scaled * readDouble(gain, j)) * inflation);
    }
    const variance = max(readDouble(p, line + i) - scaled * readDouble(gain, i), smallest);
    writeDouble(p, line + i, variance * inflation);
  }
}
