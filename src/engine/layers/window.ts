/** Sizes of what slides over [channels, height, width]: convolutions and pools, in one dimension with a height of 1. */
import { type Pair, sizeOf } from "./layer.ts";

/** Largest height or width: two of them share one operand of an instruction. */
export const longestSide = 32767;

/** A single number stands for both axes. */
export function pairFrom(size: number | Pair): Pair {
  return typeof size === "number" ? [size, size] : [size[0], size[1]];
}

/** A pair as one operand: the first in the upper 16 bits. */
export function packed([first, second]: Pair): number {
  return (first << 16) | second;
}

/** The number of one dimension as a pair. `across` is what the other dimension has: a size of 1, a padding of 0. */
export function asPair(size: number | Pair, across: number): Pair {
  return typeof size === "number" ? [across, size] : size;
}

/** Height and width of a sample of shape [channels, length] or [channels, height, width]. */
export function sidesOf(shape: number[]): Pair {
  return shape.length === 2 ? [1, shape[1]] : [shape[1], shape[2]];
}

/** The half sentence about a shape that has other `axes`; `example` is how it may be written instead. */
export function needsAxes(axes: string, example: number[]): string {
  return `needs ${axes}, such as [${example.join(", ")}]: set model.inputShape, or change the layers before it`;
}

/** The same numbers along so many axes. */
function withAxes(shape: number[], axes: number): number[] {
  if (shape.length <= axes) return [...Array<number>(axes - shape.length).fill(1), ...shape];
  return [...shape.slice(0, axes - 1), sizeOf(shape.slice(axes - 1))];
}

/** Throws half a sentence where the shape has not `dimensions` axes behind its channels, or one is too long. */
export function requireSides(shape: number[], dimensions: 1 | 2): void {
  if (shape.length !== dimensions + 1) {
    const axes = dimensions === 1 ? "[channels, length]" : "[channels, height, width]";
    throw new Error(needsAxes(axes, withAxes(shape, dimensions + 1)));
  }
  if (shape.slice(1).some((side) => side > longestSide)) {
    throw new Error(`takes no more than ${longestSide} along an axis`);
  }
}

/**
 * How often a window fits along each axis: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * Throws half a sentence where it does not fit once.
 */
export function windowsAlong(size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair): Pair {
  const along = [0, 1].map((axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const room = size[axis] + 2 * padding[axis];
    if (reach > room) {
      throw new Error(
        `needs at least ${reach - 2 * padding[axis]} along an axis of ${size[axis]}: make its kernel smaller, or the samples larger`,
      );
    }
    return Math.floor((room - reach) / stride[axis]) + 1;
  });
  return along as Pair;
}
