/** Sizes of sliding windows over [channels, height, width], for convolutions and pools; one dimension has height 1. */
import { type Pair, sizeOf } from "./layer.ts";

/** Largest height or width: two of them share one operand of an instruction. */
export const longestSide = 32767;

/** Returns a pair; a single number applies to both axes. */
export function pairFrom(size: number | Pair): Pair {
  return typeof size === "number" ? [size, size] : [size[0], size[1]];
}

/** Packs a pair into one operand: the first number in the upper 16 bits. */
export function packed([first, second]: Pair): number {
  return (first << 16) | second;
}

/** Returns the number of one dimension as a pair. `across`: number of the other axis, a size of 1 or a padding of 0. */
export function asPair(size: number | Pair, across: number): Pair {
  return typeof size === "number" ? [across, size] : size;
}

/** Returns height and width of a sample of shape [channels, length] or [channels, height, width]. */
export function sidesOf(shape: number[]): Pair {
  return shape.length === 2 ? [1, shape[1]] : [shape[1], shape[2]];
}

/** Returns a predicate about a shape with other axes: `axes` are those expected, `example` is a valid shape. */
export function needsAxes(axes: string, example: number[]): string {
  return `needs ${axes}, such as [${example.join(", ")}]; set model.inputShape, or change the layers before it`;
}

/** Returns a shape with the same numbers on the given number of axes. */
function withAxes(shape: number[], axes: number): number[] {
  if (shape.length <= axes) return [...Array<number>(axes - shape.length).fill(1), ...shape];
  return [...shape.slice(0, axes - 1), sizeOf(shape.slice(axes - 1))];
}

/**
 * Checks a shape. @throws Error with a predicate when it has not `dimensions` axes after its channels, or one is too
 * long
 */
export function requireSides(shape: number[], dimensions: 1 | 2): void {
  if (shape.length !== dimensions + 1) {
    const axes = dimensions === 1 ? "[channels, length]" : "[channels, height, width]";
    throw new Error(needsAxes(axes, withAxes(shape, dimensions + 1)));
  }
  if (shape.slice(1).some((side) => side > longestSide)) {
    throw new Error(`accepts at most ${longestSide} along an axis; make the samples smaller`);
  }
}

/** Returns the shape of one number for each channel. @throws Error with a predicate when there is no axis to reduce */
export function reducedToChannels(inputShape: number[]): number[] {
  if (inputShape.length < 2) throw new Error(needsAxes("[channels, ...]", [1, ...inputShape]));
  requireSides(inputShape, inputShape.length === 2 ? 1 : 2);
  return [inputShape[0]];
}

/**
 * Returns how often a window fits along each axis: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * @throws Error with a predicate when it does not fit once
 */
export function windowsAlong(size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair): Pair {
  const along = [0, 1].map((axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const room = size[axis] + 2 * padding[axis];
    if (reach > room) {
      throw new Error(
        `needs at least ${reach - 2 * padding[axis]} along an axis of ${size[axis]}; make its kernel smaller, or the samples larger`,
      );
    }
    return Math.floor((room - reach) / stride[axis]) + 1;
  });
  return along as Pair;
}
