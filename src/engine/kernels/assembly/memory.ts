/**
 * Access to memory in both languages. A kernel without vector instructions is written once, in the subset that
 * AssemblyScript and TypeScript share; `scripts/lower-kernels.ts` generates its scalar twin. Such a kernel reads and
 * writes only through these functions, and puts `f32()` around each operation that is rounded to float32.
 */

/** Reads number `i` after `p`. */
// @ts-ignore: decorator
@inline
export function read(p: usize, i: i32): f32 {
  return load<f32>(p + (usize(i) << 2));
}

// @ts-ignore: decorator
@inline
export function write(p: usize, i: i32, x: f32): void {
  store<f32>(p + (usize(i) << 2), x);
}

/** The address `n` numbers, or slots of an instruction, after `p`. */
// @ts-ignore: decorator
@inline
export function past(p: usize, n: i32): usize {
  return p + (usize(n) << 2);
}

/** Writes `n` zeros. */
// @ts-ignore: decorator
@inline
export function clear(p: usize, n: i32): void {
  memory.fill(p, 0, usize(n) << 2);
}

/** The distance of `n` numbers, for kernels that step through rows. */
// @ts-ignore: decorator
@inline
export function stride(n: i32): usize {
  return usize(n) << 2;
}

/** Operation of the instruction at `at`. */
// @ts-ignore: decorator
@inline
export function operation(at: usize): i32 {
  return load<i32>(at);
}

/** Operand `index` of the instruction at `at` as an integer. */
// @ts-ignore: decorator
@inline
export function int(at: usize, index: usize): i32 {
  return load<i32>(at + 4 + (index << 2));
}

/** Operand `index` as the address of a buffer; 0: absent. */
// @ts-ignore: decorator
@inline
export function pointer(at: usize, index: usize): usize {
  return load<u32>(at + 4 + (index << 2));
}

/** Operand `index` as a float32. */
// @ts-ignore: decorator
@inline
export function float(at: usize, index: usize): f32 {
  return load<f32>(at + 4 + (index << 2));
}

/** Cell `which` of the float64 at `scalars`. */
// @ts-ignore: decorator
@inline
export function scalar(scalars: usize, which: i32): f64 {
  return load<f64>(scalars + (usize(which) << 3));
}

// @ts-ignore: decorator
@inline
export function setScalar(scalars: usize, which: i32, value: f64): void {
  store<f64>(scalars + (usize(which) << 3), value);
}

/** Float64 number `i` behind `p`, in kernels whose places are all of float64. */
// @ts-ignore: decorator
@inline
export function readDouble(p: usize, i: i32): f64 {
  return load<f64>(p + (usize(i) << 3));
}

// @ts-ignore: decorator
@inline
export function writeDouble(p: usize, i: i32, x: f64): void {
  store<f64>(p + (usize(i) << 3), x);
}
