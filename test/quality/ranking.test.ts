import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  delaysOf,
  type Range,
  rangeAreas,
  rangeF1,
  softLabels,
  volumes,
} from "../../scripts/quality/anomalies/ranking.ts";

/** Some anomalies that are apart, and so many rows. */
const streams = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => {
    const windows: Range[] = [];
    let rows = 0;
    for (const [gap, length] of parts) {
      windows.push([rows + gap, rows + gap + length - 1]);
      rows += gap + length;
    }
    return { windows, rows: rows + 3 };
  });

const without = { largestBuffer: 0, steps: 2 };

describe("areas without a buffer", () => {
  test("are 1 for a score that is high in anomalies alone", () => {
    fc.assert(
      fc.property(streams, ({ windows, rows }) => {
        const { precisionRecall, roc } = volumes(softLabels(windows, rows, 0), windows, without);
        expect(precisionRecall).toBeCloseTo(1, 12);
        expect(roc).toBeCloseTo(1, 12);
      }),
    );
  });

  test("are the rate of anomalies and a half for a constant score", () => {
    fc.assert(
      fc.property(streams, ({ windows, rows }) => {
        const inside = windows.reduce((sum, [from, to]) => sum + to - from + 1, 0);
        const { precisionRecall, roc } = volumes(new Float64Array(rows).fill(3), windows, without);
        expect(precisionRecall).toBeCloseTo(inside / rows, 12);
        expect(roc).toBeCloseTo(0.5, 12);
      }),
    );
  });

  test("are those computed by hand", () => {
    // Told in this order: an anomaly, no anomaly, the other row of the anomaly, no anomaly.
    const { precisionRecall, roc } = rangeAreas(
      Float64Array.of(4, 3, 2, 1),
      [
        [0, 0],
        [2, 2],
      ],
      0,
    );
    // Recall is scaled by the anomalies that were met: 1/2 of 1/2, then all of it.
    expect(precisionRecall).toBeCloseTo(0.25 * 1 + 0.75 * (2 / 3), 12);
    expect(roc).toBeCloseTo((0.5 * (0.25 + 0.25)) / 2 + 0.5 * 1, 12);
  });
});

describe("a buffer", () => {
  test("makes labels that fall on both sides of an anomaly, up to half of it", () => {
    const labels = softLabels([[3, 4]], 9, 4);
    const [near, far] = [Math.sqrt(3 / 4), Math.sqrt(1 / 2)];
    expect([...labels]).toEqual([0, far, near, 1, 1, near, far, 0, 0]);
  });

  test("counts half of what it adds, as computed by hand", () => {
    // One row of an anomaly among four, a buffer of 2: labels 0, sqrt(1/2), 1, sqrt(1/2).
    const side = Math.sqrt(1 / 2);
    const positives = (1 + 1 + 2 * side) / 2;
    const { precisionRecall, roc } = rangeAreas(Float64Array.of(0, 1, 3, 2), [[2, 2]], 2);
    const recalls = [1 / positives, Math.min(1, (1 + side) / positives), 1, 1];
    const falses = [0, (1 - side) / (4 - positives), (2 - 2 * side) / (4 - positives), 1].map((rate) =>
      Math.min(1, rate),
    );
    const precisions = [1, (1 + side) / 2, (1 + 2 * side) / 3, (1 + 2 * side) / 4];
    let [area, below] = [0, 0];
    for (let step = 0; step < 4; step++) {
      area += (recalls[step] - (recalls[step - 1] ?? 0)) * precisions[step];
      below += ((falses[step] - (falses[step - 1] ?? 0)) * (recalls[step] + (recalls[step - 1] ?? 0))) / 2;
    }
    expect(precisionRecall).toBeCloseTo(area, 12);
    expect(roc).toBeCloseTo(below, 12);
  });

  test("is averaged over, and helps a score that is a little early", () => {
    const early = Float64Array.from({ length: 40 }, (_, row) => Number(row >= 18 && row < 22));
    const options = { largestBuffer: 8, steps: 5 };
    const { precisionRecall } = volumes(early, [[20, 23]], options);
    const each = [0, 2, 4, 6, 8].map((buffer) => rangeAreas(early, [[20, 23]], buffer).precisionRecall);
    expect(precisionRecall).toBeCloseTo(each.reduce((sum, area) => sum + area) / 5, 12);
    expect(each[4]).toBeGreaterThan(each[0]);
  });
});

describe("stretches that were told", () => {
  test("are 1 where they are the anomalies, 0 where they miss all or there are none", () => {
    const windows: Range[] = [
      [3, 6],
      [10, 11],
    ];
    expect(rangeF1(windows, windows)).toBe(1);
    expect(rangeF1([[7, 9]], windows)).toBe(0);
    expect(rangeF1([], windows)).toBe(0);
  });

  test("are scored by how much of each anomaly they cover, and how much of each is false", () => {
    // Half of the anomaly, and as much outside: recall 0.2 + 0.8 / 2, precision 1/2.
    expect(rangeF1([[8, 11]], [[10, 13]])).toBeCloseTo((2 * 0.6 * 0.5) / 1.1, 12);
    // The same half in two stretches: the share counts half.
    expect(
      rangeF1(
        [
          [10, 10],
          [13, 13],
        ],
        [[10, 13]],
      ),
    ).toBeCloseTo((2 * 0.4 * 1) / 1.4, 12);
  });

  test("are late by the rows from the beginning of an anomaly, and not early", () => {
    expect(
      delaysOf(
        [
          [8, 11],
          [25, 25],
        ],
        [
          [10, 13],
          [20, 30],
          [40, 50],
        ],
      ),
    ).toEqual([0, 5]);
  });
});
