/** How well a score ranks the rows of anomalies before the others, and how well stretches that were told meet them. */

/** First and last row of a stretch. */
export type Range = readonly [from: number, to: number];

/** Areas below two curves, from 0 to 1. */
export interface Areas {
  precisionRecall: number;
  roc: number;
}

/**
 * Soft labels of so many rows: 1 in an anomaly, and sqrt(1 - d / buffer) at d rows before or behind one, up to half the
 * buffer (Paparrizos et al., Volume Under the Surface, PVLDB 15, 2022, section 3).
 */
export function softLabels(windows: readonly Range[], rows: number, buffer: number): Float64Array {
  const labels = new Float64Array(rows);
  const reach = Math.floor(buffer / 2);
  for (const [from, to] of windows) {
    labels.fill(1, from, to + 1);
    for (let distance = 1; distance <= reach; distance++) {
      const label = Math.sqrt(1 - distance / buffer);
      for (const row of [from - distance, to + distance])
        if (row >= 0 && row < rows) labels[row] = Math.max(labels[row], label);
    }
  }
  return labels;
}

/** The stretches of rows whose label is above 0. */
function stretchesOf(labels: Float64Array): Range[] {
  const found: [number, number][] = [];
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === 0) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === row - 1) last[1] = row;
    else found.push([row, row]);
  }
  return found;
}

/**
 * Areas below the curves of precision over recall and of true over false positives, with a buffer around each anomaly: hits
 * are weighted by the soft labels, recall counts half of what the buffer adds and is scaled by the share of anomalies that
 * were met. With a buffer of 0 and one anomaly they are the usual areas.
 *
 * Precision is that of each step of recall, so that a constant score has the rate of the labels, not the mean of that and 1.
 */
export function rangeAreas(scores: Float64Array, windows: readonly Range[], buffer: number): Areas {
  const rows = scores.length;
  const labels = softLabels(windows, rows, buffer);
  const stretches = stretchesOf(labels);
  const stretchAt = new Int32Array(rows).fill(-1);
  for (const [index, [from, to]] of stretches.entries()) stretchAt.fill(index, from, to + 1);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const inside = windows.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const positives = (inside + labels.reduce((sum, label) => sum + label, 0)) / 2;
  const isMet = new Uint8Array(stretches.length);
  let [met, hits, precisionRecall, roc, recallBefore, falseBefore] = [0, 0, 0, 0, 0, 0];
  for (let told = 0; told < rows; told++) {
    const row = order[told];
    hits += labels[row];
    if (stretchAt[row] >= 0 && isMet[stretchAt[row]] === 0) {
      isMet[stretchAt[row]] = 1;
      met++;
    }
    // Rows of the same score are told together.
    if (told + 1 < rows && scores[order[told + 1]] === scores[row]) continue;
    const recall = Math.min(1, hits / positives) * (met / stretches.length);
    const falseRate = Math.min(1, (told + 1 - hits) / (rows - positives));
    precisionRecall += ((recall - recallBefore) * hits) / (told + 1);
    roc += ((falseRate - falseBefore) * (recall + recallBefore)) / 2;
    recallBefore = recall;
    falseBefore = falseRate;
  }
  return { precisionRecall, roc: roc + ((1 - falseBefore) * (1 + recallBefore)) / 2 };
}

/** Volumes under the surfaces: the means of the areas over so many buffers from 0 to the largest. */
export function volumes(
  scores: Float64Array,
  windows: readonly Range[],
  { largestBuffer, steps }: { largestBuffer: number; steps: number },
): Areas {
  const all = Array.from({ length: steps }, (_, step) =>
    rangeAreas(scores, windows, Math.round((largestBuffer * step) / (steps - 1))),
  );
  const mean = (of: (areas: Areas) => number) => all.reduce((sum, areas) => sum + of(areas), 0) / steps;
  return { precisionRecall: mean((areas) => areas.precisionRecall), roc: mean((areas) => areas.roc) };
}

/** Weight of having met an anomaly at all, beside how much of it. */
const existence = 0.2;

/**
 * Harmonic mean of precision and recall of stretches (Tatbul et al., Precision and Recall for Time Series, NeurIPS 2018).
 * Recall is 0.2 for meeting an anomaly and 0.8 times the share of it that was told; precision is the share of each told
 * stretch that was in anomalies. Both shares are divided by the number of stretches that they are spread over. 0 where
 * nothing was met.
 */
export function rangeF1(told: readonly Range[], windows: readonly Range[]): number {
  const recall = meanOver(windows, (window) => {
    const { share, count } = overlap(window, told);
    return count === 0 ? 0 : existence + ((1 - existence) * share) / count;
  });
  const precision = meanOver(told, (stretch) => {
    const { share, count } = overlap(stretch, windows);
    return count === 0 ? 0 : share / count;
  });
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
}

const meanOver = (ranges: readonly Range[], of: (range: Range) => number) =>
  ranges.length === 0 ? 0 : ranges.reduce((sum, range) => sum + of(range), 0) / ranges.length;

/** The share of a stretch that others cover, and how many do. */
function overlap([from, to]: Range, others: readonly Range[]): { share: number; count: number } {
  let [covered, count] = [0, 0];
  for (const [otherFrom, otherTo] of others) {
    const rows = Math.min(to, otherTo) - Math.max(from, otherFrom) + 1;
    if (rows <= 0) continue;
    covered += rows;
    count++;
  }
  return { share: covered / (to - from + 1), count };
}

/** Rows from the beginning of each anomaly to the first told row in it; of those that were met. */
export function delaysOf(told: readonly Range[], windows: readonly Range[]): number[] {
  return windows.flatMap(([from, to]) => {
    const meeting = told.filter(([first, last]) => first <= to && last >= from);
    return meeting.length === 0 ? [] : [Math.min(...meeting.map(([first]) => Math.max(0, first - from)))];
  });
}
