import { expect, test } from "vitest";
import { createSteadyClock } from "../../../src/samples/sources/clock.ts";

/** A clock, and the two hands it is made of. */
function clockAt(epochMs: number) {
  const hands = { system: epochMs, uptime: 7.25 };
  const clock = createSteadyClock({ system: () => hands.system, uptime: () => hands.uptime });
  const pass = (seconds: number) => {
    hands.system += 1000 * seconds;
    hands.uptime += seconds;
  };
  return { clock, hands, pass };
}

test("starts at the system's time and follows it", () => {
  const { clock, pass } = clockAt(1_000_000);
  expect(clock.now()).toBe(1_000_000);
  pass(2.5);
  expect([clock.now(), clock.systemAhead()]).toEqual([1_002_500, 0]);
});

test.each([3_600_000, -3_600_000])("goes on as it was where the system's clock is set by %i ms", (jumpMs) => {
  const { clock, hands, pass } = clockAt(5_000_000);
  pass(1);
  hands.system += jumpMs;
  pass(1);
  expect([clock.now(), clock.systemAhead()]).toEqual([5_002_000, jumpMs]);
});

test("tells whole milliseconds, as recordings store them", () => {
  const { clock, pass } = clockAt(1_000);
  pass(0.0029);
  expect(clock.now()).toBe(1_002);
});

test("of the process tells the time of the system", () => {
  const clock = createSteadyClock();
  expect(Math.abs(clock.systemAhead())).toBeLessThan(1000);
});
