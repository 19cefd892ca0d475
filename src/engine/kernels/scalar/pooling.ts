/**
 * Twin of ../assembly/pooling.ts. Pointers are element indices into `memory`. Sizes, kernels and strides are pairs:
 * height in the upper 16 bits, width in the lower.
 */
import type { Heap } from "./heap.ts";
import { sum } from "./sums.ts";

const f = Math.fround;

function heightOf(pair: number): number {
  return pair >>> 16;
}

function widthOf(pair: number): number {
  return pair & 0xffff;
}

/** Number of windows of `kernel` that fit into `size`. */
function windows(size: number, kernel: number, stride: number): number {
  return Math.trunc((size - kernel) / stride) + 1;
}

/** `index`, if not 0, receives the index of the largest element in its plane. */
export function maxPoolForward(
  { floats: memory, ints: integers }: Heap,
  output: number,
  index: number,
  input: number,
  planes: number,
  size: number,
  kernel: number,
  stride: number,
): void {
  const width = widthOf(size);
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  const area = heightOf(size) * width;
  for (; planes > 0; planes--, input += area) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        const corner = y * heightOf(stride) * width + x * widthOf(stride);
        let maximum = memory[input + corner];
        let largest = corner;
        for (let i = 0; i < heightOf(kernel); i++) {
          const from = corner + i * width;
          const to = from + widthOf(kernel);
          for (let at = from; at < to; at++) {
            const value = memory[input + at];
            // The second condition accepts a NaN, which stays because no number is larger.
            if (value > maximum || Number.isNaN(value)) {
              maximum = value;
              largest = at;
            }
          }
        }
        memory[output++] = maximum;
        if (index) integers[index++] = largest;
      }
    }
  }
}

/** Adds each gradient to the input that was the maximum. */
export function maxPoolBackward(
  { floats: memory, ints: integers }: Heap,
  inputGradient: number,
  outputGradient: number,
  index: number,
  planes: number,
  size: number,
  kernel: number,
  stride: number,
): void {
  const positions =
    windows(heightOf(size), heightOf(kernel), heightOf(stride)) *
    windows(widthOf(size), widthOf(kernel), widthOf(stride));
  const area = heightOf(size) * widthOf(size);
  memory.fill(0, inputGradient, inputGradient + planes * area);
  for (; planes > 0; planes--, inputGradient += area) {
    for (let i = 0; i < positions; i++) {
      const at = inputGradient + integers[index++];
      memory[at] = memory[at] + memory[outputGradient++];
    }
  }
}

/** The mean of each window. */
export function averagePoolForward(
  memory: Float32Array,
  output: number,
  input: number,
  planes: number,
  size: number,
  kernel: number,
  stride: number,
): void {
  const share = 1 / (heightOf(kernel) * widthOf(kernel));
  const width = widthOf(size);
  const area = heightOf(size) * width;
  if (kernel === size) {
    for (; planes > 0; planes--, input += area) memory[output++] = sum(memory, input, area) * share;
    return;
  }
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  for (; planes > 0; planes--, input += area) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        const corner = input + y * heightOf(stride) * width + x * widthOf(stride);
        let total = 0;
        for (let i = 0; i < heightOf(kernel); i++) {
          const from = corner + i * width;
          const to = from + widthOf(kernel);
          for (let at = from; at < to; at++) total += memory[at];
        }
        memory[output++] = total * share;
      }
    }
  }
}

/** Distributes each gradient evenly over its window. */
export function averagePoolBackward(
  memory: Float32Array,
  inputGradient: number,
  outputGradient: number,
  planes: number,
  size: number,
  kernel: number,
  stride: number,
): void {
  const share = f(1 / (heightOf(kernel) * widthOf(kernel)));
  const width = widthOf(size);
  const area = heightOf(size) * width;
  if (kernel === size) {
    for (; planes > 0; planes--, inputGradient += area) {
      memory.fill(memory[outputGradient++] * share, inputGradient, inputGradient + area);
    }
    return;
  }
  const down = windows(heightOf(size), heightOf(kernel), heightOf(stride));
  const across = windows(width, widthOf(kernel), widthOf(stride));
  memory.fill(0, inputGradient, inputGradient + planes * area);
  for (; planes > 0; planes--, inputGradient += area) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        const gradient = f(memory[outputGradient++] * share);
        const corner = inputGradient + y * heightOf(stride) * width + x * widthOf(stride);
        for (let i = 0; i < heightOf(kernel); i++) {
          const from = corner + i * width;
          const to = from + widthOf(kernel);
          for (let at = from; at < to; at++) memory[at] = memory[at] + gradient;
        }
      }
    }
  }
}
