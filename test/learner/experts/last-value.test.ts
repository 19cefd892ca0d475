import { expect, test } from "vitest";
import { createEnsemble } from "../../../src/learner/ensemble.ts";
import { LastValue } from "../../../src/learner/experts/last-value.ts";

test("the last value is a change of 0, whatever the row and what was learned", () => {
  const expert = new LastValue();
  const found = Float64Array.of(9, 9, 9);
  expert.predict(Float32Array.of(3, -2), found, 1);
  expect([...found]).toEqual([9, 0, 9]);
  expert.learn();
  expert.restore();
  expert.predict(Float32Array.of(1, 1), found, 0);
  expect([...found]).toEqual([0, 0, 9]);
  expect(expert.state()).toBeNull();
});

test("scores in an ensemble what always repeating the last target would have scored", () => {
  const ensemble = createEnsemble({ fields: ["x", "target"], target: { column: "target" } });
  const target = (row: number) => 7 + Math.sin(row / 3) + (row % 5) / 10;
  let sum = 0;
  for (let row = 0; row < 400; row++) {
    ensemble.observe(Float64Array.of(row % 7, target(row)), 0);
    if (row > 0) sum += Math.abs(target(row) - target(row - 1));
  }
  const { experts, baselines } = ensemble.report();
  const expert = experts.find(({ name }) => name === "last-value");
  expect(expert?.loss).toBeCloseTo(sum / 399, 12);
  expect(baselines.find(({ name }) => name === "last value")?.loss).toBe(expert?.loss);
});
