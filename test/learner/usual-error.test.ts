import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { UsualError } from "../../src/learner/usual-error.ts";

test("the usual error of many small errors and a few large ones does not vanish", () => {
  const { below } = createRandom(4);
  const usual = new UsualError();
  const errors = new Float64Array(1);
  let smallest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < 20_000; row++) {
    errors[0] = below(50) === 0 ? 7 : 0.001;
    usual.learn(errors);
    if (row > 1000) smallest = Math.min(smallest, usual.scale[0]);
  }
  expect(smallest).toBeGreaterThan(0.005);
});

test("a wild error hardly moves the usual one", () => {
  const usual = new UsualError();
  for (let row = 0; row < 1000; row++) usual.learn(Float64Array.of(0.1));
  const before = usual.scale[0];
  usual.learn(Float64Array.of(1e6));
  expect(usual.scale[0]).toBeLessThan(before + 0.05);
});
