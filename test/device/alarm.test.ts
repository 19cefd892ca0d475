import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAlarm } from "../../src/device/alarm.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the alarm", () => {
  function alarmed(atLeastMs = 2000) {
    const changes: boolean[] = [];
    const alarm = createAlarm({ on: 0.8, off: 0.6, atLeastMs }, (active) => changes.push(active));
    return { alarm, changes };
  }

  test("switches on at its upper level, and not below", () => {
    const { alarm, changes } = alarmed();
    alarm.observe(0.79);
    expect([alarm.active, changes]).toEqual([false, []]);
    alarm.observe(0.8);
    expect([alarm.active, changes]).toEqual([true, [true]]);
  });

  test("is not switched by a score that wavers between its levels", () => {
    const { alarm, changes } = alarmed();
    alarm.observe(0.9);
    vi.advanceTimersByTime(5000);
    for (const score of [0.6, 0.79, 0.61, 0.85, 0.6]) alarm.observe(score);
    expect(changes).toEqual([true]);
    alarm.observe(0.59);
    expect(changes).toEqual([true, false]);
    for (const score of [0.6, 0.79, 0.61]) alarm.observe(score);
    expect(changes).toEqual([true, false]);
  });

  test("stays on for its least time, and goes off at the end of it although no sample comes any more", () => {
    const { alarm, changes } = alarmed();
    alarm.observe(1);
    alarm.observe(0);
    vi.advanceTimersByTime(1999);
    expect(changes).toEqual([true]);
    vi.advanceTimersByTime(1);
    expect(changes).toEqual([true, false]);
  });

  test("stays on beyond its least time while the score is high", () => {
    const { alarm, changes } = alarmed();
    alarm.observe(1);
    alarm.observe(0);
    alarm.observe(0.7);
    vi.advanceTimersByTime(60_000);
    expect(changes).toEqual([true]);
  });

  test("restarts its shortest time each time", () => {
    const { alarm, changes } = alarmed();
    for (let round = 0; round < 3; round++) {
      alarm.observe(1);
      alarm.observe(0);
      vi.advanceTimersByTime(1500);
      expect(alarm.active).toBe(true);
      vi.advanceTimersByTime(500);
    }
    expect(changes).toEqual([true, false, true, false, true, false]);
  });

  test("is not changed by a score that is not a number", () => {
    const { alarm, changes } = alarmed();
    alarm.observe(Number.NaN);
    alarm.observe(1);
    vi.advanceTimersByTime(3000);
    alarm.observe(Number.NaN);
    expect(changes).toEqual([true]);
  });

  test("leaves no timer behind", () => {
    const { alarm } = alarmed();
    alarm.observe(1);
    alarm.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
