/**
 * The twenty sets of the public board of touchstone-rs (DIRECTORY/touchstone, its parquet files as CSV with the same columns),
 * scored as that board scores: each detector sees a row once, in order.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import type { Range } from "./ranking.ts";

const rowMs = 5 * 60 * 1000;
/** Every so many rows of the board's buffers from 0 to 200: it takes all of them. */
const bufferStep = 20;
const largestBuffer = 200;
/** Thresholds of a curve of precision and recall, as the board has them. */
const thresholds = 20;
/** Scores nearer than so are the same, in float32. */
const sameScore = 2 ** -23;

/** The best of the board in each measure, at its commit 8fa6224; the three are of two detectors. */
const best = { precisionRecall: 0.0788, rocVolume: 0.605, roc: 0.6987 };

interface LabelledRows {
  columns: string[];
  /** [rows, columns] */
  values: Float64Array;
  labels: Uint8Array;
}

/** The columns between the time and the label; a cell that is empty is missing. */
function readRows(path: string): LabelledRows {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const columns = lines[0].split(",").slice(1, -1);
  const values = new Float64Array((lines.length - 1) * columns.length);
  const labels = new Uint8Array(lines.length - 1);
  for (let row = 0; row < labels.length; row++) {
    const cells = lines[row + 1].split(",");
    for (let column = 0; column < columns.length; column++) {
      const cell = cells[column + 1];
      values[row * columns.length + column] = cell === "" ? Number.NaN : Number(cell);
    }
    labels[row] = Number(cells[cells.length - 1]) > 0 ? 1 : 0;
  }
  return { columns, values, labels };
}

/** The board scores intervals, so the score is `sustained`, a mean over the latest rows; the evidence of each is scored beside it. */
function evidenceOf({ columns, values, labels }: LabelledRows) {
  const detector = createAnomalyDetector({ columns, warmUpMs: 0 });
  // The sets have no hours of a day.
  detector.setLocalOffset(null);
  const time = new Float64Array(1);
  const ofRows = new Float64Array(labels.length);
  const sustained = ofRows.map((_, row) => {
    time[0] = row * rowMs;
    detector.observe(values, row * columns.length, time, 0);
    ofRows[row] = detector.evidence;
    return detector.sustained;
  });
  return { ofRows, sustained };
}

interface BoardScores {
  precisionRecall: number;
  rocVolume: number;
  roc: number;
}

/** The measures of the board: both volumes are means over buffers that make anomalies longer at both ends. */
export function boardScores(scores: Float64Array, labels: Uint8Array): BoardScores {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const told = thresholdsOf(scores, order).map((threshold) =>
    rangesOf(Uint8Array.from(scores, (score) => Number(score >= threshold))),
  );
  let [precisionRecall, rocVolume, count] = [0, 0, 0];
  for (let buffer = 0; buffer <= largestBuffer; buffer += bufferStep) {
    const dilated = dilate(labels, buffer);
    precisionRecall += rangeCurve(told, rangesOf(dilated));
    rocVolume += rocArea(scores, order, dilated);
    count++;
  }
  return {
    precisionRecall: precisionRecall / count,
    rocVolume: rocVolume / count,
    roc: rocArea(scores, order, labels),
  };
}

/** Evenly spread among the different scores, from the lowest. */
function thresholdsOf(scores: Float64Array, order: Uint32Array): number[] {
  const most = scores[order[0]];
  const least = scores[order[order.length - 1]];
  const different: number[] = [];
  for (let place = order.length - 1; place >= 0; place--) {
    const score = scores[order[place]];
    const last = different.at(-1);
    if (last === undefined || score - last >= sameScore * (most - least)) different.push(score);
  }
  const step = Math.max(1, different.length <= thresholds ? 1 : Math.floor(different.length / thresholds));
  return different.filter((_, place) => place % step === 0);
}

export function dilate(labels: Uint8Array, buffer: number): Uint8Array {
  const out = labels.slice();
  for (const [from, to] of rangesOf(labels))
    out.fill(1, Math.max(0, from - buffer), Math.min(labels.length, to + buffer + 1));
  return out;
}

function rangesOf(flags: Uint8Array): Range[] {
  const found: Range[] = [];
  for (let row = 0; row < flags.length; row++) {
    if (flags[row] === 0) continue;
    const from = row;
    while (row + 1 < flags.length && flags[row + 1] === 1) row++;
    found.push([from, row]);
  }
  return found;
}

/** Area below precision over recall of stretches, through (0, 1) and (1, 0). */
function rangeCurve(told: readonly Range[][], anomalies: readonly Range[]): number {
  const points = told.map((ranges): [number, number] => [
    covered(anomalies, ranges),
    covered(ranges, anomalies),
  ]);
  points.push([0, 1], [1, 0]);
  points.sort((a, b) => a[0] - b[0]);
  let area = 0;
  let before: [number, number] | null = null;
  for (const point of points) {
    if (before !== null && point[0] - before[0] < 1e-12) continue;
    if (before !== null) area += ((point[0] - before[0]) * (point[1] + before[1])) / 2;
    before = point;
  }
  return area;
}

/** Mean over stretches of the sum of the squared shares that each of the others covers, as the board counts it. */
function covered(ranges: readonly Range[], others: readonly Range[]): number {
  let sum = 0;
  let first = 0;
  for (const [from, to] of ranges) {
    while (first < others.length && others[first][1] < from) first++;
    for (let at = first; at < others.length && others[at][0] <= to; at++) {
      const rows = Math.min(to, others[at][1]) - Math.max(from, others[at][0]) + 1;
      sum += (rows / (to - from + 1)) ** 2;
    }
  }
  return ranges.length === 0 ? 0 : sum / ranges.length;
}

/** Area below true over false positives. */
function rocArea(scores: Float64Array, order: Uint32Array, labels: Uint8Array): number {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  let [area, hits, misses, hitsBefore, missesBefore] = [0, 0, 0, 0, 0];
  for (let place = 0; place < order.length; place++) {
    if (labels[order[place]] === 1) hits++;
    else misses++;
    if (place + 1 < order.length && scores[order[place + 1]] === scores[order[place]]) continue;
    area += ((misses - missesBefore) * (hits + hitsBefore)) / 2;
    hitsBefore = hits;
    missesBefore = misses;
  }
  return area / (positives * negatives);
}

/** @returns measures in which the board is better */
export function judgeTouchstone(directory: string): number {
  const folder = join(directory, "touchstone");
  if (!existsSync(folder)) {
    console.log(
      `touchstone: ${folder} is not there; it is the folder benchmark/ of github.com/wenig/touchstone-rs as CSV`,
    );
    return 0;
  }
  const own: BoardScores[] = [];
  const moments: BoardScores[] = [];
  const chance: BoardScores[] = [];
  for (const [index, name] of readdirSync(folder)
    .filter((file) => file.endsWith(".csv"))
    .entries()) {
    const rows = readRows(join(folder, name));
    const random = createRandom(index + 1);
    const { sustained, ofRows } = evidenceOf(rows);
    own.push(boardScores(sustained, rows.labels));
    moments.push(boardScores(ofRows, rows.labels));
    chance.push(
      boardScores(
        Float64Array.from(rows.labels, () => random.uniform()),
        rows.labels,
      ),
    );
    console.log(`${name.padEnd(58)} ${textOf(own[index])}`);
  }
  console.log(`mean of ${own.length} sets`.padEnd(58), textOf(meanOf(own)));
  console.log("the evidence of each row".padEnd(58), textOf(meanOf(moments)));
  console.log("a random score".padEnd(58), textOf(meanOf(chance)));
  console.log("best of the board in each".padEnd(58), textOf(best));
  const mean = meanOf(own);
  const measures = ["precisionRecall", "rocVolume", "roc"] as const;
  return measures.filter((measure) => mean[measure] < best[measure]).length;
}

const textOf = ({ precisionRecall, rocVolume, roc }: BoardScores) =>
  `range-PR-VUS ${precisionRecall.toFixed(4)}  range-ROC-VUS ${rocVolume.toFixed(3)}  ROC-AUC ${roc.toFixed(3)}`;

function meanOf(all: readonly BoardScores[]): BoardScores {
  const mean = (of: (scores: BoardScores) => number) =>
    all.reduce((sum, each) => sum + of(each), 0) / all.length;
  return {
    precisionRecall: mean((each) => each.precisionRecall),
    rocVolume: mean((each) => each.rocVolume),
    roc: mean((each) => each.roc),
  };
}
