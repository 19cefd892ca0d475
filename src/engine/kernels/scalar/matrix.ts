/** Twin of ../assembly/matrix.ts. Pointers are element indices into `memory`, strides are in elements. */

const f = Math.fround;

/** What an element of the result starts from. */
export const Start = { Zero: 0, Row: 1, Result: 2 } as const;

function begin(memory: Float32Array, start: number, c: number, row: number, n: number): void {
  if (start === Start.Zero) memory.fill(0, c, c + n);
  else if (start === Start.Row) memory.copyWithin(c, row, row + n);
}

/** c [m, n] = start + a [m, k] b [k, n], with a at a + i * aRow + k * aColumn. */
export function product(
  memory: Float32Array,
  c: number,
  a: number,
  aRow: number,
  aColumn: number,
  b: number,
  m: number,
  n: number,
  k: number,
  start: number,
  row: number,
): void {
  for (let i = 0; i < m; i++, c += n, a += aRow) {
    begin(memory, start, c, row, n);
    for (let l = 0; l < k; l++) {
      const x = memory[a + l * aColumn];
      const from = b + l * n;
      // Storing rounds the sum to float32.
      for (let j = 0; j < n; j++) memory[c + j] = memory[c + j] + f(x * memory[from + j]);
    }
  }
}

/** c [m, n] = a [m, k] b^T with b [n, k]: four lanes over k, then the rest, as the vector kernel sums. */
export function productTransposed(
  memory: Float32Array,
  c: number,
  a: number,
  b: number,
  m: number,
  n: number,
  k: number,
): void {
  const whole = k & ~3;
  for (let i = 0; i < m; i++, a += k) {
    for (let j = 0; j < n; j++) {
      const r = b + j * k;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let l = 0; l < whole; l += 4) {
        s0 = f(s0 + f(memory[a + l] * memory[r + l]));
        s1 = f(s1 + f(memory[a + l + 1] * memory[r + l + 1]));
        s2 = f(s2 + f(memory[a + l + 2] * memory[r + l + 2]));
        s3 = f(s3 + f(memory[a + l + 3] * memory[r + l + 3]));
      }
      let s = f(f(s0 + s2) + f(s1 + s3));
      for (let l = whole; l < k; l++) s = f(s + f(memory[a + l] * memory[r + l]));
      memory[c++] = s;
    }
  }
}

/** c [n] = start + the sum of the m rows of a [m, n]. */
export function columnSums(
  memory: Float32Array,
  c: number,
  a: number,
  m: number,
  n: number,
  start: number,
): void {
  begin(memory, start, c, 0, n);
  for (let i = 0; i < m; i++, a += n) {
    for (let j = 0; j < n; j++) memory[c + j] = memory[c + j] + memory[a + j];
  }
}
