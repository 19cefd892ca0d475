import { expect, test } from "vitest";
import { driftText } from "../../src/daemon/quality.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { WeightShift } from "../../src/learner/weight-shift.ts";
import { classStream } from "./made-streams.ts";

test("an alarm is set beside the weights of one to two hundred rows before", () => {
  let weight = 0;
  const shift = new WeightShift(["a", "b"], (weights) => weights.set([weight, 1 - weight]));
  for (let row = 1; row <= 700; row++) {
    weight = row / 1000;
    shift.follow();
  }
  expect(shift.atAlarm()).toEqual([]);
  shift.mark(701);
  expect(shift.sample).toBe(701);
  expect(shift.atAlarm()).toEqual([
    { name: "a", before: 0.512, after: 0.7 },
    { name: "b", before: 1 - 0.512, after: 1 - 0.7 },
  ]);
});

test("the report of a drift names the sample, the errors and the experts that gained or lost weight", () => {
  const stream = classStream(2000);
  const ensemble = createEnsemble({ fields: stream.fields, target: { column: "target", classes: 3 } });
  for (let row = 0; row < 2000; row++) {
    const at = row * stream.width;
    if (row >= 1200) stream.values[at + 3] = (stream.values[at + 3] + 1) % 3;
    ensemble.observe(stream.values, at);
  }
  const { drift } = ensemble.report();
  expect(drift.alarms).toBe(1);
  expect(drift.sample).toBeGreaterThan(1200);
  expect(drift.sample).toBeLessThan(1260);
  expect(drift.errorAfter).toBeGreaterThan(2 * drift.errorBefore);
  const weights = (when: "before" | "after") => drift.weights.reduce((sum, each) => sum + each[when], 0);
  expect(weights("before")).toBeCloseTo(1, 9);
  expect(weights("after")).toBeCloseTo(1, 9);
  const [first] = drift.weights;
  expect(Math.abs(first.after - first.before)).toBeGreaterThan(0.05);
  expect(driftText(drift)).toMatch(
    new RegExp(`^sample ${drift.sample} differs .* rose from .* to .*; ${first.name} (gained|lost) weight, `),
  );
});
