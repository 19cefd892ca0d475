import { describe, expect, test } from "vitest";
import { type ClockColumns, clockText, plainClock, SampleClock } from "../../src/samples/sample-clock.ts";

/** Follows a clock of one column; arrivals are one second apart, or unknown. */
function follow(raw: readonly number[], options: Partial<ClockColumns> = {}, arrivedAt = 1_700_000_000_000) {
  const clock = new SampleClock({ ...plainClock(["ts"]), ...options });
  const times = raw.map((value, index) => {
    const time = Float64Array.of(arrivedAt + 1000 * index);
    clock.observe(Float64Array.of(value), 0, time, 0);
    return time[0];
  });
  return { times, report: clock.report() };
}

describe("the time of a sample", () => {
  test.each([
    ["seconds", 1_700_000_000.5],
    ["milliseconds", 1_700_000_000_500],
    ["microseconds", 1_700_000_000_500_000],
  ])("is that of the device since 1970, in %s", (_, raw) => {
    expect(follow([raw]).times[0]).toBeCloseTo(1_700_000_000_500, 0);
  });

  test("is counted from the arrival of the first, where the device counts from its start", () => {
    const { times } = follow([5000, 6000, 6500], { columns: ["uptime_ms"] }, 1_000_000_000_000);
    expect(times).toEqual([1_000_000_000_000, 1_000_000_001_000, 1_000_000_001_500]);
  });

  test.each([
    ["time (ms)", 20],
    ["Time [us]", 0.02],
    ["TIME_US", 0.02],
    ["Time US", 20_000],
    ["T's", 20],
    ["Zeit [s]", 20_000],
    ["elapsed (min)", 1_200_000],
    ["t_ms", 20],
    ["time", 20_000],
    ["millis", 20],
    ["alarms", 20],
  ])("counts in the unit of its name, %s", (name, stepMs) => {
    const { times } = follow([0, 20, 40], { columns: [name] }, 1_000_000_000_000);
    expect(times[2] - times[1]).toBeCloseTo(stepMs, 3);
  });

  test("is that of microseconds, where the name says so and they have the size of milliseconds since 1970", () => {
    const { times } = follow([150_000_000_000, 150_000_010_000], { columns: ["us"] }, 1_000_000_000_000);
    expect(times[1] - times[0]).toBeCloseTo(10, 3);
  });

  test("starts over at its arrival, where the device has started again", () => {
    const { times, report } = follow([90_000, 91_000, 10, 1010], { unit: "ms" }, 1_000_000_000_000);
    expect(times.slice(2)).toEqual([1_000_000_002_000, 1_000_000_003_000]);
    expect(report.back).toBe(1);
  });

  test("goes on where a counter of 32 bits begins again", () => {
    const { times, report } = follow([2 ** 32 - 500, 500], { unit: "ms" });
    expect(times[1] - times[0]).toBe(1000);
    expect(report.back).toBe(0);
  });

  test("goes on where a time of day passes midnight", () => {
    const { times } = follow([-1000, -86_400_000, -86_399_000]);
    expect(times[2] - times[0]).toBe(2000);
  });

  test("is that of its arrival where it has none", () => {
    const { times, report } = follow([1_700_000_000_000, Number.NaN, 1_700_000_002_000]);
    expect(times[1]).toBe(1_700_000_001_000);
    expect(report.absent).toBe(1);
  });

  test("begins at 0 where nobody knows when the first arrived", () => {
    expect(follow([300, 400], { unit: "ms" }, Number.NaN).times).toEqual([300, 400]);
  });

  test.each([
    ["a day of a spreadsheet, by the name", "Date", 46_109, "2026-03-28T00:00:00.000Z"],
    ["a day of a spreadsheet with its hour", "data", 46_109.25, "2026-03-28T06:00:00.000Z"],
  ])("is %s", (_, column, raw, expected) => {
    expect(new Date(follow([raw], { columns: [column] }).times[0]).toISOString()).toBe(expected);
  });

  test("is no day where a counter is called data", () => {
    const { times } = follow([40_000, 40_001], { columns: ["data"] }, 1_000_000_000_000);
    expect(times).toEqual([1_000_000_000_000, 1_000_000_000_001]);
  });

  test("is the sum of a date and a time of day in two columns", () => {
    const clock = new SampleClock(plainClock(["Date", "Time"]));
    const time = new Float64Array(1);
    clock.observe(Float64Array.of(Date.UTC(2024, 2, 10), 64_800_000 - 86_400_000), 0, time, 0);
    expect(new Date(time[0]).toISOString()).toBe("2024-03-10T18:00:00.000Z");
  });
});

describe("what a clock shows", () => {
  const steady = Array.from({ length: 20 }, (_, row) => 1_700_000_000_000 + 1000 * row);

  test("is nothing where it is steady", () => {
    expect(clockText(follow(steady).report)).toBeNull();
  });

  test("is how far samples are apart, gaps aside, once it is known", () => {
    expect(follow(steady.slice(0, 8)).report.usualMs).toBeNull();
    expect(follow([...steady, 1_700_009_000_000]).report.usualMs).toBeCloseTo(1000);
    // A clock of whole seconds, and four samples in each.
    const coarse = Array.from({ length: 200 }, (_, row) => 1_700_000_000_000 + 1000 * Math.floor(row / 4));
    expect(follow(coarse).report.usualMs).toBeCloseTo(250, -1);
  });

  test.each([
    [
      "begins with a step of a second and goes on by minutes",
      (row: number) => 60_000 * row + (row > 0 ? -59_000 : 0),
    ],
    ["brings rows in pairs", (row: number) => 1000 * (row >> 1) + 5 * (row % 2)],
  ])("is no usual step where it %s", (_, timeOf) => {
    const times = Array.from({ length: 2000 }, (_, row) => 1_700_000_000_000 + timeOf(row));
    expect(follow(times).report.usualMs).toBeNull();
  });

  test("are gaps, with the longest", () => {
    const later = steady.map((time) => time + 86_400_000);
    const latest = later.map((time) => time + 3_600_000);
    const { report } = follow([...steady, ...later, ...latest]);
    expect(report).toMatchObject({ gaps: 2, longestGapMs: 86_381_000 });
    expect(clockText(report)).toBe("2 gaps, the longest of 24 h");
  });

  test("are repeats and steps back", () => {
    const { report } = follow([...steady, steady[19], steady[5], steady[6]]);
    expect(report).toMatchObject({ repeated: 1, back: 1 });
    expect(clockText(report)).toBe("1 sample with the time of the one before; 1 step back");
  });
});
