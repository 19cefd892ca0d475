import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createExtraction } from "../../src/features/extraction.ts";

const settled = 500;

function gaussian(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

const relationOf = (of: string[], given: string[], sequence: { gap: string } | null = null) =>
  createExtraction({ columns: [...of, ...given], features: [{ relation: { of, given } }], sequence });

/** A motor under changing load: it is as hot as the room and its load of the last hour say, and so many degrees more. */
function motor(
  minutes: number,
  seed: number,
  tooHot: (minute: number) => number,
  mostLoad: (minute: number) => number = () => 1,
): number[][] {
  const next = gaussian(seed);
  let [load, heat] = [0.5, 0];
  return Array.from({ length: minutes }, (_, minute) => {
    if (minute % 37 === 0) load = Math.min(0.5 + 0.4 * Math.sin(minute * 7919), mostLoad(minute));
    const room = 20 + 4 * Math.sin(minute / 229);
    heat += (30 * load - heat) / 30;
    return [room + heat + tooHot(minute) + 0.1 * next(), room + 0.05 * next(), 6 * load + 0.1 * next()];
  });
}

/** Solves a x = b by Gauss's elimination with pivots. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let i = 0; i < rows.length; i++) {
    const best = rows.reduce(
      (most, row, at) => (at >= i && Math.abs(row[i]) > Math.abs(rows[most][i]) ? at : most),
      i,
    );
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let j = 0; j < rows.length; j++) {
      if (j === i) continue;
      const factor = rows[j][i] / rows[i][i];
      for (let k = i; k <= rows.length; k++) rows[j][k] -= factor * rows[i][k];
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}

describe("a relation", () => {
  test("is the regression on the other columns and their slow means, as computed from all rows at once", () => {
    const rows = 701;
    const values = motor(rows, 3, () => 0);
    const extraction = relationOf(["heat"], ["room", "load"]);
    const [columns, width] = [3, 10];
    const means = [...values[0]];
    const variances = [0, 0, 0];
    const x = Array(width).fill(0);
    x[width - 1] = 1;
    // The sum of x x' that fades, to which the unit matrix belongs at first.
    const sum = Array.from({ length: width }, (_, i) =>
      Array.from({ length: width }, (_, j) => Number(i === j)),
    );
    for (const [row, given] of values.entries()) {
      for (const [c, value] of given.entries()) {
        const deviation = Math.sqrt(variances[c]) + 1e-12 * (1 + Math.abs(means[c]));
        x[c] = row < 2 ? 0 : Math.min(Math.max((value - means[c]) / deviation, -8), 8);
        const step = row < 50 ? value - means[c] : x[c] * deviation;
        means[c] += step / (row + 1);
        variances[c] = (1 - 1 / (row + 1)) * (variances[c] + (step * step) / (row + 1));
        for (const [k, span] of [16, 64].entries()) {
          const at = (k + 1) * columns + c;
          x[at] = row === 0 ? x[c] : x[at] + (x[c] - x[at]) / span;
        }
      }
      extraction.push(given);
      if (row < settled) expect(extraction.row[3]).toBe(0);
      else if (row % 50 === 0 || row === rows - 1) {
        // Without heat itself and its two slow means.
        const others = [1, 2, 4, 5, 7, 8, 9];
        const weights = solve(
          others.map((i) => others.map((j) => sum[i][j])),
          others.map((i) => sum[i][0]),
        );
        const left = weights.reduce((rest, weight, at) => rest - weight * sum[others[at]][0], sum[0][0]);
        const residual = others.reduce((rest, i, at) => rest - weights[at] * x[i], x[0]);
        expect(extraction.row[3]).toBeCloseTo(residual / Math.sqrt(left), 6);
      }
      // No row was far enough off to be held back.
      const rate = 1 / (row + 20);
      for (let i = 0; i < width; i++)
        for (let j = 0; j < width; j++) sum[i][j] = (1 - rate) * sum[i][j] + rate * x[i] * x[j];
    }
  });

  test("shows a motor that is hotter than its load and the room explain, within the range of all that it has been", () => {
    const hotFrom = 8000;
    const values = motor(
      9000,
      5,
      (minute) => Math.min(6, Math.max(0, (minute - hotFrom) / 60)),
      (minute) => (minute < hotFrom - 200 ? 1 : 0.5),
    );
    const extraction = relationOf(["heat"], ["room", "load"]);
    let [usual, least, hottestBefore, hottest] = [0, Number.POSITIVE_INFINITY, 0, 0];
    for (const [minute, row] of values.entries()) {
      extraction.push(row);
      if (minute < hotFrom) hottestBefore = Math.max(hottestBefore, row[0]);
      else hottest = Math.max(hottest, row[0]);
      if (minute > 1000 && minute < hotFrom) usual = Math.max(usual, Math.abs(extraction.row[3]));
      if (minute > hotFrom + 400) least = Math.min(least, extraction.row[3]);
    }
    expect(hottest).toBeLessThan(hottestBefore);
    expect(least).toBeGreaterThan(usual);
  });

  test("is not known where a value is missing, and learns nothing then", () => {
    const [one, other] = [relationOf(["heat"], ["room", "load"]), relationOf(["heat"], ["room", "load"])];
    for (const [minute, row] of motor(700, 7, () => 0).entries()) {
      one.push(row);
      other.push(row);
      if (minute % 10 !== 3) continue;
      other.push([row[0], Number.NaN, row[2]]);
      expect(other.row[3]).toBeNaN();
    }
    expect([...other.row]).toEqual([...one.row]);
  });

  test("is kept in the next sequence, and what was of late is not", () => {
    const extraction = relationOf(["heat"], ["room", "load"], { gap: "1h" });
    const values = motor(2000, 9, () => 0);
    for (const [minute, row] of values.entries())
      extraction.push(row, 0, Float64Array.of(60_000 * minute), 0);
    extraction.push([20, 20, 0], 0, Float64Array.of(60_000 * 5000), 0);
    // Cold in the room, as a motor is that has not run of late.
    expect(Math.abs(extraction.row[3])).toBeLessThan(4);
    expect(extraction.row[3]).not.toBe(0);
  });

  test("stands numbers of any size, and columns that never change", () => {
    const extraction = relationOf(["a", "b"], ["still"]);
    const next = gaussian(1);
    for (let row = 0; row < 20_000; row++) {
      const value = row % 997 === 0 ? 1e30 : next();
      extraction.push([value, 1e-20 * next(), row < 15_000 ? 7 : 8]);
      if (row % 997 > 5 || row < settled) expect(Number.isFinite(extraction.row[3])).toBe(true);
    }
    const state = structuredClone(extraction.state());
    relationOf(["a", "b"], ["still"]).restore(state);
  });
});
