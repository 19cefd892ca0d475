/** Twin of ../assembly/matrix.ts. Pointers are element indices into `memory`, strides are in elements. */

const f = Math.fround;

/** What an element of the result starts from. */
export const Start = { Zero: 0, Row: 1, Result: 2 } as const;

function begin(memory: Float32Array, start: number, c: number, row: number, n: number): void {
  if (start === Start.Zero) memory.fill(0, c, c + n);
  else if (start === Start.Row) memory.copyWithin(c, row, row + n);
}

/**
 * c [m, n] = start + a [m, k] b [k, n], with a at a + i * aRow + k * aColumn. In blocks of 2 rows by 4 columns,
 * whose eight sums stay in registers.
 */
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
  for (let i = 0; i < m; i++) begin(memory, start, c + i * n, row, n);
  const evenRows = m & ~1;
  const wholeColumns = n & ~3;
  for (let j = 0; j < wholeColumns; j += 4) {
    for (let i = 0; i < evenRows; i += 2) {
      block2x4(memory, c + i * n + j, n, a + i * aRow, aRow, aColumn, b + j, k);
    }
  }
  for (let i = 0; i < m; i++) {
    const from = i < evenRows ? wholeColumns : 0;
    singles(memory, c + i * n + from, a + i * aRow, aColumn, b + from, n, n - from, k);
  }
}

function block2x4(
  memory: Float32Array,
  c: number,
  n: number,
  a: number,
  aRow: number,
  aColumn: number,
  b: number,
  k: number,
): void {
  const d = c + n;
  let s00 = memory[c];
  let s01 = memory[c + 1];
  let s02 = memory[c + 2];
  let s03 = memory[c + 3];
  let s10 = memory[d];
  let s11 = memory[d + 1];
  let s12 = memory[d + 2];
  let s13 = memory[d + 3];
  for (let l = 0; l < k; l++, a += aColumn, b += n) {
    const x = memory[a];
    const y = memory[a + aRow];
    const b0 = memory[b];
    const b1 = memory[b + 1];
    const b2 = memory[b + 2];
    const b3 = memory[b + 3];
    s00 = f(s00 + f(x * b0));
    s01 = f(s01 + f(x * b1));
    s02 = f(s02 + f(x * b2));
    s03 = f(s03 + f(x * b3));
    s10 = f(s10 + f(y * b0));
    s11 = f(s11 + f(y * b1));
    s12 = f(s12 + f(y * b2));
    s13 = f(s13 + f(y * b3));
  }
  memory[c] = s00;
  memory[c + 1] = s01;
  memory[c + 2] = s02;
  memory[c + 3] = s03;
  memory[d] = s10;
  memory[d + 1] = s11;
  memory[d + 2] = s12;
  memory[d + 3] = s13;
}

/** `count` elements of one row of the result, one row of b after the other. */
function singles(
  memory: Float32Array,
  c: number,
  a: number,
  aColumn: number,
  b: number,
  n: number,
  count: number,
  k: number,
): void {
  for (let l = 0; l < k; l++, a += aColumn, b += n) {
    const x = memory[a];
    // Storing rounds the sum to float32.
    for (let j = 0; j < count; j++) memory[c + j] = memory[c + j] + f(x * memory[b + j]);
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
