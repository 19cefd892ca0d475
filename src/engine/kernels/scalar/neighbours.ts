/** Twin of ../assembly/neighbours.ts. Pointers are element indices into `memory`. */

const f = Math.fround;
const largest = f(3.4028234663852886e38);

/** Finds the `wanted` rows from `start` to `end` with the smallest weighted squared distances from the input. */
export function nearestRows(
  memory: Float32Array,
  inputs: number,
  weights: number,
  columns: number,
  stride: number,
  columnCount: number,
  start: number,
  end: number,
  found: number,
  wanted: number,
  nearest: number,
  places: number,
): number {
  if (wanted === 0) return 0;
  if (found === 0) {
    memory.fill(largest, nearest, nearest + wanted);
    memory.fill(0, places, places + wanted);
  }
  for (let row = start; row < end; row++) {
    let distance = 0;
    for (let i = 0, at = columns + row; i < columnCount; i++, at += stride) {
      const d = f(memory[at] - memory[inputs + i]);
      distance = f(distance + f(f(memory[weights + i] * d) * d));
    }
    let place = wanted - 1;
    if (!(distance < memory[nearest + place])) continue;
    for (; place > 0 && memory[nearest + place - 1] > distance; place--) {
      memory[nearest + place] = memory[nearest + place - 1];
      memory[places + place] = memory[places + place - 1];
    }
    memory[nearest + place] = distance;
    memory[places + place] = row;
  }
  return Math.min(wanted, found + Math.max(0, end - start));
}
