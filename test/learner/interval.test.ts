import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { DriftAlarm } from "../../src/learner/drift-alarm.ts";
import { Interval } from "../../src/learner/interval.ts";
import { gaussian } from "./made-streams.ts";

test("an interval holds as many as asked, though errors grow tenfold half way", () => {
  const { uniform } = createRandom(1);
  const interval = new Interval({ coverage: 0.9 });
  let covered = 0;
  for (let row = 0; row < 6000; row++) {
    const error = gaussian(uniform) * (row < 3000 ? 1 : 10);
    if (row >= 3000 && Math.abs(error) <= interval.halfWidth) covered++;
    interval.observe(Float64Array.of(5 + error), 0, Float64Array.of(5));
  }
  expect(Math.abs(interval.realizedCoverage - 0.9)).toBeLessThan(0.01);
  expect(Math.abs(covered / 3000 - 0.9)).toBeLessThan(0.015);
});

test("the drift alarm is silent on errors that do not change, and rings once where they rise", () => {
  const { uniform } = createRandom(2);
  const alarm = new DriftAlarm();
  const errors = new Float64Array(1);
  for (let row = 0; row < 100_000; row++) {
    // Heavy-tailed, but bounded as its owner bounds them.
    errors[0] = Math.min(4, Math.abs(gaussian(uniform) / (0.3 + uniform())));
    expect(alarm.observe(errors)).toBe(false);
  }
  let rows = 0;
  do {
    errors[0] = 2 + uniform();
    rows++;
  } while (!alarm.observe(errors));
  expect(rows).toBeLessThan(60);
  expect(alarm.alarms).toBe(1);
  expect(alarm.errorAfter).toBeGreaterThan(alarm.errorBefore + 0.5);
  for (let row = 0; row < 1000; row++) {
    errors[0] = 2 + uniform();
    expect(alarm.observe(errors)).toBe(false);
  }
});
