/** What the detector makes of a lasting shift, of one impossible value, and of a restart in the middle of a stream. */
import { createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { stationary } from "../../../test/learner/anomaly/streams.ts";
import type { Series } from "./nab.ts";

const rowMs = 5 * 60 * 1000;
const hourRows = 12;
const dayRows = 288;
const weekRows = 7 * dayRows;
const shiftAt = 3 * weekRows;
/** Standard deviations by which the level shifts, and that of `a day's course`: of the wave and of what is around it. */
const shiftDeviations = 6;
const deviation = Math.sqrt(10 ** 2 / 2 + 1 / (1 - 0.9 ** 2));
const shiftSeries = 20;
/** Alarms in the week after the first hour of a shift, the mean of the series. */
const mostLater = 1;

/** An impossible value, and where it stands in the taxis' series. */
const impossible = 1e30;
const impossibleAt = 3000;
/** Rows after which the alarms are compared with those of the clean series. */
const recoveredAfter = 1000;
const fewestKept = 3;
/** Alarms of two runs at most so many rows apart are the same. */
const sameWithin = 24;
const taxiAlarmsPerWeek = 4;

function report(name: string, isGood: boolean, text: string): number {
  console.log(`${name.padEnd(22)} ${text}${isGood ? "" : "  MISSED"}`);
  return isGood ? 0 : 1;
}

/** An episode that is under way when the level shifts takes the shift in, so only what begins then is told. */
function judgeShift(): number {
  let told = 0;
  let taken = 0;
  let later = 0;
  for (let seed = 1; seed <= shiftSeries; seed++) {
    const next = stationary["a day's course"](500 + seed);
    const detector = createAnomalyDetector({ columns: ["value"] });
    const [value, time] = [new Float64Array(1), new Float64Array(1)];
    let inTime = 0;
    for (let row = 0; row < shiftAt + weekRows; row++) {
      if (row === shiftAt && detector.isOpen) taken++;
      value[0] = next(row) + (row >= shiftAt ? shiftDeviations * deviation : 0);
      time[0] = row * rowMs;
      const begins = detector.observe(value, 0, time, 0);
      if (!begins || row < shiftAt) continue;
      if (row < shiftAt + hourRows) inTime++;
      else later++;
    }
    told += Math.min(1, inTime);
  }
  return report(
    "shift of 6 sd",
    told + taken === shiftSeries && later / shiftSeries <= mostLater,
    `told within the hour in ${told} of ${shiftSeries}, ${taken} in an episode that was open; ${(later / shiftSeries).toFixed(2)} more in the week, goal ${mostLater}`,
  );
}

/** Rows at which alarms begin, and the evidence of each row; from `restart` on, a detector restored from the first goes on. */
function observe(series: Series, values: Float64Array, alarmsPerWeek: number, restart = -1) {
  const { times, probation } = series;
  const options = { columns: ["value"], alarmsPerWeek, warmUpRows: probation, warmUpMs: 0 };
  let detector = createAnomalyDetector(options);
  const alarms: number[] = [];
  const evidence = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    if (row === restart) {
      const state = structuredClone(detector.state());
      detector = createAnomalyDetector(options);
      detector.restore(state);
    }
    if (detector.observe(values, row, times, row)) alarms.push(row);
    evidence[row] = detector.evidence;
  }
  return { alarms, evidence };
}

function judgeImpossibleValue(series: Series): number {
  const clean = observe(series, series.values, taxiAlarmsPerWeek).alarms;
  const values = series.values.slice();
  values[impossibleAt] = impossible;
  const spoilt = observe(series, values, taxiAlarmsPerWeek).alarms;
  const later = clean.filter((row) => row > impossibleAt + recoveredAfter);
  const near = (row: number) => spoilt.some((other) => Math.abs(other - row) <= sameWithin);
  const kept = later.filter(near);
  return report(
    "one cell of 1e30",
    spoilt.includes(impossibleAt) && kept.length >= fewestKept,
    `${spoilt.includes(impossibleAt) ? "told" : "not told"}; of the ${later.length} alarms later than ${recoveredAfter} rows after it ${kept.length} are left, goal ${fewestKept}`,
  );
}

function judgeRestart(series: Series): number {
  const whole = observe(series, series.values, taxiAlarmsPerWeek);
  const parts = observe(series, series.values, taxiAlarmsPerWeek, 5003);
  let differing = 0;
  for (let row = 0; row < whole.evidence.length; row++)
    if (!Object.is(parts.evidence[row], whole.evidence[row])) differing++;
  return report(
    "restart in the middle",
    differing === 0 && String(whole.alarms) === String(parts.alarms),
    `evidence differs in ${differing} of ${whole.evidence.length} rows`,
  );
}

/** @returns goals that were missed */
export function judgeAcceptance(all: readonly Series[]): number {
  const taxi = all.find(({ name }) => name.includes("nyc_taxi"));
  if (taxi === undefined) throw new Error("found no series of taxis among NAB's");
  return judgeShift() + judgeImpossibleValue(taxi) + judgeRestart(taxi);
}
