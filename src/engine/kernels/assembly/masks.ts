/**
 * Masks of dropout, and other simple operations on elements. Loops run in whole vectors past `count`, as those of the
 * activations do; only `fill` and `accumulate` stop at it.
 */
import { Start } from "./matrix";

/** Steps from one element's counter to the next: 2^32 divided by the golden ratio. */
const counterStep: u32 = 0x9e3779b9;

/** The finaliser of MurmurHash3, which spreads every bit of its input over all 32. */
function mix(h: u32): u32 {
  h ^= h >>> 16;
  h *= 0x85ebca6b;
  h ^= h >>> 13;
  h *= 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** `mix` on four lanes. */
// @ts-ignore: decorator
@inline
function mix4(h: v128): v128 {
  h = v128.xor(h, i32x4.shr_u(h, 16));
  h = i32x4.mul(h, i32x4.splat(0x85ebca6b));
  h = v128.xor(h, i32x4.shr_u(h, 13));
  h = i32x4.mul(h, i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/**
 * 0 with probability threshold / 2^32, else 1: a function only of seed, key, draws and the element's index, which
 * counts from `first`.
 */
export function drawMask(mask: usize, count: i32, threshold: u32, key: u32, first: u32, seed: f64, draws: f64): void {
  const start = mix(mix(u32(u64(seed)) + key * counterStep) + u32(u64(draws)) * 0x85ebca6b);
  const base = start + first * counterStep;
  const least = i32x4.splat(threshold);
  const one = f32x4.splat(1);
  const step = i32x4.splat(4 * counterStep);
  let counter = i32x4.splat(base);
  counter = i32x4.replace_lane(counter, 1, base + counterStep);
  counter = i32x4.replace_lane(counter, 2, base + 2 * counterStep);
  counter = i32x4.replace_lane(counter, 3, base + 3 * counterStep);
  for (; count > 0; count -= 4) {
    v128.store(mask, v128.and(one, i32x4.ge_u(mix4(counter), least)));
    counter = i32x4.add(counter, step);
    mask += 16;
  }
}

export function applyMask(output: usize, input: usize, mask: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; count > 0; count -= 4) {
    v128.store(output, f32x4.mul(f32x4.mul(v128.load(input), v128.load(mask)), f));
    output += 16;
    input += 16;
    mask += 16;
  }
}

export function fill(to: usize, value: f32, count: i32): void {
  const values = f32x4.splat(value);
  for (; count >= 4; count -= 4) {
    v128.store(to, values);
    to += 16;
  }
  for (; count > 0; count--) {
    store<f32>(to, value);
    to += 4;
  }
}

export function copy(output: usize, input: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    v128.store(output, v128.load(input));
    output += 16;
    input += 16;
  }
}

export function add(output: usize, a: usize, b: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    v128.store(output, f32x4.add(v128.load(a), v128.load(b)));
    output += 16;
    a += 16;
    b += 16;
  }
}

/** gradient = start + source. The source may be a part of a longer array: no number past `count` is read. */
export function accumulate(gradient: usize, source: usize, count: i32, start: Start): void {
  const zero = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    v128.store(gradient, f32x4.add(start == Start.Zero ? zero : v128.load(gradient), v128.load(source)));
    gradient += 16;
    source += 16;
  }
  for (; count > 0; count--) {
    store<f32>(gradient, (start == Start.Zero ? 0 : load<f32>(gradient)) + load<f32>(source));
    gradient += 4;
    source += 4;
  }
}
