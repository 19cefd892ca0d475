import { describe, expect, test } from "vitest";
import { timeOfDigits } from "../../../src/samples/decoding/date-digits.ts";
import { clockAmong, lookAtText, type TextLook } from "../../../src/samples/decoding/text-look.ts";
import { plainClock, SampleClock } from "../../../src/samples/sample-clock.ts";

describe("a date as digits", () => {
  test.each([
    [20_260_301, "2026-03-01T00:00:00Z"],
    [2_026_030_123, "2026-03-01T23:00:00Z"],
    [202_402_291_530, "2024-02-29T15:30:00Z"],
    [20_260_301_153_045, "2026-03-01T15:30:45Z"],
  ])("%i is a time", (digits, time) => {
    expect(timeOfDigits(digits)).toBe(Date.parse(time));
  });

  test.each([
    20_260_229, 20_261_301, 20_260_300, 2_026_030_125, 18_990_101, 1_772_359_200, 1_772_359_200_000, 7,
    20_260_301.5,
  ])("%d is none", (number) => {
    expect(timeOfDigits(number)).toBeNaN();
  });
});

/** The rows of days from 2024-12-20 on, or of other numbers. */
function lookAt(name: string, numberOf: (index: number) => number | string): TextLook {
  const rows = Array.from({ length: 40 }, (_, index) => `${numberOf(index)},${20 + (index % 7)}\n`);
  return lookAtText(Buffer.from(`${name},temp\n${rows.join("")}`)) as TextLook;
}

const day = (index: number) =>
  new Date(Date.UTC(2024, 11, 20 + index)).toISOString().slice(0, 10).replaceAll("-", "");
const hour = (index: number) =>
  new Date(Date.UTC(2026, 2, 1, index)).toISOString().slice(0, 13).replaceAll(/[-T]/g, "");

describe("a column of dates as digits", () => {
  test.each([
    ["DATE", day],
    ["MESS_DATUM", hour],
    ["YYYYMMDD", day],
  ])("called %s is the clock", (name, text) => {
    expect(clockAmong(lookAt(name, text).columns)).toEqual([name]);
  });

  test("is no clock where its name says nothing of dates, also where it has the size of seconds since 1970", () => {
    expect(clockAmong(lookAt("batch", hour).columns)).toEqual([]);
  });

  test("is none where some number is no date, as of a counter that goes on to the 32nd", () => {
    expect(clockAmong(lookAt("update", (index) => 20_250_110 + index).columns)).toEqual([]);
  });

  test("has steps of days", () => {
    const clock = new SampleClock(plainClock(["DATE"]));
    const times = Array.from({ length: 40 }, (_, index) => {
      const time = Float64Array.of(0);
      clock.observe(Float64Array.of(Number(day(index))), 0, time, 0);
      return time[0];
    });
    expect(times[0]).toBe(Date.UTC(2024, 11, 20));
    expect(times[39] - times[0]).toBe(39 * 86_400_000);
    expect(clock.report()).toMatchObject({ gaps: 0, back: 0 });
  });
});

describe("a rising number of the size of seconds since 1970", () => {
  const steady = (index: number) => 1_650_000_000 + 250 * index;

  test.each(["energy_total", "Wh", "pulse_count", "Zählerstand"])("called %s is no clock", (name) => {
    expect(clockAmong(lookAt(name, steady).columns)).toEqual([]);
  });

  test.each(["time", "total_time", "epoch", "created"])("called %s is one", (name) => {
    expect(clockAmong(lookAt(name, steady).columns)).toEqual([name]);
  });
});

test("a time of day as digits beside a date as digits is a piece of the clock, but no number of another name is", () => {
  const minute = (index: number) => `10${String(index % 60).padStart(2, "0")}00`;
  const rows = Array.from(
    { length: 40 },
    (_, index) => `20260301,${minute(index + 30)},${20 + (index % 7)},${index * 100}`,
  );
  const { columns } = lookAtText(Buffer.from(`date,time,temp,count\n${rows.join("\n")}\n`)) as TextLook;
  expect(columns.map(({ holds, part }) => [holds, part])).toEqual([
    ["clock", undefined],
    ["clock", "piece"],
    ["numbers", undefined],
    ["numbers", undefined],
  ]);
});
