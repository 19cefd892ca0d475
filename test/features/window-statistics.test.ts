import { describe, expect, test } from "vitest";
import { Random } from "../../scripts/fuzz/random.ts";
import { createExtraction } from "../../src/features/extraction.ts";

/** What is taken of a window, each straight from its definition. */
function expectedOf(window: readonly number[]): Record<string, number> {
  const n = window.length;
  const mean = window.reduce((sum, x) => sum + x, 0) / n;
  const moment = (k: number) => window.reduce((sum, x) => sum + (x - mean) ** k, 0) / n;
  const sd = Math.sqrt(moment(2));
  const rms = Math.sqrt(window.reduce((sum, x) => sum + x * x, 0) / n);
  const signs = window.map((x) => x > mean);
  return {
    mean,
    sd,
    rms,
    logSd: Math.log(sd),
    logRms: Math.log(rms),
    min: Math.min(...window),
    max: Math.max(...window),
    kurtosis: Math.log(moment(4) / moment(2) ** 2 + 0.1),
    crest: Math.log(Math.max(...window.map((x) => Math.abs(x - mean))) / sd),
    crossings: signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length / (n - 1),
  };
}

const take = ["mean", "sd", "logSd", "rms", "logRms", "min", "max", "kurtosis", "crest", "crossings"];

describe("statistics of a window", () => {
  test.each([2, 3, 5, 31, 127, 500, 1001])("of %d rows are those of their definitions", (size) => {
    const random = new Random(size);
    const extraction = createExtraction({
      columns: ["other", "a"],
      features: [{ window: { of: ["a"], size, every: 1, take } }],
    });
    const values: number[] = [];
    for (let i = 0; i < size + Math.min(size, 40); i++) {
      values.push(9.81 + random.below(2000) / 1000 + (i % 7 === 0 ? 4 : 0));
      const isMade = extraction.push([i, values[i]]);
      expect(isMade).toBe(i >= size - 1);
      if (!isMade) continue;
      const expected = expectedOf(values.slice(-size));
      expect(extraction.row[0]).toBe(i);
      const errors = take.map((name, index) => Math.abs(extraction.row[1 + index] - expected[name]));
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    }
  });

  test("put a tone into the band and the centroid where it is", () => {
    const size = 256;
    const extraction = createExtraction({
      columns: ["a"],
      features: [{ window: { of: ["a"], size, every: size, take: ["bands", "centroid"] } }],
    });
    for (let i = 0; i < size; i++) extraction.push([Math.sin((2 * Math.PI * 50 * i) / size)]);
    const bands = [...extraction.row.subarray(0, 8)];
    // Edges of 128 lines: 1, 2, 3, 6, 11, 20, 38, 69, 129.
    expect(bands.indexOf(Math.max(...bands))).toBe(6);
    expect(extraction.row[8]).toBeCloseTo(50 / 128, 2);
  });

  test("find what hits again and again in the envelope", () => {
    const envelopeOf = (shape: (i: number) => number) => {
      const extraction = createExtraction({
        columns: ["a"],
        features: [{ window: { of: ["a"], size: 512, every: 512, take: ["envelope"] } }],
      });
      const random = new Random(5);
      for (let i = 0; i < 512; i++) extraction.push([random.below(1000) / 1000 + shape(i)]);
      return extraction.row[0];
    };
    const quiet = envelopeOf(() => 0);
    const hitting = envelopeOf((i) => (i % 32 < 4 ? 6 * (-1) ** i : 0));
    expect(hitting).toBeGreaterThan(quiet + 1);
  });

  test("of numbers that are all the same are numbers", () => {
    const all = [...take, "bands", "centroid", "envelope"];
    const extraction = createExtraction({
      columns: ["a"],
      features: [{ window: { of: ["a"], size: 16, every: 16, take: all } }],
    });
    for (const value of [0, 7.3]) {
      for (let i = 0; i < 16; i++) extraction.push([value]);
      expect([...extraction.row].every(Number.isFinite)).toBe(true);
    }
  });
});
