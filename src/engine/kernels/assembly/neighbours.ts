/** The nearest rows of a ring that lies column after column: vectors run over the rows. */
import { multiplyAdd } from "./arithmetic";

/**
 * Finds the `wanted` rows from `start` to `end` with the smallest sums over the columns of
 * weights [columnCount] (columns - inputs [columnCount])^2, in their order, among them those that earlier calls `found` in other
 * rows. Writes the sums, ascending, to `nearest`, and where they stand, as float32, to `places`; of equal ones the first found. Both
 * hold whole vectors, `scratch` 16 numbers, and `columns` is [columnCount, stride]. All sums must be finite: one that is not may
 * hide the 15 rows beside it. Returns how many there are.
 */
export function nearestRows(
  inputs: usize,
  weights: usize,
  columns: usize,
  stride: i32,
  columnCount: i32,
  start: i32,
  end: i32,
  found: i32,
  wanted: i32,
  nearest: usize,
  places: usize,
  scratch: usize,
): i32 {
  if (wanted == 0) return 0;
  const bytes = (usize(wanted + 3) >> 2) << 4;
  for (let at: usize = 0; found == 0 && at < bytes; at += 16) {
    v128.store(nearest + at, f32x4.splat(f32.MAX_VALUE));
    v128.store(places + at, f32x4.splat(0));
  }
  const columnBytes = usize(stride) << 2;
  const last = nearest + (usize(wanted - 1) << 2);
  let row = start;
  for (; row + 16 <= end; row += 16) {
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
    const bound = v128.load32_splat(last);
    const smallest = f32x4.pmin(f32x4.pmin(s0, s1), f32x4.pmin(s2, s3));
    if (!v128.any_true(f32x4.lt(smallest, bound))) continue;
    v128.store(scratch, s0);
    v128.store(scratch, s1, 16);
    v128.store(scratch, s2, 32);
    v128.store(scratch, s3, 48);
    let nearer = i32x4.bitmask(f32x4.lt(s0, bound)) | (i32x4.bitmask(f32x4.lt(s1, bound)) << 4);
    nearer |= (i32x4.bitmask(f32x4.lt(s2, bound)) << 8) | (i32x4.bitmask(f32x4.lt(s3, bound)) << 12);
    for (; nearer != 0; nearer &= nearer - 1) {
      const lane = ctz(nearer);
      insert(v128.load32_splat(scratch + (usize(lane) << 2)), row + lane, nearest, places, bytes);
    }
  }
  for (; row < end; row++) {
    let s = f32x4.splat(0);
    let at = columns + (usize(row) << 2);
    for (let i = 0; i < columnCount; i++) {
      const d = f32x4.sub(v128.load32_splat(at), v128.load32_splat(inputs + (usize(i) << 2)));
      s = multiplyAdd(f32x4.mul(v128.load32_splat(weights + (usize(i) << 2)), d), d, s);
      at += columnBytes;
    }
    if (f32x4.extract_lane(s, 0) < load<f32>(last)) insert(s, row, nearest, places, bytes);
  }
  return min(wanted, found + max(0, end - start));
}

/**
 * Puts a row, whose distance is in all lanes, behind those found that are as near, without a branch; the last one
 * falls out.
 */
// @ts-ignore: decorator
@inline
function insert(distance: v128, row: i32, nearest: usize, places: usize, bytes: usize): void {
  const place = f32x4.splat(f32(row));
  let distanceBefore = f32x4.splat(-f32.MAX_VALUE);
  let placeBefore = place;
  for (let at: usize = 0; at < bytes; at += 16) {
    const distances = v128.load(nearest + at);
    const rows = v128.load(places + at);
    const before = v128.shuffle<f32>(distanceBefore, distances, 3, 4, 5, 6);
    const rowsBefore = v128.shuffle<f32>(placeBefore, rows, 3, 4, 5, 6);
    const stays = f32x4.le(distances, distance);
    const follows = f32x4.le(before, distance);
    v128.store(nearest + at, v128.bitselect(distances, f32x4.pmax(before, distance), stays));
    v128.store(places + at, v128.bitselect(rows, v128.bitselect(place, rowsBefore, follows), stays));
    distanceBefore = distances;
    placeBefore = rows;
  }
}
