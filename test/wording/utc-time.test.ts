import { expect, test } from "vitest";
import { utcTime, withTimes } from "../../src/wording/utc-time.ts";

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

test("each time in a text is written in another way, with and without parts of a second", () => {
  const text = "from 2026-01-31T12:00:00Z to 2026-01-31T12:00:00.250Z, not 2026-01-31";
  expect(withTimes(text, (time) => `<${time.getTime()}>`)).toBe(
    "from <1769860800000> to <1769860800250>, not 2026-01-31",
  );
});
