/**
 * The Numenta Anomaly Benchmark (Lavin and Ahmad, Evaluating Real-Time Anomaly Detection Algorithms, ICMLA 2015): its
 * series, and its score with the standard profile.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface Series {
  name: string;
  /** Milliseconds since the epoch, as if the times were UTC. */
  times: Float64Array;
  values: Float64Array;
  /** First and last row of each window in which an anomaly counts as found. */
  windows: [number, number][];
  /** Rows at the beginning that are not scored. */
  probation: number;
}

export function readSeries(directory: string): Series[] {
  const windows = JSON.parse(readFileSync(join(directory, "windows.json"), "utf8")) as Record<
    string,
    [string, string][]
  >;
  return Object.entries(windows).map(([name, limits]) => {
    const lines = gunzipSync(readFileSync(join(directory, `${name}.gz`)))
      .toString()
      .trim()
      .split("\n")
      .slice(1);
    const times = Float64Array.from(lines, (line) => timeOf(line.slice(0, line.indexOf(","))));
    const values = Float64Array.from(lines, (line) => Number(line.slice(line.indexOf(",") + 1)));
    return {
      ...{ name, times, values },
      windows: limits.map(([from, to]) => [times.indexOf(timeOf(from)), times.indexOf(timeOf(to))]),
      probation: Math.min(Math.floor(0.15 * lines.length), 750),
    };
  });
}

const timeOf = (text: string) => Date.parse(`${text.trim().replace(" ", "T").replace(/\.0+$/, "")}Z`);

const weights = { hit: 1, falseAlarm: 0.11, miss: 1 };

/** 1 - 2 / (1 + e^-5x), near 1 long before x = 0, -1 long after. */
const sigmoid = (x: number) => (x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1);

/** What a series adds to the score, beside that of no detection, and what it could add. */
export interface Account {
  gained: number;
  possible: number;
  hits: number;
  falseRows: number;
}

/** Scores the detections of a series: whether each row is one. */
export function account(
  { windows, probation }: Series,
  isDetected: (row: number) => boolean,
  rows: number,
): Account {
  const most = sigmoid(-1);
  const best = windows.map(() => Number.NEGATIVE_INFINITY);
  let gained = 0;
  let falseRows = 0;
  let next = 0;
  for (let row = 0; row < rows; row++) {
    while (next < windows.length && row > windows[next][1]) next++;
    if (row < probation || !isDetected(row)) continue;
    const [from, to] = windows[next] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    if (row >= from) {
      const place = -(to - row + 1) / (to - from + 1);
      best[next] = Math.max(best[next], (sigmoid(place) * weights.hit) / most);
      continue;
    }
    falseRows++;
    const before = windows[next - 1];
    const past =
      before === undefined ? Number.POSITIVE_INFINITY : (row - before[1]) / (before[1] - before[0]);
    gained += sigmoid(past) * weights.falseAlarm;
  }
  let hits = 0;
  for (const score of best) {
    if (score === Number.NEGATIVE_INFINITY) continue;
    hits++;
    // Beside a miss.
    gained += score + weights.miss;
  }
  return { gained, possible: windows.length * (weights.hit + weights.miss), hits, falseRows };
}

/** The score of a corpus: 0 for no detection at all, 100 for each anomaly found at once and nothing else. */
export function score(accounts: readonly Account[]): number {
  const sum = (of: (account: Account) => number) => accounts.reduce((total, each) => total + of(each), 0);
  return (100 * sum(({ gained }) => gained)) / sum(({ possible }) => possible);
}
