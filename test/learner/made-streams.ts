/** Streams of our own making for the tests of the learner: they repeat by their seed. */
import { createRandom } from "../../src/engine/model/random.ts";

export interface MadeStream {
  fields: string[];
  rows: number;
  width: number;
  /** [rows, width]: the target last. */
  values: Float64Array;
}

/** A number that is normally distributed, by Box and Muller. */
export function gaussian(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function stream(
  rows: number,
  features: number,
  fill: (row: Float64Array, index: number) => void,
): MadeStream {
  const width = features + 1;
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) fill(values.subarray(row * width, (row + 1) * width), row);
  const fields = [...Array.from({ length: features }, (_, index) => `x${index}`), "target"];
  return { fields, rows, width, values };
}

/** Three classes by where two of three features lie, with a little noise. */
export function classStream(rows: number, seed = 1): MadeStream {
  const { uniform } = createRandom(seed);
  return stream(rows, 3, (row) => {
    for (let i = 0; i < 3; i++) row[i] = 20 + 5 * gaussian(uniform);
    const angle = Math.atan2(row[0] - 20, row[1] - 20) + 0.1 * gaussian(uniform);
    row[3] = Math.min(2, Math.max(0, Math.floor((3 * (angle + Math.PI)) / (2 * Math.PI))));
  });
}

/** A number that follows three features, not quite linearly, around 1013. */
export function numberStream(rows: number, seed = 1): MadeStream {
  const { uniform } = createRandom(seed);
  return stream(rows, 3, (row) => {
    for (let i = 0; i < 3; i++) row[i] = gaussian(uniform);
    row[3] = 1013 + 3 * row[0] + 2 * Math.sin(2 * row[1]) + 0.3 * gaussian(uniform);
  });
}
