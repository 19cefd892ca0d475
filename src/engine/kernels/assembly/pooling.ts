/**
 * Pooling without padding over planes, one for each channel of each row. Sizes, kernels and strides are pairs:
 * height in the upper 16 bits, width in the lower.
 */
import { loadFour } from "./arithmetic";
import { fill } from "./masks";
import { heightOf, widthOf } from "./pair";
import { sum } from "./sums";

/** Number of windows of `kernel` that fit into `size`. */
// @ts-ignore: decorator
@inline
function windows(size: i32, kernel: i32, stride: i32): i32 {
  return (size - kernel) / stride + 1;
}

/** Loads the elements of a plane whose indices are in four lanes. */
// @ts-ignore: decorator
@inline
function loadEach(plane: usize, elements: v128): v128 {
  return loadFour(
    plane + (usize(i32x4.extract_lane(elements, 0)) << 2),
    plane + (usize(i32x4.extract_lane(elements, 1)) << 2),
    plane + (usize(i32x4.extract_lane(elements, 2)) << 2),
    plane + (usize(i32x4.extract_lane(elements, 3)) << 2),
  );
}

/** Stores the first `count` lanes, 1 to 4. */
// @ts-ignore: decorator
@inline
function storeFirst(at: usize, lanes: v128, count: i32): void {
  if (count == 4) return v128.store(at, lanes);
  v128.store_lane<f32>(at, lanes, 0);
  if (count > 1) v128.store_lane<f32>(at, lanes, 1, 4);
  if (count > 2) v128.store_lane<f32>(at, lanes, 2, 8);
}

/** `index`, if given, receives the index of the largest element in its plane. */
export function maxPoolForward(
  output: usize,
  index: usize,
  input: usize,
  planes: i32,
  size: i32,
  kernel: i32,
  stride: i32,
): void {
  const width = widthOf(size);
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  const planeBytes = usize(heightOf(size) * width) << 2;
  for (; planes > 0; planes--) {
    for (let y = 0; y < down; y++) {
      const step = widthOf(stride);
      let corner = y * heightOf(stride) * width;
      for (let left = across; left > 0; left -= 4) {
        // Four adjacent windows. Windows past the last repeat the last one, and are not stored.
        const windows = min(left, 4);
        const corners = i32x4(
          corner,
          corner + min(1, windows - 1) * step,
          corner + min(2, windows - 1) * step,
          corner + (windows - 1) * step,
        );
        let largest = corners;
        let maximum = loadEach(input, corners);
        for (let i = 0; i < heightOf(kernel); i++) {
          for (let j = 0; j < widthOf(kernel); j++) {
            const at = i32x4.add(corners, i32x4.splat(i * width + j));
            const value = loadEach(input, at);
            // The second condition accepts a NaN, which stays because no number is larger.
            const larger = v128.or(f32x4.gt(value, maximum), f32x4.ne(value, value));
            maximum = v128.bitselect(value, maximum, larger);
            largest = v128.bitselect(at, largest, larger);
          }
        }
        storeFirst(output, maximum, windows);
        output += usize(windows) << 2;
        if (index) {
          storeFirst(index, largest, windows);
          index += usize(windows) << 2;
        }
        corner += 4 * step;
      }
    }
    input += planeBytes;
  }
}

export function maxPoolBackward(
  inputGradient: usize,
  outputGradient: usize,
  index: usize,
  planes: i32,
  size: i32,
  kernel: i32,
  stride: i32,
): void {
  const positions =
    windows(heightOf(size), heightOf(kernel), heightOf(stride)) * windows(widthOf(size), widthOf(kernel), widthOf(stride));
  const planeBytes = usize(heightOf(size) * widthOf(size)) << 2;
  memory.fill(inputGradient, 0, usize(planes) * planeBytes);
  for (; planes > 0; planes--) {
    for (let i = 0; i < positions; i++) {
      const at = inputGradient + (usize(load<i32>(index)) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(outputGradient));
      outputGradient += 4;
      index += 4;
    }
    inputGradient += planeBytes;
  }
}

export function averagePoolForward(output: usize, input: usize, planes: i32, size: i32, kernel: i32, stride: i32): void {
  const share = 1.0 / f64(heightOf(kernel) * widthOf(kernel));
  const width = widthOf(size);
  const planeBytes = usize(heightOf(size) * width) << 2;
  if (kernel == size) {
    for (; planes > 0; planes--) {
      store<f32>(output, f32(sum(input, heightOf(size) * width) * share));
      output += 4;
      input += planeBytes;
    }
    return;
  }
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  for (; planes > 0; planes--) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        const corner = y * heightOf(stride) * width + x * widthOf(stride);
        let total: f64 = 0;
        for (let i = 0; i < heightOf(kernel); i++) {
          const from = corner + i * width;
          const to = from + widthOf(kernel);
          for (let at = from; at < to; at++) total += f64(load<f32>(input + (usize(at) << 2)));
        }
        store<f32>(output, f32(total * share));
        output += 4;
      }
    }
    input += planeBytes;
  }
}

export function averagePoolBackward(
  inputGradient: usize,
  outputGradient: usize,
  planes: i32,
  size: i32,
  kernel: i32,
  stride: i32,
): void {
  const share = f32(1.0 / f64(heightOf(kernel) * widthOf(kernel)));
  const width = widthOf(size);
  const area = heightOf(size) * width;
  if (kernel == size) {
    for (; planes > 0; planes--) {
      fill(inputGradient, load<f32>(outputGradient) * share, area);
      outputGradient += 4;
      inputGradient += usize(area) << 2;
    }
    return;
  }
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  memory.fill(inputGradient, 0, usize(planes * area) << 2);
  for (; planes > 0; planes--) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        const gradient = load<f32>(outputGradient) * share;
        outputGradient += 4;
        const corner = y * heightOf(stride) * width + x * widthOf(stride);
        for (let i = 0; i < heightOf(kernel); i++) {
          let at = inputGradient + (usize(corner + i * width) << 2);
          for (let j = widthOf(kernel); j > 0; j--) {
            store<f32>(at, load<f32>(at) + gradient);
            at += 4;
          }
        }
      }
    }
    inputGradient += usize(area) << 2;
  }
}
