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
    alarm.observe(errors);
  }
  expect(alarm.alarms).toBe(0);
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

test("a few large errors are no drift, however rare they were, and a lasting rise still is one", () => {
  const alarm = new DriftAlarm();
  const errors = new Float64Array(1);
  for (let row = 0; row < 5000; row++) {
    // One in 500, as of a rare class, and sometimes two or three of them close together.
    errors[0] = row % 500 === 0 || row === 2004 || row === 2008 ? 4 : 0.01;
    expect(alarm.observe(errors)).toBe(false);
  }
  let rows = 0;
  do {
    errors[0] = 4;
    rows++;
  } while (!alarm.observe(errors) && rows < 100);
  expect(rows).toBeLessThan(10);
});

/** Errors of always answering the mean of a target that is autoregressive at 0.95, bounded as their owner bounds them. */
function slowErrors(seed: number): (errors: Float64Array) => void {
  const { uniform } = createRandom(seed);
  let level = 0;
  return (errors) => {
    level = 0.95 * level + Math.sqrt(1 - 0.95 ** 2) * gaussian(uniform);
    errors[0] = Math.min(4, Math.abs(level));
  };
}

test("errors that follow one another slowly raise no alarm, and a lasting rise after errors of 0 does", () => {
  const alarm = new DriftAlarm();
  const errors = new Float64Array(1);
  const draw = slowErrors(3);
  for (let row = 0; row < 100_000; row++) {
    draw(errors);
    alarm.observe(errors);
  }
  expect(alarm.alarms).toBe(0);
  const woken = new DriftAlarm();
  errors[0] = 0;
  for (let row = 0; row < 800; row++) woken.observe(errors);
  let rows = 0;
  do {
    errors[0] = 1;
    rows++;
  } while (!woken.observe(errors) && rows < 100);
  expect(rows).toBeLessThan(60);
});

test("a drift alarm continues from a state that knows nothing of how errors follow one another", () => {
  const { uniform } = createRandom(5);
  const alarm = new DriftAlarm();
  const errors = new Float64Array(1);
  for (let row = 0; row < 500; row++) {
    errors[0] = uniform();
    alarm.observe(errors);
  }
  const continued = new DriftAlarm();
  continued.restore((alarm.state() as Float64Array).slice(0, 7));
  expect([...(continued.state() as Float64Array)].slice(0, 7)).toEqual(
    [...(alarm.state() as Float64Array)].slice(0, 7),
  );
  expect(() => continued.restore(new Float64Array(6))).toThrow(/expected 10 float64 numbers/);
});

test("behind an alarm a drift alarm knows nothing of the errors before it, nor how they followed one another", () => {
  const alarm = new DriftAlarm();
  let rows = 0;
  const random = createRandom(3);
  while (rows < 2000 && !alarm.observe(Float64Array.of(rows < 200 ? random.uniform() : 5))) rows++;
  const [count, mean, squares] = alarm.state() as Float64Array;
  expect([count, mean, squares]).toEqual([0, 0, 0]);
  expect([...(alarm.state() as Float64Array)].slice(7)).toEqual([0, 0, 0]);
});
