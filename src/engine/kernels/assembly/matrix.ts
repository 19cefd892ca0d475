/**
 * Matrix products. Every element of a result is one sum over k in ascending order, so that the blocking below
 * changes the speed and not the bits. Blocks are chosen for sixteen vector registers.
 */
import { laneSum, laneSums, multiplyAdd } from "./arithmetic";

/** What an element of the result starts from. */
export const enum Start {
  Zero,
  /** A row of n numbers, the same for every row of the result. */
  Row,
  /** What the result already holds. */
  Result,
}

// @ts-ignore: decorator
@inline
function start4(kind: Start, c: usize, row: usize): v128 {
  if (kind == Start.Zero) return f32x4.splat(0);
  return v128.load(kind == Start.Row ? row : c);
}

// @ts-ignore: decorator
@inline
function start1(kind: Start, c: usize, row: usize): f32 {
  if (kind == Start.Zero) return 0;
  return load<f32>(kind == Start.Row ? row : c);
}

/**
 * c [m, n] = start + a [m, k] b [k, n]. Strides are in bytes: rows of b and c are bRow and cRow apart, an
 * element of a stands at a + i * aRow + k * aColumn, so that a may be transposed.
 */
export function product(
  c: usize,
  cRow: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  m: i32,
  n: i32,
  k: i32,
  start: Start,
  row: usize,
): void {
  if (m == 1) return vectorProduct(c, a, aColumn, b, bRow, n, k, start, row);
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const column = usize(j) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x8(c + column + usize(i) * cRow, cRow, a + usize(i) * aRow, aRow, aColumn, b + column, bRow, k, start, row + column);
    }
    for (; i < m; i++) {
      block1x8(c + column + usize(i) * cRow, a + usize(i) * aRow, aColumn, b + column, bRow, k, start, row + column);
    }
  }
  if (j + 4 <= n) {
    const column = usize(j) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x4(c + column + usize(i) * cRow, cRow, a + usize(i) * aRow, aRow, aColumn, b + column, bRow, k, start, row + column);
    }
    for (; i < m; i++) {
      block1x4(c + column + usize(i) * cRow, a + usize(i) * aRow, aColumn, b + column, bRow, k, start, row + column);
    }
    j += 4;
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    for (let i = 0; i < m; i++) {
      block1x1(c + column + usize(i) * cRow, a + usize(i) * aRow, aColumn, b + column, bRow, k, start, row + column);
    }
  }
}

/** One row of `product`: c [n] = start + a [k] b [k, n]. */
function vectorProduct(
  c: usize,
  a: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  n: i32,
  k: i32,
  start: Start,
  row: usize,
): void {
  let j = 0;
  for (; j + 32 <= n; j += 32) {
    const column = usize(j) << 2;
    block1x32(c + column, a, aColumn, b + column, bRow, k, start, row + column);
  }
  for (; j + 16 <= n; j += 16) {
    const column = usize(j) << 2;
    block1x16(c + column, a, aColumn, b + column, bRow, k, start, row + column);
  }
  for (; j + 4 <= n; j += 4) {
    const column = usize(j) << 2;
    block1x4(c + column, a, aColumn, b + column, bRow, k, start, row + column);
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    block1x1(c + column, a, aColumn, b + column, bRow, k, start, row + column);
  }
}

/** The heart of every batch: 4 rows by 8 columns, eight sums in registers. */
function block4x8(
  c: usize,
  cRow: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  k: i32,
  start: Start,
  row: usize,
): void {
  const c1 = c + cRow;
  const c2 = c1 + cRow;
  const c3 = c2 + cRow;
  let s00 = start4(start, c, row);
  let s01 = start4(start, c + 16, row + 16);
  let s10 = start4(start, c1, row);
  let s11 = start4(start, c1 + 16, row + 16);
  let s20 = start4(start, c2, row);
  let s21 = start4(start, c2 + 16, row + 16);
  let s30 = start4(start, c3, row);
  let s31 = start4(start, c3 + 16, row + 16);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += bRow;
    let x = v128.load32_splat(a);
    s00 = multiplyAdd(x, b0, s00);
    s01 = multiplyAdd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = multiplyAdd(x, b0, s10);
    s11 = multiplyAdd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = multiplyAdd(x, b0, s20);
    s21 = multiplyAdd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = multiplyAdd(x, b0, s30);
    s31 = multiplyAdd(x, b1, s31);
    a += aColumn;
    a1 += aColumn;
    a2 += aColumn;
    a3 += aColumn;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

function block4x4(
  c: usize,
  cRow: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  k: i32,
  start: Start,
  row: usize,
): void {
  const c1 = c + cRow;
  const c2 = c1 + cRow;
  const c3 = c2 + cRow;
  let s0 = start4(start, c, row);
  let s1 = start4(start, c1, row);
  let s2 = start4(start, c2, row);
  let s3 = start4(start, c3, row);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    b += bRow;
    s0 = multiplyAdd(v128.load32_splat(a), b0, s0);
    s1 = multiplyAdd(v128.load32_splat(a1), b0, s1);
    s2 = multiplyAdd(v128.load32_splat(a2), b0, s2);
    s3 = multiplyAdd(v128.load32_splat(a3), b0, s3);
    a += aColumn;
    a1 += aColumn;
    a2 += aColumn;
    a3 += aColumn;
  }
  v128.store(c, s0);
  v128.store(c1, s1);
  v128.store(c2, s2);
  v128.store(c3, s3);
}

function block1x32(c: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: i32, start: Start, row: usize): void {
  let s0 = start4(start, c, row);
  let s1 = start4(start, c + 16, row + 16);
  let s2 = start4(start, c + 32, row + 32);
  let s3 = start4(start, c + 48, row + 48);
  let s4 = start4(start, c + 64, row + 64);
  let s5 = start4(start, c + 80, row + 80);
  let s6 = start4(start, c + 96, row + 96);
  let s7 = start4(start, c + 112, row + 112);
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    s2 = multiplyAdd(x, v128.load(b, 32), s2);
    s3 = multiplyAdd(x, v128.load(b, 48), s3);
    s4 = multiplyAdd(x, v128.load(b, 64), s4);
    s5 = multiplyAdd(x, v128.load(b, 80), s5);
    s6 = multiplyAdd(x, v128.load(b, 96), s6);
    s7 = multiplyAdd(x, v128.load(b, 112), s7);
    a += aColumn;
    b += bRow;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
  v128.store(c, s4, 64);
  v128.store(c, s5, 80);
  v128.store(c, s6, 96);
  v128.store(c, s7, 112);
}

function block1x16(c: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: i32, start: Start, row: usize): void {
  let s0 = start4(start, c, row);
  let s1 = start4(start, c + 16, row + 16);
  let s2 = start4(start, c + 32, row + 32);
  let s3 = start4(start, c + 48, row + 48);
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    s2 = multiplyAdd(x, v128.load(b, 32), s2);
    s3 = multiplyAdd(x, v128.load(b, 48), s3);
    a += aColumn;
    b += bRow;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
}

function block1x8(c: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: i32, start: Start, row: usize): void {
  let s0 = start4(start, c, row);
  let s1 = start4(start, c + 16, row + 16);
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    a += aColumn;
    b += bRow;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

function block1x4(c: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: i32, start: Start, row: usize): void {
  let s = start4(start, c, row);
  for (; k > 0; k--) {
    s = multiplyAdd(v128.load32_splat(a), v128.load(b), s);
    a += aColumn;
    b += bRow;
  }
  v128.store(c, s);
}

function block1x1(c: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: i32, start: Start, row: usize): void {
  let s = start1(start, c, row);
  for (; k > 0; k--) {
    s += load<f32>(a) * load<f32>(b);
    a += aColumn;
    b += bRow;
  }
  store<f32>(c, s);
}

/** c [m, n] = start + a [m] b [n]: the weight gradient of a single sample, without `product`'s loop over k. */
export function outerProduct(c: usize, a: usize, b: usize, m: i32, n: i32, start: Start): void {
  for (; m > 0; m--) {
    if (start == Start.Zero) scaledRow(c, a, b, n);
    else addScaledRow(c, a, b, n);
    a += 4;
    c += usize(n) << 2;
  }
}

/** c [n] = 0 + a b [n] */
function scaledRow(c: usize, a: usize, b: usize, n: i32): void {
  const x = v128.load32_splat(a);
  const zero = f32x4.splat(0);
  for (; n >= 4; n -= 4) {
    v128.store(c, multiplyAdd(x, v128.load(b), zero));
    c += 16;
    b += 16;
  }
  for (; n > 0; n--) {
    store<f32>(c, <f32>0 + load<f32>(a) * load<f32>(b));
    c += 4;
    b += 4;
  }
}

/** c [n] += a b [n] */
function addScaledRow(c: usize, a: usize, b: usize, n: i32): void {
  const x = v128.load32_splat(a);
  for (; n >= 4; n -= 4) {
    v128.store(c, multiplyAdd(x, v128.load(b), v128.load(c)));
    c += 16;
    b += 16;
  }
  for (; n > 0; n--) {
    store<f32>(c, load<f32>(c) + load<f32>(a) * load<f32>(b));
    c += 4;
    b += 4;
  }
}

/**
 * c [m, n] = start + a [m, k] b^T with b [n, k], rows being cRow, aRow and bRow bytes apart; `start` is Zero or
 * Result. Each sum runs in four lanes over k, the lanes are added as `laneSum` does, then the up to three elements
 * left over, last what the sum is added to.
 */
export function productTransposed(
  c: usize,
  cRow: usize,
  a: usize,
  aRow: usize,
  b: usize,
  bRow: usize,
  m: i32,
  n: i32,
  k: i32,
  start: Start,
): void {
  const paired = m & ~1;
  if (paired) {
    pairsOfRows(c, cRow, a, aRow, b, bRow, paired, n, k, start);
    c += usize(paired) * cRow;
    a += usize(paired) * aRow;
  }
  if (paired == m) return;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    dot1x8(c, a, b + usize(j) * bRow, bRow, k, start);
    c += 32;
  }
  for (; j + 4 <= n; j += 4) {
    const r = b + usize(j) * bRow;
    dot1x4(c, a, r, r + bRow, r + 2 * bRow, r + 3 * bRow, k, start);
    c += 16;
  }
  for (; j < n; j++) {
    dot1x1(c, a, b + usize(j) * bRow, k, start);
    c += 4;
  }
}

function pairsOfRows(
  c: usize,
  cRow: usize,
  a: usize,
  aRow: usize,
  b: usize,
  bRow: usize,
  m: i32,
  n: i32,
  k: i32,
  start: Start,
): void {
  for (; m > 0; m -= 2) {
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      dot2x4(c + (usize(j) << 2), cRow, a, aRow, b + usize(j) * bRow, bRow, k, start);
    }
    for (; j < n; j++) {
      const at = c + (usize(j) << 2);
      dot1x1(at, a, b + usize(j) * bRow, k, start);
      dot1x1(at + cRow, a + aRow, b + usize(j) * bRow, k, start);
    }
    a += 2 * aRow;
    c += 2 * cRow;
  }
}

/** One number of each of four rows of b. */
// @ts-ignore: decorator
@inline
function loadColumn(b0: usize, b1: usize, b2: usize, b3: usize): v128 {
  let y = v128.load32_zero(b0);
  y = f32x4.replace_lane(y, 1, load<f32>(b1));
  y = f32x4.replace_lane(y, 2, load<f32>(b2));
  return f32x4.replace_lane(y, 3, load<f32>(b3));
}

// @ts-ignore: decorator
@inline
function store4(kind: Start, c: usize, sum: v128): void {
  v128.store(c, kind == Start.Zero ? sum : f32x4.add(v128.load(c), sum));
}

function dot2x4(c: usize, cRow: usize, a: usize, aRow: usize, b0: usize, bRow: usize, k: i32, start: Start): void {
  let a1 = a + aRow;
  let b1 = b0 + bRow;
  let b2 = b1 + bRow;
  let b3 = b2 + bRow;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s02 = s00;
  let s03 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  let s13 = s00;
  for (; k >= 4; k -= 4) {
    const x0 = v128.load(a);
    const x1 = v128.load(a1);
    let y = v128.load(b0);
    s00 = multiplyAdd(x0, y, s00);
    s10 = multiplyAdd(x1, y, s10);
    y = v128.load(b1);
    s01 = multiplyAdd(x0, y, s01);
    s11 = multiplyAdd(x1, y, s11);
    y = v128.load(b2);
    s02 = multiplyAdd(x0, y, s02);
    s12 = multiplyAdd(x1, y, s12);
    y = v128.load(b3);
    s03 = multiplyAdd(x0, y, s03);
    s13 = multiplyAdd(x1, y, s13);
    a += 16;
    a1 += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  let s0 = laneSums(s00, s01, s02, s03);
  let s1 = laneSums(s10, s11, s12, s13);
  for (; k > 0; k--) {
    const y = loadColumn(b0, b1, b2, b3);
    s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(a), y));
    s1 = f32x4.add(s1, f32x4.mul(v128.load32_splat(a1), y));
    a += 4;
    a1 += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
  store4(start, c, s0);
  store4(start, c + cRow, s1);
}

function dot1x8(c: usize, a: usize, b0: usize, bRow: usize, k: i32, start: Start): void {
  let b1 = b0 + bRow;
  let b2 = b1 + bRow;
  let b3 = b2 + bRow;
  let b4 = b3 + bRow;
  let b5 = b4 + bRow;
  let b6 = b5 + bRow;
  let b7 = b6 + bRow;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (; k >= 4; k -= 4) {
    const x = v128.load(a);
    s0 = multiplyAdd(x, v128.load(b0), s0);
    s1 = multiplyAdd(x, v128.load(b1), s1);
    s2 = multiplyAdd(x, v128.load(b2), s2);
    s3 = multiplyAdd(x, v128.load(b3), s3);
    s4 = multiplyAdd(x, v128.load(b4), s4);
    s5 = multiplyAdd(x, v128.load(b5), s5);
    s6 = multiplyAdd(x, v128.load(b6), s6);
    s7 = multiplyAdd(x, v128.load(b7), s7);
    a += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
    b4 += 16;
    b5 += 16;
    b6 += 16;
    b7 += 16;
  }
  let low = laneSums(s0, s1, s2, s3);
  let high = laneSums(s4, s5, s6, s7);
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    low = f32x4.add(low, f32x4.mul(x, loadColumn(b0, b1, b2, b3)));
    high = f32x4.add(high, f32x4.mul(x, loadColumn(b4, b5, b6, b7)));
    a += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
    b4 += 4;
    b5 += 4;
    b6 += 4;
    b7 += 4;
  }
  store4(start, c, low);
  store4(start, c + 16, high);
}

function dot1x4(c: usize, a: usize, b0: usize, b1: usize, b2: usize, b3: usize, k: i32, start: Start): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; k >= 4; k -= 4) {
    const x = v128.load(a);
    s0 = multiplyAdd(x, v128.load(b0), s0);
    s1 = multiplyAdd(x, v128.load(b1), s1);
    s2 = multiplyAdd(x, v128.load(b2), s2);
    s3 = multiplyAdd(x, v128.load(b3), s3);
    a += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  let s = laneSums(s0, s1, s2, s3);
  for (; k > 0; k--) {
    s = f32x4.add(s, f32x4.mul(v128.load32_splat(a), loadColumn(b0, b1, b2, b3)));
    a += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
  store4(start, c, s);
}

function dot1x1(c: usize, a: usize, b: usize, k: i32, start: Start): void {
  let lanes = f32x4.splat(0);
  for (; k >= 4; k -= 4) {
    lanes = multiplyAdd(v128.load(a), v128.load(b), lanes);
    a += 16;
    b += 16;
  }
  let s = laneSum(lanes);
  for (; k > 0; k--) {
    s += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  store<f32>(c, start == Start.Zero ? s : load<f32>(c) + s);
}

/** c [n] = start + the sum of the m rows of a [m, n], which are aRow bytes apart. */
export function columnSums(c: usize, a: usize, aRow: usize, m: i32, n: i32, start: Start): void {
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    let s = start4(start, c, 0);
    let p = a;
    for (let i = 0; i < m; i++) {
      s = f32x4.add(s, v128.load(p));
      p += aRow;
    }
    v128.store(c, s);
    c += 16;
    a += 16;
  }
  for (; j < n; j++) {
    let s = start1(start, c, 0);
    let p = a;
    for (let i = 0; i < m; i++) {
      s += load<f32>(p);
      p += aRow;
    }
    store<f32>(c, s);
    c += 4;
    a += 4;
  }
}
