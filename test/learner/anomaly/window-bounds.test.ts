import { expect, test } from "vitest";
import { given } from "../../../src/learner/anomaly/channel-forecast.ts";
import { WindowBounds } from "../../../src/learner/anomaly/window-bounds.ts";

/** Takes values of a column with a deviation of 1; the score of each row. */
function scoresOf(bounds: WindowBounds, values: readonly number[]): number[] {
  const row = new Float64Array(4);
  const raw = new Float64Array(1);
  return values.map((value) => {
    row[given.held] = value;
    row[given.deviation] = 1;
    bounds.observe(row, raw, 0);
    return raw[0];
  });
}

/** A pump that runs for ten of each twenty rows. */
const pump = (rows: number) => Array.from({ length: rows }, (_, row) => (row % 20 < 10 ? 0 : 5));

test("scores nothing while the value comes down and up again as it always does", () => {
  const scores = scoresOf(new WindowBounds(), pump(2000));
  expect(Math.max(...scores)).toBe(0);
});

test.each([
  [5, 5, 0],
  [0, 0, 5],
])(
  "scores a value that stays at %d, once the window has nothing else, with its bound and the usual one",
  (value, bound, usual) => {
    const bounds = new WindowBounds();
    scoresOf(bounds, pump(2000));
    const scores = scoresOf(bounds, Array(64).fill(value));
    const first = scores.findIndex((score) => score > 0);
    expect(first).toBeGreaterThanOrEqual(32);
    expect(first).toBeLessThan(64);
    expect(scores[first]).toBeGreaterThan(100);
    expect(bounds.bound).toBe(bound);
    expect(bounds.usual).toBeCloseTo(usual, 0);
    expect(bounds.windowRows).toBeGreaterThanOrEqual(32);
    expect(bounds.windowRows).toBeLessThanOrEqual(64);
  },
);

test("continues from its state bit for bit", () => {
  const bounds = new WindowBounds();
  scoresOf(bounds, pump(777));
  const restored = new WindowBounds();
  restored.restore(structuredClone(bounds.state()), 0, 5);
  const more = Array.from({ length: 200 }, (_, row) => 3 + Math.sin(row));
  expect(scoresOf(restored, more)).toEqual(scoresOf(bounds, more));
});

test.each([
  ["a negative variance", 7, -1],
  ["a variance beyond the range", 7, 1e60],
  ["a variance beyond the range above", 9, 26],
  ["a least value below the column's", 4, -1e30],
  ["a greatest value above the column's", 5, 1e30],
  ["a number that no sample can hold", 8, 1e99],
  ["a usual least value below the column's", 6, -1],
  ["a usual greatest value above the column's", 8, 6],
  ["a usual least value above the usual greatest", 6, 5.1],
  ["a least value above the greatest", 2, 5.5],
  ["a least value of before above the greatest", 4, 5.5],
  ["rows that do not fit those of the block", 0, 33],
  ["a bound that no sample can hold", 10, 1e99],
])("refuses a state with %s", (_, place, number) => {
  const bounds = new WindowBounds();
  scoresOf(bounds, pump(777));
  const before = structuredClone(bounds.state()) as { scalars: Float64Array };
  const damaged = structuredClone(before);
  damaged.scalars[place] = number;
  expect(() => bounds.restore(damaged, 0, 5)).toThrow("bounds of a window");
  expect(bounds.state()).toEqual(before);
});

test("takes every state that it comes to", () => {
  const bounds = new WindowBounds();
  const values = Array.from({ length: 300 }, (_, row) => 1e6 + Math.sin(row * row));
  for (const [row, value] of values.entries()) {
    scoresOf(bounds, [value]);
    const seen = values.slice(0, row + 1);
    bounds.restore(structuredClone(bounds.state()), Math.min(...seen), Math.max(...seen));
  }
});
