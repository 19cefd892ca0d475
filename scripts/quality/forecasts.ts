/** Forecasts of three series at three horizons each, beside the last value and the season. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DirectForecast } from "../../src/learner/forecast/direct-forecast.ts";
import { readText } from "./held-out.ts";

interface Series {
  name: string;
  /** Rows a second. */
  rate: number;
  values: Float64Array;
  /** Milliseconds since the epoch. */
  times: Float64Array;
  /** Rows ahead, and the least skill over the better baseline. */
  cases: readonly (readonly [horizon: number, skill: number])[];
}

const hourMs = 3_600_000;

/** Hourly, with a few hours missing: the time follows from the hours and days. */
function bike(directory: string): Series {
  const lines = readText(join(directory, "bike-sharing")).trimEnd().split("\n").slice(1);
  const rows = lines.map((line) => line.split(",").map(Number));
  const times = new Float64Array(rows.length);
  let day = 0;
  for (const [i, row] of rows.entries()) {
    if (i > 0 && row[3] <= rows[i - 1][3]) day++;
    times[i] = Date.UTC(2011, 0, 1 + day, row[3]);
  }
  const values = Float64Array.from(rows, (row) => row[12]);
  return {
    name: "bike-sharing",
    rate: 1 / 3600,
    values,
    times,
    cases: [
      [1, 0.25],
      [6, -0.03],
      [24, -0.03],
    ],
  };
}

function nab(directory: string, file: string, name: string, everyMs: number, cases: Series["cases"]): Series {
  const path = join(directory, "nab", "realKnownCause", `${file}.csv.gz`);
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n").slice(1);
  const cells = lines.map((line) => line.split(","));
  return {
    ...{ name, rate: 1000 / everyMs, cases },
    values: Float64Array.from(cells, (cell) => Number(cell[1])),
    times: Float64Array.from(cells, (cell) => Date.parse(`${cell[0].replace(" ", "T")}Z`)),
  };
}

/** Forecasts each of the cases; returns how many miss their goal. */
export function judgeForecasts(directory: string): number {
  const all = [
    nab(directory, "machine_temperature_system_failure", "machine temperature", 300_000, [
      [1, 0.06],
      [12, -0.03],
      [72, -0.03],
    ]),
    bike(directory),
    nab(directory, "nyc_taxi", "NYC taxi", hourMs / 2, [
      [1, 0.44],
      [4, -0.03],
      [48, -0.03],
    ]),
  ];
  console.log(
    "series                 rows ahead  MAE last    season      ours        skill   cover  last 500  width",
  );
  let missed = 0;
  for (const series of all)
    for (const [horizon, goal] of series.cases) missed += judge(series, horizon, goal);
  return missed;
}

function judge({ name, rate, values, times }: Series, horizon: number, goal: number): number {
  const forecast = new DirectForecast({ horizon, rate, timeZone: "UTC" });
  for (let i = 0; i < values.length; i++) {
    forecast.predict(values, i, times, i);
    forecast.join();
    forecast.learn(values, i, times, i);
  }
  const [ours, last, day, week] = forecast.errors;
  const season = Math.min(day, week);
  const skill = 1 - ours / Math.min(last, season);
  const { realizedCoverage, recentCoverage } = forecast.interval;
  const isGood = skill >= goal && realizedCoverage >= 0.88 && realizedCoverage <= 0.92;
  const cells = [last, season, ours].map((mae) => mae.toPrecision(4).padEnd(12));
  console.log(
    `${name.padEnd(23)}${String(horizon).padEnd(12)}${cells.join("")}${skill.toFixed(3).padEnd(8)}${realizedCoverage.toFixed(3)}  ${recentCoverage.toFixed(3)}     ${forecast.meanWidth.toPrecision(4)}${isGood ? "" : `  MISSED, goal ${goal}`}`,
  );
  return isGood ? 0 : 1;
}
