/** False alarms of the detector where nothing happens: streams of seven kinds, and six columns together. */
import { createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { stationary } from "../../../test/learner/anomaly/streams.ts";

const rowMs = 5 * 60 * 1000;
const weekRows = 2016;
const weeks = 8;
const series = 8;
const alarmsPerWeek = 2;
/** Alarms a week that are bearable at two a week: the mean of the series. */
const goal = 1.8;

/** Alarms of one series of so many columns. */
function alarmsOf(kind: string, columns: number, seed: number): number {
  const streams = Array.from({ length: columns }, (_, column) => stationary[kind](100 * seed + column));
  const names = streams.map((_, column) => `column${column}`);
  const detector = createAnomalyDetector({ columns: names, alarmsPerWeek });
  const row = new Float64Array(columns);
  const time = new Float64Array(1);
  for (let index = 0; index < weeks * weekRows; index++) {
    for (let column = 0; column < columns; column++) row[column] = streams[column](index);
    time[0] = index * rowMs;
    detector.observe(row, 0, time, 0);
  }
  return detector.alarms;
}

/** @returns goals that were missed */
export function judgeStationary(): number {
  const kinds = Object.keys(stationary).map((kind): [string, string, number] => [kind, kind, 1]);
  let missed = 0;
  for (const [name, kind, columns] of [
    ...kinds,
    ["six columns", "autoregressive at 0.95", 6] as [string, string, number],
  ]) {
    let alarms = 0;
    for (let seed = 1; seed <= series; seed++) alarms += alarmsOf(kind, columns, seed);
    const rate = alarms / (series * weeks);
    if (rate > goal) missed++;
    console.log(
      `${name.padEnd(22)} ${rate.toFixed(2).padStart(5)} a week of ${alarmsPerWeek}, goal ${goal}${rate > goal ? " MISSED" : ""}  ${alarms} alarms in ${series} series of ${weeks} weeks`,
    );
  }
  return missed;
}
