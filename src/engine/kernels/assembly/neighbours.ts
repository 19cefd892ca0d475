/** The nearest rows of a ring that lies column after column: vectors run over the rows. */
import { multiplyAdd } from "./arithmetic";

/**
 * distances [rows] = sum over the columns of weights [columnCount] (columns - inputs [columnCount])^2, in their order.
 * `columns` is [columnCount, stride]; stride is a multiple of 4, and up to it distances are written past the last row.
 */
export function weightedDistances(
  distances: usize,
  inputs: usize,
  weights: usize,
  columns: usize,
  stride: i32,
  columnCount: i32,
  rows: i32,
): void {
  const columnBytes = usize(stride) << 2;
  let row = 0;
  for (; row + 16 <= rows; row += 16) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    let at = columns + (usize(row) << 2);
    for (let i = 0; i < columnCount; i++) {
      const x = v128.load32_splat(inputs + (usize(i) << 2));
      const w = v128.load32_splat(weights + (usize(i) << 2));
      const d0 = f32x4.sub(v128.load(at), x);
      const d1 = f32x4.sub(v128.load(at, 16), x);
      const d2 = f32x4.sub(v128.load(at, 32), x);
      const d3 = f32x4.sub(v128.load(at, 48), x);
      s0 = multiplyAdd(f32x4.mul(w, d0), d0, s0);
      s1 = multiplyAdd(f32x4.mul(w, d1), d1, s1);
      s2 = multiplyAdd(f32x4.mul(w, d2), d2, s2);
      s3 = multiplyAdd(f32x4.mul(w, d3), d3, s3);
      at += columnBytes;
    }
    const to = distances + (usize(row) << 2);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; row < rows; row += 4) {
    let s = f32x4.splat(0);
    let at = columns + (usize(row) << 2);
    for (let i = 0; i < columnCount; i++) {
      const d = f32x4.sub(v128.load(at), v128.load32_splat(inputs + (usize(i) << 2)));
      s = multiplyAdd(f32x4.mul(v128.load32_splat(weights + (usize(i) << 2)), d), d, s);
      at += columnBytes;
    }
    v128.store(distances + (usize(row) << 2), s);
  }
}

/**
 * Writes the `wanted` smallest of `distances` [rows], ascending, to `nearest`, and where they stand, as float32, to `places`;
 * of equal ones the first. Returns how many there are.
 */
export function nearestRows(distances: usize, rows: i32, wanted: i32, nearest: usize, places: usize): i32 {
  let found = 0;
  let row = 0;
  for (; row < rows && found < wanted; row++) {
    insert(load<f32>(distances + (usize(row) << 2)), row, found, nearest, places);
    found++;
  }
  if (found == 0) return 0;
  const last = nearest + (usize(found - 1) << 2);
  for (; row < rows && (row & 3) != 0; row++) replaceLast(distances, row, found, nearest, places);
  for (; row + 16 <= rows; row += 16) {
    const at = distances + (usize(row) << 2);
    const d0 = v128.load(at);
    const d1 = v128.load(at, 16);
    const d2 = v128.load(at, 32);
    const d3 = v128.load(at, 48);
    const bound = v128.load32_splat(last);
    const smallest = f32x4.pmin(f32x4.pmin(d0, d1), f32x4.pmin(d2, d3));
    if (!v128.any_true(f32x4.lt(smallest, bound))) continue;
    let nearer = i32x4.bitmask(f32x4.lt(d0, bound)) | (i32x4.bitmask(f32x4.lt(d1, bound)) << 4);
    nearer |= (i32x4.bitmask(f32x4.lt(d2, bound)) << 8) | (i32x4.bitmask(f32x4.lt(d3, bound)) << 12);
    // The bound falls with each row that is taken, so each is compared again.
    for (; nearer != 0; nearer &= nearer - 1) replaceLast(distances, row + ctz(nearer), found, nearest, places);
  }
  for (; row < rows; row++) replaceLast(distances, row, found, nearest, places);
  return found;
}

/** Takes a row in the place of the farthest found, where it is nearer. */
// @ts-ignore: decorator
@inline
function replaceLast(distances: usize, row: i32, found: i32, nearest: usize, places: usize): void {
  const distance = load<f32>(distances + (usize(row) << 2));
  if (distance < load<f32>(nearest + (usize(found - 1) << 2))) insert(distance, row, found - 1, nearest, places);
}

/** Puts a row in its order among the first `count` found. */
function insert(distance: f32, row: i32, count: i32, nearest: usize, places: usize): void {
  let place = usize(count) << 2;
  while (place > 0 && load<f32>(nearest + place - 4) > distance) {
    store<f32>(nearest + place, load<f32>(nearest + place - 4));
    store<f32>(places + place, load<f32>(places + place - 4));
    place -= 4;
  }
  store<f32>(nearest + place, distance);
  store<f32>(places + place, f32(row));
}
