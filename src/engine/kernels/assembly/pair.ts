/** A height and a width in one operand: the height in its upper 16 bits, the width in its lower. */

// @ts-ignore: decorator
@inline
export function heightOf(pair: i32): i32 {
  return pair >>> 16;
}

// @ts-ignore: decorator
@inline
export function widthOf(pair: i32): i32 {
  return pair & 0xffff;
}
