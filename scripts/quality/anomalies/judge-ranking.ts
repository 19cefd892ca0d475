/**
 * Beside NAB's own score, with which random scores do well (arXiv 2511.18739), others that know no detector: volumes under the
 * surfaces of precision and recall and of true over false positives, F1 of stretches, and delays.
 */
import { createRandom } from "../../../src/engine/model/random.ts";
import type { Series } from "./nab.ts";
import { type Areas, delaysOf, type Range, rangeF1, volumes } from "./ranking.ts";

const buffers = { largestBuffer: 100, steps: 5 };

/** What a detector said of a series: how unusual each row is, and whether an episode was under way. */
export interface RankedRun {
  series: Series;
  evidence: Float64Array;
  /** How unusual the latest while is, at each row. */
  sustained: Float64Array;
  isOpen: Uint8Array;
}

interface Ranked extends Areas {
  f1: number;
  /** Rows from the beginning of each anomaly that was met to the first told row. */
  delays: number[];
}

/** The stretches of rows that were told. */
function stretchesOf(isOpen: Uint8Array): Range[] {
  const found: [number, number][] = [];
  for (let row = 0; row < isOpen.length; row++) {
    if (isOpen[row] === 0) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === row - 1) last[1] = row;
    else found.push([row, row]);
  }
  return found;
}

/** Scores what was said of the rows behind the probation. */
function rank({ series, evidence, isOpen }: RankedRun): Ranked {
  const { probation } = series;
  const windows = series.windows.map(([from, to]): Range => [from - probation, to - probation]);
  const told = stretchesOf(isOpen.subarray(probation));
  return {
    ...volumes(evidence.slice(probation), windows, buffers),
    f1: rangeF1(told, windows),
    delays: delaysOf(told, windows),
  };
}

/** A score without sense, that tells as many rows as the detector did. */
function atRandom({ series, evidence, isOpen, sustained }: RankedRun, seed: number): RankedRun {
  const random = createRandom(seed);
  const share = isOpen.reduce((sum, open) => sum + open, 0) / isOpen.length;
  const scores = Float64Array.from(evidence, () => random.uniform());
  const told = Uint8Array.from(scores, (score) => Number(score < share));
  return { series, sustained, evidence: scores, isOpen: told };
}

/** Says the same of every row: that it is unusual. */
const constant = ({ series, evidence, isOpen, sustained }: RankedRun): RankedRun => ({
  ...{ series, sustained },
  evidence: new Float64Array(evidence.length),
  isOpen: new Uint8Array(isOpen.length).fill(1),
});

/** Prints the scores of the series with anomalies; a detector must beat chance in each. @returns goals that were missed */
export function judgeRanking(runs: readonly RankedRun[], alarmsPerWeek: number): number {
  const used = runs.filter(({ series }) => series.windows.length > 0);
  const anomalies = used.reduce((sum, { series }) => sum + series.windows.length, 0);
  console.log(
    `the ${used.length} series with anomalies, at ${alarmsPerWeek} alarms a week: means of series; buffers up to ${buffers.largestBuffer} rows`,
  );
  const own = print("Rivulet", used.map(rank), anomalies);
  print(
    "its latest while",
    used.map((run) => rank({ ...run, evidence: run.sustained })),
    anomalies,
  );
  const chance = print(
    "a random score",
    used.map((run, index) => rank(atRandom(run, index + 1))),
    anomalies,
  );
  print(
    "a constant score",
    used.map((run) => rank(constant(run))),
    anomalies,
  );
  return Number(own.precisionRecall <= chance.precisionRecall) + Number(own.roc <= chance.roc);
}

function print(name: string, ranked: readonly Ranked[], anomalies: number): Areas {
  const mean = (of: (each: Ranked) => number) =>
    ranked.reduce((sum, each) => sum + of(each), 0) / ranked.length;
  const means = { precisionRecall: mean((each) => each.precisionRecall), roc: mean((each) => each.roc) };
  const delays = ranked.flatMap((each) => each.delays).sort((a, b) => a - b);
  console.log(
    `  ${name.padEnd(18)} VUS-PR ${means.precisionRecall.toFixed(3)}  VUS-ROC ${means.roc.toFixed(3)}  range F1 ${mean(({ f1 }) => f1).toFixed(3)}  met ${delays.length} of ${anomalies}, median delay ${delays[Math.floor(delays.length / 2)] ?? "none"} rows`,
  );
  return means;
}
