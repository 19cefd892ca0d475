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

test("both forms of the variance agree on values without an offset", () => {
  const fading = new FadingStatistics(0.2);
  for (let i = 1; i <= 50; i++) fading.learn(Math.sin(i));
  expect(fading.momentVariance).toBeCloseTo(fading.variance, 12);
});

test("the variance keeps its digits at an offset where that of the moments has none left", () => {
  const near = new FadingStatistics(0.2);
  const far = new FadingStatistics(0.2);
  for (let i = 0; i < 50; i++) {
    near.learn(i % 3);
    far.learn(1e9 + (i % 3));
  }
  expect(far.variance / near.variance).toBeCloseTo(1, 6);
  expect(far.momentVariance / near.variance).not.toBeCloseTo(1, 1);
});

test("keeps its block in the order that checkpoints have it", () => {
  const fading = new FadingStatistics(0.5);
  for (const value of [2, 4]) fading.learn(value);
  // Whether there was a value, mean, variance, mean square.
  expect([...(fading.state() as Float64Array)]).toEqual([1, 3, 1, 10]);
});

test("continues from its state", () => {
  const fading = new FadingStatistics(0.3);
  for (const value of [4, 7, 9]) fading.learn(value);
  const copy = new FadingStatistics(0.3);
  copy.restore(structuredClone(fading.state()));
  for (const each of [fading, copy]) each.learn(1);
  expect(copy.state()).toEqual(fading.state());
});
