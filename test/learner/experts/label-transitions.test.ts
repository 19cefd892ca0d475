import { expect, test } from "vitest";
import { LabelTransitions } from "../../../src/learner/experts/label-transitions.ts";

test("label transitions count what followed each label, fading by 0.99, and are even where the last is not known", () => {
  const expert = new LabelTransitions({ classes: 2 });
  const found = new Float64Array(2);
  const after = (last: number) => Float32Array.from([0, 1], (c) => (c === last ? 1 : 0));
  for (const label of [1, 1, 0]) expert.learn(after(0), Float64Array.of(label), 0);
  expert.learn(after(-1), Float64Array.of(0), 0);
  expert.predict(after(0), found, 0);
  const [zero, one] = [1, 0.99 ** 2 + 0.99];
  expect(found[1]).toBeCloseTo((one + 0.5) / (zero + one + 1), 12);
  expert.predict(after(1), found, 0);
  expect([...found]).toEqual([0.5, 0.5]);
  expert.predict(after(-1), found, 0);
  expect([...found]).toEqual([0.5, 0.5]);
});
