import { expect, test } from "vitest";
import { FadingStatistics } from "../../src/features/fading-statistics.ts";

test("the first value is the mean, without variance", () => {
  const fading = new FadingStatistics(0.1);
  fading.learn(7);
  expect([fading.mean, fading.variance]).toEqual([7, 0]);
});

test("older values fade by 1 - alpha a step", () => {
  const fading = new FadingStatistics(0.5);
  for (const value of [0, 8, 0]) fading.learn(value);
  // Weights 1/4, 1/4, 1/2 on 0, 8, 0: the first value stands for all before it.
  expect(fading.mean).toBe(2);
  expect(fading.variance).toBe(0.25 * 4 + 0.25 * 36 + 0.5 * 4);
});
