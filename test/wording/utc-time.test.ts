import { expect, test } from "vitest";
import { utcTime } from "../../src/wording/utc-time.ts";

test("a time is written as toISOString writes it", () => {
  const times = [
    0,
    -1,
    1,
    Date.UTC(2026, 0, 31, 9, 5, 7, 8),
    Date.UTC(2024, 1, 29),
    Date.UTC(9999, 11, 31, 23, 59, 59, 999),
  ];
  for (const time of times) expect(utcTime(time)).toBe(new Date(time).toISOString());
});
