import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RunningStatistics } from "../../src/features/running-statistics.ts";
import type { State } from "../../src/state.ts";

const column = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 });

function statisticsOf(values: number[], offset = 0): RunningStatistics {
  const statistics = new RunningStatistics(1);
  for (const value of values) statistics.learn(Float64Array.of(value + offset));
  return statistics;
}

describe("running statistics", () => {
  test("equal the two-pass formulas for any column", () => {
    fc.assert(
      fc.property(column, (values) => {
        const statistics = statisticsOf(values);
        const mean = values.reduce((a, b) => a + b) / values.length;
        const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
        expect(statistics.mean()).toBeCloseTo(mean, 9);
        expect(statistics.populationVariance()).toBeCloseTo(variance, 6);
        expect(statistics.minimum()).toBe(Math.min(...values));
        expect(statistics.maximum()).toBe(Math.max(...values));
        if (values.length > 1) {
          expect(statistics.sampleVariance()).toBeCloseTo(
            (variance * values.length) / (values.length - 1),
            6,
          );
        } else {
          expect(statistics.sampleVariance()).toBeNull();
        }
      }),
    );
  });

  test("keep their digits at an offset of a thousand million", () => {
    const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const near = statisticsOf(values).populationVariance();
    expect(statisticsOf(values, 1e9).populationVariance() / near).toBeCloseTo(1, 6);
  });

  test("standardize a constant column to 0", () => {
    const statistics = statisticsOf([5, 5, 5]);
    const out = new Float64Array(1);
    statistics.standardize(Float64Array.of(7), 0, out);
    expect(out[0]).toBe(0);
  });

  test("standardize a column however little it varies, beside any other", () => {
    const statistics = new RunningStatistics(3);
    for (const row of [
      [1, 5, 1e6],
      [1 + 1e-9, 5, -1e6],
    ]) {
      statistics.learn(Float64Array.from(row));
    }
    const out = new Float64Array(3);
    statistics.standardize(Float64Array.of(9, 1 + 1e-9, 7, 0), 1, out);
    expect([...out]).toEqual([expect.closeTo(1, 6), 0, 0]);
    expect([0, 1, 2].map((column) => statistics.minimum(column))).toEqual([1, 5, -1e6]);
    expect([0, 1, 2].map((column) => statistics.maximum(column))).toEqual([1 + 1e-9, 5, 1e6]);
  });

  test("are 0 before the first row, and give every standardized value back as 0", () => {
    const statistics = new RunningStatistics(1);
    expect([statistics.mean(), statistics.populationVariance(), statistics.sampleVariance()]).toEqual([
      ...[0, 0, null],
    ]);
    const values = Float64Array.of(3);
    statistics.restoreUnits(values);
    expect([...values]).toEqual([0]);
  });

  test("keep their block in the order that checkpoints have it", () => {
    const statistics = new RunningStatistics(2);
    for (const row of [
      [1, 10],
      [3, 16],
    ]) {
      statistics.learn(Float64Array.from(row));
    }
    // Rows; of each column mean, sum of squared deviations, smallest, largest.
    expect([...(statistics.state() as Float64Array)]).toEqual([2, 2, 13, 2, 18, 1, 10, 3, 16]);
  });

  test("take standardizing back", () => {
    const statistics = statisticsOf([1, 2, 3, 10]);
    const out = new Float64Array(1);
    statistics.standardize(Float64Array.of(4.5), 0, out);
    statistics.restoreUnits(out);
    expect(out[0]).toBeCloseTo(4.5, 12);
  });

  test("continue from their state, and refuse one of other columns unchanged", () => {
    const statistics = statisticsOf([1, 2]);
    const copy = new RunningStatistics(1);
    copy.restore(structuredClone(statistics.state()));
    copy.learn(Float64Array.of(9));
    statistics.learn(Float64Array.of(9));
    expect(copy.state()).toEqual(statistics.state());
    expect(() => copy.restore(new RunningStatistics(2).state())).toThrow(
      "found 9 float64 numbers as the stored statistics, expected 5 float64 numbers",
    );
    for (const [stored, found] of [
      [null, "nothing"],
      [7, "the number 7"],
      [[1, 2], "a list"],
      [{ count: 2 }, "a map"],
      [new Float32Array(5), "5 float32 numbers"],
    ] as const) {
      expect(() => copy.restore(stored as State)).toThrow(`found ${found} as the stored`);
    }
    expect(copy.state()).toEqual(statistics.state());
  });
});
