import { expect, test } from "vitest";
import {
  formatCount,
  formatDuration,
  formatShare,
  formatSize,
  parseDuration,
  parseRate,
  parseSize,
  parseTimeSpan,
} from "../../src/wording/quantities.ts";

test("reads durations with their unit", () => {
  expect(parseDuration("10min")).toBe(600_000);
  expect(parseDuration("30 s")).toBe(30_000);
  expect(parseDuration("1.5h")).toBe(5_400_000);
  expect(parseDuration("250ms")).toBe(250);
  for (const text of ["10m", "10 minutes", "600 sec", "600seconds"])
    expect(parseDuration(text)).toBe(600_000);
  for (const text of ["1h30min", "1h 30min", "1 hour 30 minutes", "90min"])
    expect(parseDuration(text)).toBe(5_400_000);
  expect(parseTimeSpan("2 weeks")).toBe(14 * 86_400_000);
  for (const text of ["30min1h", "1h1h", "1h30", "1h-30min", "1hh", "h", "1h, 30min"])
    expect(parseDuration(text)).toBeNull();
});

test.each([
  ["1/hour", 1 / 3600],
  ["10/min", 1 / 6],
  ["6/minute", 1 / 10],
  ["1/10min", 1 / 600],
  ["1/15 min", 1 / 900],
  ["3 per 2 hours", 1 / 2400],
  ["2/1h30min", 1 / 2700],
  ["every hour", 1 / 3600],
  ["1 per hour", 1 / 3600],
  ["2 a day", 2 / 86_400],
  ["every 10min", 1 / 600],
  ["10per min", 1 / 6],
  ["every 1d", 1 / 86_400],
  ["50 Hz", 50],
  ["1.6kHz", 1600],
])("reads the rate %s", (text, rate) => {
  expect(parseRate(text)).toBeCloseTo(rate, 12);
});

test("refuses a rate that is none", () => {
  for (const text of [
    "10",
    "1/",
    "/hour",
    "0/s",
    "every 0s",
    "every Tuesday",
    "1 perhaps",
    "1 a10minb",
    "5/constructor",
    "-1/s",
    "1/Hour",
    "0 Hz",
    "every .5s",
    "1/.5s",
    "2 per .1s",
    "1/h30min",
  ])
    expect(parseRate(text)).toBeNull();
});

test("reads binary and decimal sizes", () => {
  expect(parseSize("8MiB")).toBe(8 * 1024 * 1024);
  expect(parseSize("64 kB")).toBe(64_000);
  expect(parseSize("0.5KiB")).toBe(512);
});

test("refuses a quantity without a unit, with an unknown one, or with a sign", () => {
  for (const text of ["10", "10 fortnights", "min", "-5s", "1e3s", "", "8mib", "5constructor"]) {
    expect(parseDuration(text)).toBeNull();
    expect(parseSize(text)).toBeNull();
  }
});

test("refuses a duration that no timer of Node can count", () => {
  expect(parseDuration("24d")).toBeLessThan(2 ** 31);
  expect(parseDuration("25d")).toBeNull();
});

test("writes sizes and durations for people", () => {
  expect([812, 1536, 64.2 * 2 ** 20].map(formatSize)).toEqual(["812 B", "1.5 KiB", "64.2 MiB"]);
  expect([400, 42_000, 185_000, 7_800_000, 97_200_000].map(formatDuration)).toEqual([
    "0.4 s",
    "42 s",
    "3 min 5 s",
    "2 h 10 min",
    "1 d 3 h",
  ]);
});

test("never writes sixty seconds or 1024 KiB", () => {
  expect(formatDuration(59_700)).toBe("1 min");
  expect(formatSize(2 ** 20 - 1)).toBe("1.0 MiB");
});

test("writes counts with their noun, and shares as percentages", () => {
  expect(formatCount(1, "sample")).toBe("1 sample");
  expect(formatCount(0, "sample")).toBe("0 samples");
  expect(formatCount(2, "stretch", "stretches")).toBe("2 stretches");
  expect(formatShare(0.8864)).toBe("88.6 %");
  expect(formatShare(1, 0)).toBe("100 %");
});
