/** Twin of ../assembly/matrix.ts. Pointers are element indices into `memory`, strides are in elements. */

const f = Math.fround;

/** Initial value of an element of the result. */
export const Start = { Zero: 0, Row: 1, Result: 2 } as const;

function begin(memory: Float32Array, start: number, c: number, row: number, n: number): void {
  if (start === Start.Zero) memory.fill(0, c, c + n);
  else if (start === Start.Row) memory.copyWithin(c, row, row + n);
}

/**
 * c [m, n] = start + a [m, k] b [k, n], with rows of b and c bRow and cRow apart and a at a + i * aRow + k * aColumn.
 * In blocks of 2 rows by 4 columns, whose eight sums stay in registers.
 */
export function product(
  memory: Float32Array,
  c: number,
  cRow: number,
  a: number,
  aRow: number,
  aColumn: number,
  b: number,
  bRow: number,
  m: number,
  n: number,
  k: number,
  start: number,
  row: number,
): void {
  for (let i = 0; i < m; i++) begin(memory, start, c + i * cRow, row, n);
  const evenRows = m & ~1;
  const wholeColumns = n & ~3;
  for (let j = 0; j < wholeColumns; j += 4) {
    for (let i = 0; i < evenRows; i += 2) {
      block2x4(memory, c + i * cRow + j, cRow, a + i * aRow, aRow, aColumn, b + j, bRow, k);
    }
  }
  for (let i = 0; i < m; i++) {
    const from = i < evenRows ? wholeColumns : 0;
    singles(memory, c + i * cRow + from, a + i * aRow, aColumn, b + from, bRow, n - from, k);
  }
}

function block2x4(
  memory: Float32Array,
  c: number,
  cRow: number,
  a: number,
  aRow: number,
  aColumn: number,
  b: number,
  bRow: number,
  k: number,
): void {
  const d = c + cRow;
  let s00 = memory[c];
  let s01 = memory[c + 1];
  let s02 = memory[c + 2];
  let s03 = memory[c + 3];
  let s10 = memory[d];
  let s11 = memory[d + 1];
  let s12 = memory[d + 2];
  let s13 = memory[d + 3];
  for (let l = 0; l < k; l++, a += aColumn, b += bRow) {
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
  bRow: number,
  count: number,
  k: number,
): void {
  for (let l = 0; l < k; l++, a += aColumn, b += bRow) {
    const x = memory[a];
    // Storing rounds the sum to float32.
    for (let j = 0; j < count; j++) memory[c + j] = memory[c + j] + f(x * memory[b + j]);
  }
}

/**
 * c [m, n] = start + a [m, k] b^T with b [n, k], rows being cRow, aRow and bRow apart: four lanes over k, what is left
 * over in the last ones, then what the sum is added to, as the vector kernel sums. `start` is Zero or Result.
 */
export function productTransposed(
  memory: Float32Array,
  c: number,
  cRow: number,
  a: number,
  aRow: number,
  b: number,
  bRow: number,
  m: number,
  n: number,
  k: number,
  start: number,
): void {
  for (let i = 0; i < m; i++, a += aRow, c += cRow) {
    for (let j = 0; j < n; j++) {
      const sum = dot(memory, a, b + j * bRow, k);
      memory[c + j] = start === Start.Zero ? sum : memory[c + j] + sum;
    }
  }
}

function dot(memory: Float32Array, a: number, b: number, k: number): number {
  const whole = k & ~3;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let l = 0; l < whole; l += 4) {
    s0 = f(s0 + f(memory[a + l] * memory[b + l]));
    s1 = f(s1 + f(memory[a + l + 1] * memory[b + l + 1]));
    s2 = f(s2 + f(memory[a + l + 2] * memory[b + l + 2]));
    s3 = f(s3 + f(memory[a + l + 3] * memory[b + l + 3]));
  }
  const left = k - whole;
  if (left > 2) s1 = f(s1 + f(memory[a + k - 3] * memory[b + k - 3]));
  if (left > 1) s2 = f(s2 + f(memory[a + k - 2] * memory[b + k - 2]));
  if (left > 0) s3 = f(s3 + f(memory[a + k - 1] * memory[b + k - 1]));
  return f(f(s0 + s2) + f(s1 + s3));
}

/** c [n] = start + the sum of the m rows of a [m, n], which are aRow apart. */
export function columnSums(
  memory: Float32Array,
  c: number,
  a: number,
  aRow: number,
  m: number,
  n: number,
  start: number,
): void {
  begin(memory, start, c, 0, n);
  for (let i = 0; i < m; i++, a += aRow) {
    for (let j = 0; j < n; j++) memory[c + j] = memory[c + j] + memory[a + j];
  }
}

/** c [m, n] = start + a^T b for the first `m` of the `inputs` columns of a [k, inputs]; b is [k, n]. */
export function weightGradient(
  memory: Float32Array,
  c: number,
  a: number,
  b: number,
  inputs: number,
  m: number,
  n: number,
  k: number,
  start: number,
): void {
  product(memory, c, n, a, 1, inputs, b, n, m, n, k, start, 0);
}
