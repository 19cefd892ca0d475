import { expect, test } from "vitest";
import { DailyRecurrence } from "../../../src/learner/anomaly/daily-recurrence.ts";

const day = 48;
const morning = 1000 * day + 15;
const counted = new Float64Array(1);

function countedOf(recurrence: DailyRecurrence, halfHour: number, evidence: number, isKnown = true): number {
  recurrence.observe(Float64Array.of(evidence), halfHour, isKnown, counted);
  return counted[0];
}

/** Days on which the evidence was 3, and `evidence` in the half hour of the morning. */
function afterDays(evidences: readonly number[]): DailyRecurrence {
  const recurrence = new DailyRecurrence();
  for (const [index, evidence] of evidences.entries())
    for (let halfHour = 0; halfHour < day; halfHour++)
      countedOf(recurrence, (1000 + index) * day + halfHour, halfHour === 15 ? evidence : 3);
  return recurrence;
}

test("what is as unusual as on two of the last four days at this time does not count", () => {
  expect(countedOf(afterDays([20]), morning + day, 20)).toBe(20);
  expect(countedOf(afterDays([20, 20]), morning + 2 * day, 20)).toBe(0);
  // A working day's job on a Monday.
  const monday = afterDays([20, 20, 3, 3]);
  expect(countedOf(monday, morning + 4 * day, 20)).toBe(0);
  expect(monday.recurs).toBe(true);
  expect(countedOf(afterDays([20, 20, 3, 3, 3]), morning + 5 * day, 20)).toBe(20);
});

test("what is a fifth stronger counts, and what comes at another time of day", () => {
  const recurrence = afterDays([20, 22, 20]);
  const today = morning + 3 * day;
  expect(countedOf(recurrence, today - 2, 20)).toBe(20);
  expect(countedOf(recurrence, today - 1, 20)).toBe(0);
  expect(countedOf(recurrence, today, 25)).toBe(25);
  expect(recurrence.recurs).toBe(false);
  expect(countedOf(recurrence, today, 23)).toBe(0);
  expect(countedOf(recurrence, today + 2, 20)).toBe(20);
});

test("where the time is not known everything counts, and a clock that was set begins anew", () => {
  const recurrence = afterDays([20, 20, 20]);
  expect(countedOf(recurrence, morning + 3 * day, 20, false)).toBe(20);
  expect(countedOf(recurrence, morning + 300 * day, 20)).toBe(20);
  const moved = afterDays([20, 20, 20]);
  expect(countedOf(moved, 15, 20)).toBe(20);
});

test("an hour of the end of summer time comes twice and changes nothing", () => {
  const recurrence = afterDays([20, 20, 20]);
  countedOf(recurrence, morning + 3 * day + 2, 3);
  expect(countedOf(recurrence, morning + 3 * day, 20)).toBe(0);
});

test("remembers evidence up to a bound, and refuses a stored one beyond it, which would hide all for days", () => {
  const recurrence = afterDays([1e6, 1e6]);
  expect(countedOf(recurrence, morning + 2 * day, 10_000)).toBe(0);
  const before = structuredClone(recurrence.state()) as { strongest: Float64Array; scalars: Float64Array };
  const restored = new DailyRecurrence();
  restored.restore(structuredClone(before));
  for (const [name, place, number] of [
    ["strongest", 7, 1e99],
    ["strongest", 7, -1],
    ["scalars", 0, 2],
    ["scalars", 1, 0.5],
    ["scalars", 1, 1e99],
    ["scalars", 2, 1e99],
    ["scalars", 3, 0.5],
  ] as const) {
    const damaged = structuredClone(before);
    damaged[name][place] = number;
    expect(() => restored.restore(damaged), `${name} ${place} as ${number}`).toThrow("recurs each day");
  }
  expect(restored.state()).toEqual(before);
});
