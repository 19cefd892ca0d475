/** Twin of ../assembly/sums.ts. Pointers are element indices into `memory`. */

export function sum(memory: Float32Array, at: number, count: number): number {
  const end = at + count;
  const whole = at + (count & ~3);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (; at < whole; at += 4) {
    s0 += memory[at];
    s1 += memory[at + 1];
    s2 += memory[at + 2];
    s3 += memory[at + 3];
  }
  let total = s0 + s2 + (s1 + s3);
  for (; at < end; at++) total += memory[at];
  return total;
}

/** Sum of (x - mean)^2. */
export function squaredDeviations(memory: Float32Array, at: number, count: number, mean: number): number {
  const end = at + count;
  const whole = at + (count & ~3);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (; at < whole; at += 4) {
    const d0 = memory[at] - mean;
    const d1 = memory[at + 1] - mean;
    const d2 = memory[at + 2] - mean;
    const d3 = memory[at + 3] - mean;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  let total = s0 + s2 + (s1 + s3);
  for (; at < end; at++) {
    const deviation = memory[at] - mean;
    total += deviation * deviation;
  }
  return total;
}
