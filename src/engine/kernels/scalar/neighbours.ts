/** Twin of ../assembly/neighbours.ts. Pointers are element indices into `memory`. */

const f = Math.fround;

/** Writes the weighted squared distance of an input from each row. */
export function weightedDistances(
  memory: Float32Array,
  distances: number,
  inputs: number,
  weights: number,
  columns: number,
  stride: number,
  columnCount: number,
  rows: number,
): void {
  memory.fill(0, distances, distances + rows);
  for (let i = 0; i < columnCount; i++) {
    const x = memory[inputs + i];
    const w = memory[weights + i];
    const at = columns + i * stride;
    for (let row = 0; row < rows; row++) {
      const d = f(memory[at + row] - x);
      memory[distances + row] = memory[distances + row] + f(f(w * d) * d);
    }
  }
}

/** Writes the indices of the `wanted` rows with the smallest distances. */
export function nearestRows(
  memory: Float32Array,
  distances: number,
  rows: number,
  wanted: number,
  nearest: number,
  places: number,
): number {
  let found = 0;
  for (let row = 0; row < rows; row++) {
    const distance = memory[distances + row];
    if (found === wanted && !(found > 0 && distance < memory[nearest + found - 1])) continue;
    let place = found < wanted ? found++ : found - 1;
    for (; place > 0 && memory[nearest + place - 1] > distance; place--) {
      memory[nearest + place] = memory[nearest + place - 1];
      memory[places + place] = memory[places + place - 1];
    }
    memory[nearest + place] = distance;
    memory[places + place] = row;
  }
  return found;
}
