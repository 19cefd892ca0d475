/**
 * Matrix products. Every element of a result is one sum over k in ascending order, so that the blocking below
 * changes the speed and not the bits. Blocks are chosen for sixteen vector registers.
 */
import { laneSum, laneSums, loadFour, multiplyAdd } from "./arithmetic";

/** Initial value of an element of the result. */
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

/** Stores the lanes after the first `done`, 0 to 3. */
// @ts-ignore: decorator
@inline
function storeAfter(done: i32, c: usize, lanes: v128): void {
  if (done == 0) return v128.store(c, lanes);
  if (done == 3) return v128.store_lane<f32>(c, lanes, 3, 12);
  if (done == 1) v128.store_lane<f32>(c, lanes, 1, 4);
  v128.store_lane<f64>(c, lanes, 1, 8);
}

/**
 * c [m, n] = start + a [m, k] b [k, n]. Strides are in bytes: rows of b and c are bRow and cRow apart, an element of a
 * is at a + i * aRow + k * aColumn, so that a may be transposed.
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
  // A panel of 8 columns of b is read again for every 4 rows of a. Its height is limited so that it stays in the cache,
  // even if its rows are a power of two apart and share few sets of the cache. The rest is added in the next round.
  for (let stretches = (k + nearRows - 1) / nearRows; stretches > 0; stretches--) {
    const stretch = (k + stretches - 1) / stretches;
    panels(c, cRow, a, aRow, aColumn, b, bRow, m, n, stretch, start, row);
    k -= stretch;
    a += usize(stretch) * aColumn;
    b += usize(stretch) * bRow;
    start = Start.Result;
  }
}

/** Most rows of b in one round: 96 lines of 64 bytes fill a fifth of a small first-level cache. */
const nearRows = 96;

function panels(
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
  for (; n >= 4 && j < n; j += 4) {
    // The last vector of a row may overlap finished columns: those are computed and not stored.
    const done = max(0, j + 4 - n);
    const column = usize(j - done) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x4(c + column + usize(i) * cRow, cRow, a + usize(i) * aRow, aRow, aColumn, b + column, bRow, k, start, row + column, done);
    }
    for (; i < m; i++) {
      block1x4(c + column + usize(i) * cRow, a + usize(i) * aRow, aColumn, b + column, bRow, k, start, row + column, done);
    }
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      block4x1(c + column + usize(i) * cRow, cRow, a + usize(i) * aRow, aRow, aColumn, b + column, bRow, k, start, row + column);
    }
    for (; i < m; i++) {
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
  for (; n >= 4 && j < n; j += 4) {
    const done = max(0, j + 4 - n);
    const column = usize(j - done) << 2;
    block1x4(c + column, a, aColumn, b + column, bRow, k, start, row + column, done);
  }
  for (; j < n; j++) {
    const column = usize(j) << 2;
    block1x1(c + column, a, aColumn, b + column, bRow, k, start, row + column);
  }
}

/** The innermost block of every batch: 4 rows by 8 columns, eight sums in registers. */
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
  done: i32,
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
  storeAfter(done, c, s0);
  storeAfter(done, c1, s1);
  storeAfter(done, c2, s2);
  storeAfter(done, c3, s3);
}

/** Four rows by one column. */
function block4x1(
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
  let s = f32x4.splat(0);
  if (start == Start.Row) s = v128.load32_splat(row);
  if (start == Start.Result) s = loadFour(c, c1, c2, c3);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; k > 0; k--) {
    s = f32x4.add(s, f32x4.mul(loadFour(a, a1, a2, a3), v128.load32_splat(b)));
    a += aColumn;
    a1 += aColumn;
    a2 += aColumn;
    a3 += aColumn;
    b += bRow;
  }
  v128.store_lane<f32>(c, s, 0);
  v128.store_lane<f32>(c1, s, 1);
  v128.store_lane<f32>(c2, s, 2);
  v128.store_lane<f32>(c3, s, 3);
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

function block1x4(
  c: usize,
  a: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  k: i32,
  start: Start,
  row: usize,
  done: i32,
): void {
  let s = start4(start, c, row);
  for (; k > 0; k--) {
    s = multiplyAdd(v128.load32_splat(a), v128.load(b), s);
    a += aColumn;
    b += bRow;
  }
  storeAfter(done, c, s);
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

/**
 * c [m, n] = start + a [m] b [n]: the weight gradient of a single sample, without `product`'s loop over k. Sixteen
 * numbers of b stay in registers for all rows.
 */
function outerProduct(c: usize, a: usize, b: usize, m: i32, n: i32, start: Start): void {
  const cRow = usize(n) << 2;
  let j = 0;
  for (; j + 16 <= n; j += 16) {
    outer16(c, cRow, a, b, m, start);
    c += 64;
    b += 64;
  }
  for (; j + 4 <= n; j += 4) {
    outer4(c, cRow, a, b, m, start);
    c += 16;
    b += 16;
  }
  for (; j < n; j++) {
    const y = load<f32>(b);
    for (let i = 0; i < m; i++) {
      const at = c + usize(i) * cRow;
      store<f32>(at, start1(start, at, 0) + load<f32>(a + (usize(i) << 2)) * y);
    }
    c += 4;
    b += 4;
  }
}

function outer16(c: usize, cRow: usize, a: usize, b: usize, m: i32, start: Start): void {
  const b0 = v128.load(b);
  const b1 = v128.load(b, 16);
  const b2 = v128.load(b, 32);
  const b3 = v128.load(b, 48);
  const zero = f32x4.splat(0);
  for (; m > 0; m--) {
    const x = v128.load32_splat(a);
    if (start == Start.Zero) {
      v128.store(c, multiplyAdd(x, b0, zero));
      v128.store(c, multiplyAdd(x, b1, zero), 16);
      v128.store(c, multiplyAdd(x, b2, zero), 32);
      v128.store(c, multiplyAdd(x, b3, zero), 48);
    } else {
      v128.store(c, multiplyAdd(x, b0, v128.load(c)));
      v128.store(c, multiplyAdd(x, b1, v128.load(c, 16)), 16);
      v128.store(c, multiplyAdd(x, b2, v128.load(c, 32)), 32);
      v128.store(c, multiplyAdd(x, b3, v128.load(c, 48)), 48);
    }
    a += 4;
    c += cRow;
  }
}

function outer4(c: usize, cRow: usize, a: usize, b: usize, m: i32, start: Start): void {
  const b0 = v128.load(b);
  for (; m > 0; m--) {
    v128.store(c, multiplyAdd(v128.load32_splat(a), b0, start4(start, c, 0)));
    a += 4;
    c += cRow;
  }
}

/**
 * c [m, n] = start + a^T b with a [4, m], whose rows are aRow bytes apart, and b [4, n]: the weight gradient of four samples, as
 * many as replayed networks learn from at once. What is needed of b stays in registers for all rows of c.
 */
function outerProducts(c: usize, a: usize, aRow: usize, b: usize, m: i32, n: i32, start: Start): void {
  const cRow = usize(n) << 2;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const column = usize(j) << 2;
    outer8(c + column, cRow, a, aRow, b + column, m, start);
  }
  for (; j < n; j += 4) {
    const done = max(0, j + 4 - n);
    const column = usize(j - done) << 2;
    outer4After(done, c + column, cRow, a, aRow, b + column, m, start);
  }
}

function outer8(c: usize, cRow: usize, a: usize, aRow: usize, b: usize, m: i32, start: Start): void {
  const b00 = v128.load(b);
  const b01 = v128.load(b, 16);
  const b10 = v128.load(b + cRow);
  const b11 = v128.load(b + cRow, 16);
  const b20 = v128.load(b + 2 * cRow);
  const b21 = v128.load(b + 2 * cRow, 16);
  const b30 = v128.load(b + 3 * cRow);
  const b31 = v128.load(b + 3 * cRow, 16);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; m > 0; m--) {
    let x = v128.load32_splat(a);
    let s0 = multiplyAdd(x, b00, start4(start, c, 0));
    let s1 = multiplyAdd(x, b01, start4(start, c + 16, 0));
    x = v128.load32_splat(a1);
    s0 = multiplyAdd(x, b10, s0);
    s1 = multiplyAdd(x, b11, s1);
    x = v128.load32_splat(a2);
    s0 = multiplyAdd(x, b20, s0);
    s1 = multiplyAdd(x, b21, s1);
    x = v128.load32_splat(a3);
    v128.store(c, multiplyAdd(x, b30, s0));
    v128.store(c, multiplyAdd(x, b31, s1), 16);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    c += cRow;
  }
}

/** Four columns, of which the first `done` are finished. */
function outer4After(done: i32, c: usize, cRow: usize, a: usize, aRow: usize, b: usize, m: i32, start: Start): void {
  const b0 = v128.load(b);
  const b1 = v128.load(b + cRow);
  const b2 = v128.load(b + 2 * cRow);
  const b3 = v128.load(b + 3 * cRow);
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; m > 0; m--) {
    let s = multiplyAdd(v128.load32_splat(a), b0, start4(start, c, 0));
    s = multiplyAdd(v128.load32_splat(a1), b1, s);
    s = multiplyAdd(v128.load32_splat(a2), b2, s);
    storeAfter(done, c, multiplyAdd(v128.load32_splat(a3), b3, s));
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    c += cRow;
  }
}

/**
 * c [m, n] = start + a [m, k] b^T with b [n, k], rows being cRow, aRow and bRow bytes apart; `start` is Zero or
 * Result. Each sum runs in four lanes over k, with up to three remaining elements in the last lanes; the lanes are
 * added as in `laneSum`, and then the start.
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
  if (k == 1 && aRow == 4 && bRow == 4 && cRow == usize(n) << 2) return outerProduct(c, a, b, m, n, start);
  if (k < 4) return shortProductTransposed(c, cRow, a, aRow, b, bRow, m, n, k, start);
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

/**
 * `productTransposed` for k of 1 to 3, which fills no vector: four columns side by side, added up in the same order.
 */
function shortProductTransposed(
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
  const last = usize(k - 1) << 2;
  for (; m > 0; m--) {
    const x = v128.load32_splat(a + last);
    const y = v128.load32_splat(a + (k == 3 ? 4 : 0));
    const z = v128.load32_splat(a);
    for (let left = n, at = c, row = b; left > 0; left -= 4) {
      // Columns past the last repeat the last one, and are not stored.
      const row1 = row + usize(min(1, left - 1)) * bRow;
      const row2 = row + usize(min(2, left - 1)) * bRow;
      const row3 = row + usize(min(3, left - 1)) * bRow;
      let sum = f32x4.mul(x, loadFour(row + last, row1 + last, row2 + last, row3 + last));
      if (k == 3) {
        sum = f32x4.add(f32x4.mul(z, loadFour(row, row1, row2, row3)), sum);
        sum = f32x4.add(f32x4.mul(y, loadFour(row + 4, row1 + 4, row2 + 4, row3 + 4)), sum);
      } else if (k == 2) sum = f32x4.add(f32x4.mul(z, loadFour(row, row1, row2, row3)), sum);
      if (left >= 4) store4(start, at, sum);
      else {
        for (let i = 0; i < left; i++, at += 4) {
          const single = f32x4.extract_lane(sum, 0);
          store<f32>(at, start == Start.Zero ? single : load<f32>(at) + single);
          sum = v128.shuffle<f32>(sum, sum, 1, 2, 3, 0);
        }
      }
      at += 16;
      row += 4 * bRow;
    }
    a += aRow;
    c += cRow;
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
    if (j < n && j > 0 && start == Start.Zero) {
      // The last four columns again, some of which are finished: they get the same sums.
      j = n - 4;
      dot2x4(c + (usize(j) << 2), cRow, a, aRow, b + usize(j) * bRow, bRow, k, start);
      j = n;
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

/** The last `count` of four lanes, 1 to 3. */
// @ts-ignore: decorator
@inline
function lastLanes(count: i32): v128 {
  return i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(4 - count));
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
  if (k > 0) {
    const back = usize(4 - k) << 2;
    const last = lastLanes(k);
    const x0 = v128.and(v128.load(a - back), last);
    const x1 = v128.and(v128.load(a1 - back), last);
    let y = v128.load(b0 - back);
    s00 = multiplyAdd(x0, y, s00);
    s10 = multiplyAdd(x1, y, s10);
    y = v128.load(b1 - back);
    s01 = multiplyAdd(x0, y, s01);
    s11 = multiplyAdd(x1, y, s11);
    y = v128.load(b2 - back);
    s02 = multiplyAdd(x0, y, s02);
    s12 = multiplyAdd(x1, y, s12);
    y = v128.load(b3 - back);
    s03 = multiplyAdd(x0, y, s03);
    s13 = multiplyAdd(x1, y, s13);
  }
  store4(start, c, laneSums(s00, s01, s02, s03));
  store4(start, c + cRow, laneSums(s10, s11, s12, s13));
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
  if (k > 0) {
    const back = usize(4 - k) << 2;
    const x = v128.and(v128.load(a - back), lastLanes(k));
    s0 = multiplyAdd(x, v128.load(b0 - back), s0);
    s1 = multiplyAdd(x, v128.load(b1 - back), s1);
    s2 = multiplyAdd(x, v128.load(b2 - back), s2);
    s3 = multiplyAdd(x, v128.load(b3 - back), s3);
    s4 = multiplyAdd(x, v128.load(b4 - back), s4);
    s5 = multiplyAdd(x, v128.load(b5 - back), s5);
    s6 = multiplyAdd(x, v128.load(b6 - back), s6);
    s7 = multiplyAdd(x, v128.load(b7 - back), s7);
  }
  store4(start, c, laneSums(s0, s1, s2, s3));
  store4(start, c + 16, laneSums(s4, s5, s6, s7));
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
  if (k > 0) {
    const back = usize(4 - k) << 2;
    const x = v128.and(v128.load(a - back), lastLanes(k));
    s0 = multiplyAdd(x, v128.load(b0 - back), s0);
    s1 = multiplyAdd(x, v128.load(b1 - back), s1);
    s2 = multiplyAdd(x, v128.load(b2 - back), s2);
    s3 = multiplyAdd(x, v128.load(b3 - back), s3);
  }
  store4(start, c, laneSums(s0, s1, s2, s3));
}

function dot1x1(c: usize, a: usize, b: usize, k: i32, start: Start): void {
  let lanes = f32x4.splat(0);
  for (; k >= 4; k -= 4) {
    lanes = multiplyAdd(v128.load(a), v128.load(b), lanes);
    a += 16;
    b += 16;
  }
  if (k > 0) {
    const back = usize(4 - k) << 2;
    lanes = multiplyAdd(v128.and(v128.load(a - back), lastLanes(k)), v128.load(b - back), lanes);
  }
  const s = laneSum(lanes);
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

/** c [m, n] = start + a^T b for the first `m` of the `inputs` columns of a [k, inputs]; b is [k, n]. */
export function weightGradient(c: usize, a: usize, b: usize, inputs: i32, m: i32, n: i32, k: i32, start: Start): void {
  if (k == 1) outerProduct(c, a, b, m, n, start);
  else if (k == 4 && n >= 4) outerProducts(c, a, usize(inputs) << 2, b, m, n, start);
  else product(c, usize(n) << 2, a, 4, usize(inputs) << 2, b, usize(n) << 2, m, n, k, start, 0);
}
