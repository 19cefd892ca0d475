/** What it is worth to keep rows of every class where classes come in phases: digits 0 to 4, then 5 to 9, then all. */
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { readStreams, type Stream, taskOf } from "./streams.ts";

const seeds = [1, 2, 3];
/** Rows at the beginning of the last phase, which show how fast the forgotten classes come back. */
const firstRows = 50;

/** Where the last phase begins: each of those before it has more than half of the rows that the ring keeps. */
const lastPhaseOf = ({ rows }: Stream) => Math.floor(0.8 * rows);

/** Rows of four fifths in two phases, the rest in their order. */
function phases(stream: Stream): Float64Array[] {
  const { features, rows, values, classes } = stream;
  const width = features + 1;
  const all = Array.from({ length: rows }, (_, row) => values.subarray(row * width, (row + 1) * width));
  const isLow = (row: Float64Array) => row[features] < classes / 2;
  const last = lastPhaseOf(stream);
  const first = all.slice(0, last);
  return [...first.filter(isLow), ...first.filter((row) => !isLow(row)), ...all.slice(last)];
}

function lossesOf(
  stream: Stream,
  eviction: "oldest" | "classes",
  seed: number,
): [all: number, first: number] {
  const { features } = stream;
  const ensemble = createEnsemble({ ...taskOf(stream), eviction, seed });
  const rows = phases(stream);
  const from = lastPhaseOf(stream);
  const losses = rows.map((row) => {
    ensemble.observe(row, 0);
    return -Math.log(Math.max(ensemble.prediction[row[features]], 1e-9));
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(losses.slice(from)), mean(losses.slice(from, from + firstRows))];
}

/** Prints the log loss of the last phase with each way to make room, and returns 1 where that by classes is no better. */
export function judgePhases(directory: string): number {
  const stream = readStreams(directory).find(({ name }) => name === "digits8x8") as Stream;
  const judge = (eviction: "oldest" | "classes") => {
    const runs = seeds.map((seed) => lossesOf(stream, eviction, seed));
    const [all, first] = [0, 1].map((index) => spreadOf(runs.map((run) => run[index])).median);
    console.log(
      `${eviction.padEnd(8)} log loss after both phases ${all.toFixed(3)}, of its first ${firstRows} rows ${first.toFixed(3)}`,
    );
    return all;
  };
  return judge("oldest") > judge("classes") ? 0 : 1;
}
