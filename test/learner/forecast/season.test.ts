import { expect, test } from "vitest";
import { Season } from "../../../src/learner/forecast/season.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** The first Monday of 1970. */
const monday = 4 * day;

/** By day and by week: what is usual when the forecast comes true, and at the row. */
function usualAt(season: Season, time: number): number[] {
  const out = new Float64Array(4);
  season.write(Float64Array.of(time), 0, out);
  return [...out];
}

function learn(season: Season, time: number, value: number): void {
  season.learn(Float64Array.of(time), 0, Float64Array.of(value), 0);
}

test("a season is the mean of each half hour of the day and of each hour of the week", () => {
  const season = new Season("UTC", hour);
  learn(season, monday + 10 * minute, 10);
  learn(season, monday + 20 * minute, 20);
  learn(season, monday + 40 * minute, 60);
  expect(usualAt(season, monday - 50 * minute)).toEqual([15, 30, Number.NaN, Number.NaN]);
  expect(usualAt(season, monday + 5 * minute)).toEqual([Number.NaN, Number.NaN, 15, 30]);
});

test("where an hour of the week is not known, its half hour of the day stands for it", () => {
  const season = new Season("UTC", hour);
  learn(season, monday + 10 * minute, 10);
  expect(usualAt(season, monday + day - 50 * minute)).toEqual([10, 10, Number.NaN, Number.NaN]);
});

test("a mean follows by a fiftieth a day and by a twentieth a week once there are many values", () => {
  const season = new Season("UTC", hour);
  for (let week = 0; week < 200; week++) learn(season, monday + 7 * day * week, 0);
  learn(season, monday, 1);
  expect(usualAt(season, monday).slice(2)).toEqual([0.02, 0.05]);
});

test("nothing is usual where the time of a row, or that of its forecast, is not known", () => {
  const season = new Season("UTC", Number.NaN);
  learn(season, monday, 5);
  learn(season, Number.NaN, 7);
  expect(usualAt(season, monday)).toEqual(Array(4).fill(Number.NaN));
  const other = new Season("UTC", hour);
  other.restore(season.state());
  expect(usualAt(other, monday).slice(2)).toEqual([5, 5]);
  expect(usualAt(other, Number.NaN)).toEqual(Array(4).fill(Number.NaN));
});
