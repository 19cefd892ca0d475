/** Twin of ../assembly/squares.ts. Places are element indices into `floats`, `count` into `doubles`. */

/** Lets running means of squares follow the gradients of `rows` rows. */
export function followSquares(
  floats: Float32Array,
  doubles: Float64Array,
  squares: number,
  count: number,
  gradients: number,
  rows: number,
  inputs: number,
  floor: number,
  largest: number,
): void {
  for (let row = 0, at = gradients; row < rows; row++) {
    doubles[count]++;
    const rate = Math.max(1 / doubles[count], floor);
    for (let i = 0; i < inputs; i++, at++) {
      const gradient = Math.min(Math.max(rows * floats[at], -largest), largest);
      floats[squares + i] += rate * (gradient * gradient - floats[squares + i]);
    }
  }
}
