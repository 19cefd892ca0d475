import { expect, test } from "vitest";
import { boardScores, dilate } from "../../scripts/quality/anomalies/touchstone.ts";

const rows = 4000;
const labels = Uint8Array.from({ length: rows }, (_, row) => Number(row >= 2000 && row < 2400));

test("anomalies are made longer at both ends, within the series", () => {
  expect([...dilate(Uint8Array.of(0, 1, 0, 0, 0, 0, 1), 2)]).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect([...dilate(Uint8Array.of(0, 0, 0, 1, 0, 0), 1)]).toEqual([0, 0, 1, 1, 1, 0]);
});

test("a score that is high in the anomaly alone has the areas 1 without a buffer", () => {
  const { roc, rocVolume } = boardScores(Float64Array.from(labels), labels);
  expect(roc).toBe(1);
  // With buffers b = 0, 20 ... 200, so many of the dilated rows are above the others: half of the rest as well.
  const each = Array.from({ length: 11 }, (_, step) => {
    const hit = 400 / (400 + 40 * step);
    return hit + (1 - hit) / 2;
  });
  expect(rocVolume).toBeCloseTo(each.reduce((sum, area) => sum + area) / 11, 12);
});

test("a constant score has the area a half, and the curve of one stretch that is everything", () => {
  const { roc, rocVolume, precisionRecall } = boardScores(new Float64Array(rows).fill(1), labels);
  expect([roc, rocVolume]).toEqual([0.5, 0.5]);
  // From (0, 1) to recall 1 with the squared share of the dilated anomaly.
  const each = Array.from({ length: 11 }, (_, step) => (1 + ((400 + 40 * step) / rows) ** 2) / 2);
  expect(precisionRecall).toBeCloseTo(each.reduce((sum, area) => sum + area) / 11, 12);
});

test("a score that is low in the anomaly has the area 0", () => {
  expect(
    boardScores(
      Float64Array.from(labels, (label) => 1 - label),
      labels,
    ).roc,
  ).toBe(0);
});
