/** How well the detector of anomalies finds those of public series, with nothing set but the alarms a week. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { judgeAcceptance } from "./acceptance.ts";
import { judgeRanking } from "./judge-ranking.ts";
import { type Account, account, readSeries, type Series, score } from "./nab.ts";
import { judgeStationary } from "./stationary.ts";

const weekMs = 7 * 24 * 60 * 60 * 1000;

/** Required NAB scores: by alarms a week, and with the best threshold chosen in hindsight, as in the published results. */
const goals: Record<number, number> = { 7: 66, 4: 63, 2: 56 };
const goalInHindsight = 65;

const published =
  "published, threshold in hindsight: ARTime 74.9, HTM 70.1, CAD OSE 69.9, KNN-CAD 58.0, relative entropy 54.6, windowed Gaussian 39.6";

interface Run {
  series: Series;
  evidence: Float64Array;
  sustained: Float64Array;
  /** Whether an alarm began at each row, and whether an episode was under way. */
  alarms: Uint8Array;
  isOpen: Uint8Array;
}

/** Alarms a week at which the told stretches are scored. */
const rankedAt = 4;

function observe(series: Series, alarmsPerWeek: number): Run {
  const { times, values, probation } = series;
  const detector = createAnomalyDetector({
    columns: ["value"],
    alarmsPerWeek,
    warmUpRows: probation,
    warmUpMs: 0,
  });
  const evidence = new Float64Array(values.length);
  const sustained = new Float64Array(values.length);
  const alarms = new Uint8Array(values.length);
  const isOpen = new Uint8Array(values.length);
  const steady = new Float64Array(1);
  steady[0] = times[0];
  for (let row = 0; row < values.length; row++) {
    // Where a series steps back for the end of summer time, its steady clock does not.
    steady[0] = Math.max(steady[0], times[row]);
    alarms[row] = Number(detector.observe(values, row, steady, 0));
    evidence[row] = detector.evidence;
    sustained[row] = detector.sustained;
    isOpen[row] = Number(detector.isOpen);
  }
  return { series, evidence, sustained, alarms, isOpen };
}

const detectionsOf = ({ series, alarms }: Run): Account =>
  account(series, (row) => alarms[row] === 1, alarms.length);

/** @returns goals that were missed */
export function judgeAnomalies(directory: string): number {
  return judgeStationary() + judgeSeries(join(directory, "nab"));
}

function judgeSeries(folder: string): number {
  if (!existsSync(folder)) return 0;
  const all = readSeries(folder);
  const missed = judgeAcceptance(all);
  return missed + judgeNab(all);
}

function judgeNab(all: readonly Series[]): number {
  const perfect = all.map((series) =>
    account(series, (row) => series.windows.some(([from]) => row === from), series.values.length),
  );
  const nothing = all.map((series) => account(series, () => false, series.values.length));
  const windows = all.reduce((total, series) => total + series.windows.length, 0);
  console.log(
    `nab: ${all.length} series, ${windows} windows; no detection ${score(nothing).toFixed(1)}, each at once ${score(perfect).toFixed(1)}`,
  );
  let missed = 0;
  const judge = (name: string, found: number, goal: number, more: string) => {
    if (found < goal) missed++;
    console.log(
      `${name.padEnd(22)} ${found.toFixed(1).padStart(5)}  goal ${goal}${found < goal ? " MISSED" : ""}  ${more}`,
    );
  };
  let lastRuns: Run[] = [];
  for (const perWeek of [7, 4, 2]) {
    const runs = all.map((series) => observe(series, perWeek));
    const accounts = runs.map(detectionsOf);
    const weeks = runs.reduce(
      (total, { series: { times, probation } }) =>
        total + (times[times.length - 1] - times[probation]) / weekMs,
      0,
    );
    const alarms = runs.reduce((total, run) => total + run.alarms.reduce((sum, alarm) => sum + alarm, 0), 0);
    const hits = accounts.reduce((total, each) => total + each.hits, 0);
    const falseRows = accounts.reduce((total, each) => total + each.falseRows, 0);
    const rate = alarms / weeks;
    if (rate > perWeek) missed++;
    judge(
      `${perWeek} alarms a week`,
      score(accounts),
      goals[perWeek],
      `${hits} of ${windows} found, ${falseRows} false, ${rate.toFixed(2)} a week${rate > perWeek ? " MORE THAN ASKED" : ""}`,
    );
    if (perWeek === rankedAt) missed += judgeRanking(runs, perWeek);
    lastRuns = runs;
  }
  const { threshold, best } = inHindsight(lastRuns);
  judge("threshold in hindsight", best, goalInHindsight, `at ${threshold} nats; ${published}`);
  return missed;
}

/** Rows after which a rise is another episode, as the gate has it at two alarms a week and a row each five minutes. */
const rowsOfEpisode = 50;

/** The first row of each episode at or above a threshold, as the gate tells one alarm of each. */
function episodesAbove(evidence: Float64Array, threshold: number, from: number): Set<number> {
  const begun = new Set<number>();
  let lastAbove = Number.NEGATIVE_INFINITY;
  for (let row = from; row < evidence.length; row++) {
    const isNew = row - lastAbove > rowsOfEpisode;
    if (evidence[row] >= (isNew ? threshold : 0.8 * threshold)) {
      if (isNew) begun.add(row);
      lastAbove = row;
    }
  }
  return begun;
}

function inHindsight(runs: readonly Run[]): { threshold: number; best: number } {
  let best = Number.NEGATIVE_INFINITY;
  let threshold = 0;
  for (let nats = 10; nats <= 30; nats += 0.1) {
    const found = score(
      runs.map(({ series, evidence }) => {
        const begun = episodesAbove(evidence, nats, series.probation);
        return account(series, (row) => begun.has(row), evidence.length);
      }),
    );
    if (found <= best) continue;
    best = found;
    threshold = Number(nats.toFixed(1));
  }
  return { threshold, best };
}
