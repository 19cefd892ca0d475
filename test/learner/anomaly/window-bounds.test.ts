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

test("continues from its state bit for bit, and refuses one that cannot be", () => {
  const bounds = new WindowBounds();
  scoresOf(bounds, pump(777));
  const restored = new WindowBounds();
  restored.restore(structuredClone(bounds.state()));
  const more = Array.from({ length: 200 }, (_, row) => 3 + Math.sin(row));
  expect(scoresOf(restored, more)).toEqual(scoresOf(bounds, more));
  const damaged = structuredClone(bounds.state()) as { scalars: Float64Array };
  damaged.scalars[7] = -1;
  expect(() => restored.restore(damaged)).toThrow("bounds of a window");
});
