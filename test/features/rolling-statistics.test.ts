import fc from "fast-check";
import { expect, test } from "vitest";
import { RollingStatistics } from "../../src/features/rolling-statistics.ts";

test("mean and variance are those of the last values, at any offset", () => {
  const stream = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(
      stream,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(0, 1e9),
      (values, window, offset) => {
        const rolling = new RollingStatistics(window);
        for (const [i, value] of values.entries()) {
          rolling.learn(value + offset);
          const last = values.slice(Math.max(0, i + 1 - window), i + 1);
          const mean = last.reduce((a, b) => a + b) / last.length;
          const variance = last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / last.length;
          expect(Math.abs(rolling.mean - offset - mean)).toBeLessThan(1e-6);
          expect(Math.abs(rolling.populationVariance - variance)).toBeLessThan(1e-4);
        }
      },
    ),
  );
});

test("rounding does not add up over a million values", () => {
  const rolling = new RollingStatistics(10);
  for (let i = 0; i < 1_000_000; i++) rolling.learn(1e6 * Math.sin(i));
  for (let i = 0; i < 10; i++) rolling.learn(3);
  expect(rolling.populationVariance).toBe(0);
  expect(rolling.mean).toBe(3);
});

test("a spike that has left the window leaves nothing behind", () => {
  const rolling = new RollingStatistics(7);
  const values = [1e15, ...Array.from({ length: 20 }, (_, i) => i % 2)];
  for (const [i, value] of values.entries()) {
    rolling.learn(value);
    if (i < 7) continue;
    const ones = i % 2 === 0 ? 3 : 4;
    expect(rolling.mean).toBeCloseTo((7 - ones) / 7, 12);
    expect(rolling.populationVariance).toBeCloseTo(12 / 49, 12);
  }
});

test("continues from its state, before and after the window is full", () => {
  for (const seen of [2, 9]) {
    const rolling = new RollingStatistics(4);
    for (let i = 0; i < seen; i++) rolling.learn(Math.sin(i));
    const copy = new RollingStatistics(4);
    copy.restore(structuredClone(rolling.state()));
    for (const each of [rolling, copy]) each.learn(5);
    expect(copy.state()).toEqual(rolling.state());
    expect(copy.populationVariance).toBe(rolling.populationVariance);
  }
});

test("knows how many values it looks back on", () => {
  const rolling = new RollingStatistics(3);
  const counts = [rolling.count];
  for (let i = 0; i < 5; i++) {
    rolling.learn(i);
    counts.push(rolling.count);
  }
  expect(counts).toEqual([0, 1, 2, 3, 3, 3]);
  expect(new RollingStatistics(3)).toMatchObject({ mean: 0, populationVariance: 0 });
});
