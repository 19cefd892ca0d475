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
 * c [m, n] = start + a [m, k] b [k, n]. Rows of b and c are contiguous; an element of a stands at
 * a + i * aRow + k * aColumn (bytes), so that a may be transposed.
 */
export function product(
  c: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  start: Start,
  row: usize,
): void {
  const stride = usize(n) << 2;
  if (m == 1) return vectorProduct(c, a, aColumn, b, n, k, start, row);
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const column = usize(j) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x8(c + column + usize(i) * stride, stride, a + usize(i) * aRow, aRow, aColumn, b + column, k, start, row + column);
    }
    for (; i < m; i++) {
      block1x8(c + column + usize(i) * stride, a + usize(i) * aRow, aColumn, b + column, stride, k, start, row + column);
    }
  }
  if (j + 4 <= n) {
    const column = usize(j) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x4(c + column + usize(i) * stride, stride, a + usize(i) * aRow, aRow, aColumn, b + column, k, start, row + column);
    }
    for (; i < m; i++) {
      block1x4(c + column + usize(i) * stride, a + usize(i) * aRow, aColumn, b + column, stride, k, start, row + column);
    }
    j += 4;
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    for (let i = 0; i < m; i++) {
      block1x1(c + column + usize(i) * stride, a + usize(i) * aRow, aColumn, b + column, stride, k, start, row + column);
    }
  }
}

/** One row of `product`: c [n] = start + a [k] b [k, n]. */
function vectorProduct(
  c: usize,
  a: usize,
  aColumn: usize,
  b: usize,
  n: i32,
  k: i32,
  start: Start,
  row: usize,
): void {
  const stride = usize(n) << 2;
  let j = 0;
  for (; j + 32 <= n; j += 32) {
    const column = usize(j) << 2;
    block1x32(c + column, a, aColumn, b + column, stride, k, start, row + column);
  }
  for (; j + 16 <= n; j += 16) {
    const column = usize(j) << 2;
    block1x16(c + column, a, aColumn, b + column, stride, k, start, row + column);
  }
  for (; j + 4 <= n; j += 4) {
    const column = usize(j) << 2;
    block1x4(c + column, a, aColumn, b + column, stride, k, start, row + column);
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    block1x1(c + column, a, aColumn, b + column, stride, k, start, row + column);
  }
}

/** The heart of every batch: 4 rows by 8 columns, eight sums in registers. */
function block4x8(
  c: usize,
  stride: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  k: i32,
  start: Start,
  row: usize,
): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
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
    b += stride;
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
  stride: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  k: i32,
  start: Start,
  row: usize,
): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  let s0 = start4(start, c, row);
  let s1 = start4(start, c1, row);
  let s2 = start4(start, c2, row);
  let s3 = start4(start, c3, row);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    b += stride;
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

function block1x32(c: usize, a: usize, aColumn: usize, b: usize, stride: usize, k: i32, start: Start, row: usize): void {
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
    b += stride;
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

function block1x16(c: usize, a: usize, aColumn: usize, b: usize, stride: usize, k: i32, start: Start, row: usize): void {
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
    b += stride;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
}

function block1x8(c: usize, a: usize, aColumn: usize, b: usize, stride: usize, k: i32, start: Start, row: usize): void {
  let s0 = start4(start, c, row);
  let s1 = start4(start, c + 16, row + 16);
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    s0 = multiplyAdd(x, v128.load(b), s0);
    s1 = multiplyAdd(x, v128.load(b, 16), s1);
    a += aColumn;
    b += stride;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

function block1x4(c: usize, a: usize, aColumn: usize, b: usize, stride: usize, k: i32, start: Start, row: usize): void {
  let s = start4(start, c, row);
  for (; k > 0; k--) {
    s = multiplyAdd(v128.load32_splat(a), v128.load(b), s);
    a += aColumn;
    b += stride;
  }
  v128.store(c, s);
}

function block1x1(c: usize, a: usize, aColumn: usize, b: usize, stride: usize, k: i32, start: Start, row: usize): void {
  let s = start1(start, c, row);
  for (; k > 0; k--) {
    s += load<f32>(a) * load<f32>(b);
    a += aColumn;
    b += stride;
  }
  store<f32>(c, s);
}

/** c [m, n] = start + a [m] b [n]: the weight gradient of a single sample, without `product`'s loop over k. */
export function outerProduct(c: usize, a: usize, b: usize, m: i32, n: i32, start: Start): void {
  for (; m > 0; m--) {
    const x = v128.load32_splat(a);
    a += 4;
    let y = b;
    let j = n;
    for (; j >= 4; j -= 4) {
      v128.store(c, multiplyAdd(x, v128.load(y), start4(start, c, 0)));
      c += 16;
      y += 16;
    }
    for (; j > 0; j--) {
      store<f32>(c, start1(start, c, 0) + f32x4.extract_lane(x, 0) * load<f32>(y));
      c += 4;
      y += 4;
    }
  }
}

/**
 * c [m, n] = a [m, k] b^T with b [n, k], all rows contiguous. Each sum runs in four lanes over k, the lanes are
 * added as `laneSum` does, then the up to three elements left over.
 */
export function productTransposed(c: usize, a: usize, b: usize, m: i32, n: i32, k: i32): void {
  const stride = usize(k) << 2;
  for (let i = 0; i < m; i++) {
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const r = b + usize(j) * stride;
      dot4(c, a, r, r + stride, r + 2 * stride, r + 3 * stride, k);
      c += 16;
    }
    for (; j < n; j++) {
      store<f32>(c, dot1(a, b + usize(j) * stride, k));
      c += 4;
    }
    a += stride;
  }
}

function dot4(c: usize, a: usize, b0: usize, b1: usize, b2: usize, b3: usize, k: i32): void {
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
    const x = load<f32>(a);
    let y = f32x4.splat(load<f32>(b0));
    y = f32x4.replace_lane(y, 1, load<f32>(b1));
    y = f32x4.replace_lane(y, 2, load<f32>(b2));
    y = f32x4.replace_lane(y, 3, load<f32>(b3));
    s = f32x4.add(s, f32x4.mul(f32x4.splat(x), y));
    a += 4;
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
  v128.store(c, s);
}

function dot1(a: usize, b: usize, k: i32): f32 {
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
  return s;
}

/** c [n] = start + the sum of the m rows of a [m, n]. */
export function columnSums(c: usize, a: usize, m: i32, n: i32, start: Start): void {
  const stride = usize(n) << 2;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    let s = start4(start, c, 0);
    let p = a;
    for (let i = 0; i < m; i++) {
      s = f32x4.add(s, v128.load(p));
      p += stride;
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
      p += stride;
    }
    store<f32>(c, s);
    c += 4;
    a += 4;
  }
}
