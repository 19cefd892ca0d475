import { expect, test } from "vitest";
import { LocalTime } from "../../src/features/local-time.ts";

const quarterMs = 15 * 60 * 1000;
const dayMs = 86_400_000;

/** The local clock of a zone as text, by a format that keeps nothing. */
function clockIn(timeZone: string): (time: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return (time) => format.format(time).replace(" ", "T");
}

test.each([
  ["Europe/Berlin", "an hour forward", "2026-03-29"],
  ["Europe/Berlin", "an hour back", "2026-10-25"],
  ["Australia/Lord_Howe", "half an hour forward", "2026-10-03"],
  ["America/New_York", "an hour back", "2026-11-01"],
  ["Pacific/Apia", "a day forward", "2011-12-30"],
  ["Asia/Kathmandu", "nothing", "2026-06-01"],
])("the local time of %s is right at each quarter of days around a change by %s", (zone, _, day) => {
  const inOrder = new LocalTime(zone);
  const backwards = new LocalTime(zone);
  // What is kept of one season must not hold for the other.
  const byTurns = new LocalTime(zone);
  const clock = clockIn(zone);
  const start = Date.parse(day) - dayMs;
  const requireRight = (local: LocalTime, time: number) => {
    expect(local.read(Float64Array.of(time), 0)).toBe(true);
    expect(new Date(local.now[0]).toISOString().slice(0, 19)).toBe(clock(time));
  };
  for (let time = start; time < start + 3 * dayMs; time += quarterMs) {
    requireRight(inOrder, time);
    requireRight(backwards, 2 * start + 3 * dayMs - time);
    requireRight(byTurns, time);
    requireRight(byTurns, time + 180 * dayMs);
  }
});

test("the local time of a moment that is not known is not read", () => {
  expect(new LocalTime("UTC").read(Float64Array.of(Number.NaN), 0)).toBe(false);
});
