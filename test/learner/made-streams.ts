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

/** A stream whose rows are made one by one, of three columns with the target last. */
export interface EndlessStream {
  name: string;
  /** Classes, or 0 where the target is a number. */
  classes: number;
  /** Mean of a target that is a number. */
  center: number;
  next(row: Float64Array): void;
}

/** Five streams that do not change, however long they go on. */
export function stationaryStreams(seed = 11): EndlessStream[] {
  const { uniform } = createRandom(seed);
  const normal = () => gaussian(uniform);
  /** Student's t with 3 degrees of freedom: its fourth moment is infinite. */
  const heavyTailed = () => normal() / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3);
  let level = 0;
  return [
    {
      name: "a number with heavy-tailed noise",
      classes: 0,
      center: 0,
      next(row) {
        row[0] = normal();
        row[1] = normal();
        row[2] = row[0] - 0.5 * row[1] + 0.3 * heavyTailed();
      },
    },
    {
      name: "a number that is autoregressive at 0.95",
      classes: 0,
      center: 0,
      next(row) {
        row[0] = level;
        row[1] = normal();
        level = 0.95 * level + normal();
        row[2] = level + 0.5 * row[1];
      },
    },
    {
      name: "a number that is no line, around 1013",
      classes: 0,
      center: 1013,
      next(row) {
        row[0] = normal();
        row[1] = normal();
        row[2] = 1013 + 3 * row[0] + 2 * Math.sin(2 * row[1]) + 0.3 * normal();
      },
    },
    {
      name: "a class at 2 %",
      classes: 2,
      center: 0,
      next(row) {
        row[0] = normal();
        row[1] = normal();
        row[2] = uniform() < 0.02 * Math.exp(row[0] - 0.5) ? 1 : 0;
      },
    },
    {
      name: "three classes by angle",
      classes: 3,
      center: 0,
      next(row) {
        row[0] = 20 + 5 * normal();
        row[1] = 20 + 5 * normal();
        const angle = Math.atan2(row[0] - 20, row[1] - 20) + 0.1 * normal();
        row[2] = Math.min(2, Math.max(0, Math.floor((3 * (angle + Math.PI)) / (2 * Math.PI))));
      },
    },
  ];
}

/** Lets the target of a row mean something else: the next class, or the number mirrored at its mean. */
export function turnTarget({ classes, center }: EndlessStream, row: Float64Array): void {
  row[2] = classes > 0 ? (row[2] + 1) % classes : 2 * center - row[2];
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
