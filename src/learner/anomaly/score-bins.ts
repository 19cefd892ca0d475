import { takeExponential } from "../../engine/model/exponential.ts";

/** Bins of 1/8 from -14: logarithms of scores between 1e-6 and 2e11. */
export const bins = 320;
export const binsPerUnit = 8;
export const leastLog = -14;

/** Scores at which bins begin: e^(bin / 8 - 14), [320]. */
const edges = new Float64Array(bins);
for (let bin = 0; bin < bins; bin++) {
  edges[bin] = bin / binsPerUnit + leastLog;
  takeExponential(edges, bin);
}

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);
/** Numbers with the same power of two and the same next three bits: e^(1/8) is wider, so that at most one bin begins within. */
const cellOf = (score: number) => {
  number[0] = score;
  return words[1] >>> 17;
};
const firstCell = cellOf(edges[0]);
/** Bin of the smallest number of each cell, from that of the first edge to that of the last. */
const binOfCell = new Int16Array(cellOf(edges[bins - 1]) + 1 - firstCell);
for (let cell = 0, bin = 0; cell < binOfCell.length; cell++) {
  number[0] = 0;
  words[1] = (firstCell + cell) << 17;
  while (edges[bin + 1] <= number[0]) bin++;
  binOfCell[cell] = bin;
}

/** The bin of a score, without its logarithm; the first for one that is less, the last for one that is more. */
export function binOfScore(scores: Float64Array, index: number): number {
  const score = scores[index];
  if (!(score >= edges[1])) return 0;
  if (score >= edges[bins - 1]) return bins - 1;
  number[0] = score;
  const bin = binOfCell[(words[1] >>> 17) - firstCell];
  // As a number: a branch would be foreseen wrongly every third time.
  return bin + Number(score >= edges[bin + 1]);
}

/** The bin of a score whose logarithm is given. */
export function binOfLogarithm(logs: Float64Array, index: number): number {
  const bin = Math.floor((logs[index] - leastLog) * binsPerUnit);
  return bin > 0 ? Math.min(bin, bins - 1) : 0;
}
