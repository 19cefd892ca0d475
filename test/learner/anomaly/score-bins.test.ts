import { expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { binOfLogarithm, binOfScore, bins } from "../../../src/learner/anomaly/score-bins.ts";

const scoreBin = (score: number) => binOfScore(Float64Array.of(score), 0);
const logBin = (log: number) => binOfLogarithm(Float64Array.of(log), 0);

test("finds the bin of a score that its logarithm has", () => {
  const random = createRandom(1);
  for (let n = 0; n < 20_000; n++) {
    const log = 44 * random.uniform() - 16;
    expect(scoreBin(Math.exp(log)), `e^${log}`).toBe(logBin(log));
  }
});

test("begins a bin at e^(bin / 8 - 14), to a millionth of a millionth", () => {
  for (let bin = 1; bin < bins; bin++) {
    const edge = Math.exp(bin / 8 - 14);
    expect(scoreBin(edge * (1 - 1e-12))).toBe(bin - 1);
    expect(scoreBin(edge * (1 + 1e-12))).toBe(bin);
  }
});

test("takes what is outside into the bins at the ends, and no number into the first", () => {
  expect([0, -1, 5e-324, Number.NaN].map(scoreBin)).toEqual([0, 0, 0, 0]);
  expect([1e12, 1e308, Number.POSITIVE_INFINITY].map(scoreBin)).toEqual([319, 319, 319]);
  expect([Number.NEGATIVE_INFINITY, Number.NaN].map(logBin)).toEqual([0, 0]);
});
