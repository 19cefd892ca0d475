/** The open data sets as streams: rows in their order, features chosen or made of earlier rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../fuzz/random.ts";
import { readText } from "./held-out.ts";

export interface Stream {
  name: string;
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  features: number;
  rows: number;
  /** [rows, features + 1]: the target last. */
  values: Float64Array;
}

/** The fields and the target of a stream, as options of a learner. */
export const taskOf = ({ classes, features }: Stream) => ({
  fields: [...Array.from({ length: features }, (_, index) => `x${index}`), "target"],
  target: classes > 0 ? { column: "target", classes } : { column: "target" },
});

interface DataSet {
  name: string;
  kind: string;
  features: string[];
  classes?: number;
}

/** A set's columns by name, and the last one. */
interface Table {
  column(name: string): Float64Array;
  target: Float64Array;
  rows: number;
}

function readTable(text: string): Table {
  const lines = text.trimEnd().split("\n");
  const names = lines[0].trim().split(",");
  const rows = lines.length - 1;
  const columns = names.map(() => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const cells = lines[row + 1].split(",");
    for (let i = 0; i < names.length; i++) columns[i][row] = Number(cells[i]);
  }
  return { column: (name) => columns[names.indexOf(name)], target: columns[names.length - 1], rows };
}

/** A stream of these columns. */
function streamOf(name: string, classes: number, columns: Float64Array[], target: Float64Array): Stream {
  const rows = target.length;
  const width = columns.length + 1;
  const values = new Float64Array(rows * width);
  for (const [index, column] of [...columns, target].entries()) {
    for (let row = 0; row < rows; row++) values[row * width + index] = column[row];
  }
  return { name, classes, features: columns.length, rows, values };
}

/** The latest `lags` values before each row, the newest first, and the rows that have so many. */
function lagged(values: Float64Array, lags: number): { columns: Float64Array[]; target: Float64Array } {
  const columns = Array.from({ length: lags }, (_, lag) =>
    values.subarray(lags - 1 - lag, values.length - 1 - lag),
  );
  return { columns, target: values.subarray(lags) };
}

function permuted(stream: Stream, name: string): Stream {
  const { rows, features } = stream;
  const order = Array.from({ length: rows }, (_, row) => row);
  const random = new Random(42);
  for (let i = rows - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const width = features + 1;
  const values = new Float64Array(rows * width);
  for (const [row, from] of order.entries()) {
    values.set(stream.values.subarray(from * width, (from + 1) * width), row * width);
  }
  return { ...stream, name, values };
}

/** Hour as two waves a day, and the target of the row before. */
function bikePlus(columns: Float64Array[], hours: Float64Array, target: Float64Array): Float64Array[] {
  const waves = [1, 2].flatMap((times) =>
    [Math.sin, Math.cos].map((wave) => hours.map((hour) => wave((2 * times * Math.PI * hour) / 24))),
  );
  return [...columns, ...waves, Float64Array.from(target, (_, row) => (row === 0 ? 0 : target[row - 1]))];
}

function streamsOf({ name, kind, features, classes = 0 }: DataSet, text: string): Stream[] {
  const table = readTable(text);
  const { target } = table;
  if (kind === "anomaly") {
    const { columns, target: next } = lagged(table.column("value"), 8);
    return [streamOf(name, 0, [...columns, table.column("hour").subarray(8)], next)];
  }
  if (name === "airline-passengers") {
    const { columns, target: next } = lagged(target, 12);
    return [streamOf(name, 0, columns, next)];
  }
  const columns = features.map((feature) => table.column(feature));
  const stream = streamOf(name, kind === "classification" ? classes : 0, columns, target);
  if (name === "occupancy") {
    const dark = columns.filter((_, index) => features[index] !== "light");
    return [stream, streamOf("occupancy-nolight", stream.classes, dark, target)];
  }
  if (name === "har-windows") return [stream, permuted(stream, "har-windows-shuffled")];
  if (name === "bike-sharing") {
    return [stream, streamOf("bike-plus", 0, bikePlus(columns, table.column("hr"), target), target)];
  }
  return [stream];
}

/** All streams of the sets below a folder with an `index.json`, but sequences. */
export function readStreams(directory: string): Stream[] {
  const sets: DataSet[] = JSON.parse(readFileSync(join(directory, "index.json"), "utf8"));
  return sets
    .filter(({ name }) => name !== "indoor-movement")
    .flatMap((set) => streamsOf(set, readText(join(directory, set.name))));
}
