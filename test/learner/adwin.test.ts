import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { Adwin } from "../../src/learner/adwin.ts";
import { createAdwinReference } from "./adwin-reference.ts";

/** Ones with the probability that stands at each place of `probabilities`, so many of each; the rows of changes. */
function changes(probabilities: number[], each: number, seed = 1, options = {}) {
  const random = createRandom(seed);
  const adwin = new Adwin(options);
  const rows: number[] = [];
  for (let row = 0; row < probabilities.length * each; row++) {
    const probability = probabilities[Math.floor(row / each)];
    if (adwin.observe(Float64Array.of(Number(random.uniform() < probability)))) rows.push(row);
  }
  return { rows, adwin };
}

describe("ADWIN", () => {
  test("is silent over a stream that stays as it is, and then knows its mean from all of it", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { rows, adwin } = changes([0.3], 20_000, seed);
      expect(rows).toEqual([]);
      expect(adwin.width).toBe(20_000);
      expect(adwin.mean).toBeCloseTo(0.3, 1);
    }
  });

  test("finds a change soon, says from where to where, and forgets what came before", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { rows, adwin } = changes([0.1, 0.6], 2000, seed);
      expect(rows[0]).toBeGreaterThan(2000);
      expect(rows[0]).toBeLessThan(2200);
      expect(adwin.meanBefore).toBeLessThan(adwin.meanAfter);
      expect(adwin.mean).toBeCloseTo(0.6, 1);
      expect(adwin.width).toBeLessThan(2100);
    }
  });

  test("finds a fall as well as a rise", () => {
    const { rows, adwin } = changes([0.6, 0.1], 2000);
    expect(rows[0]).toBeLessThan(2200);
    expect(adwin.meanBefore).toBeGreaterThan(adwin.meanAfter);
  });

  test("looks at each `clock` numbers only", () => {
    const { rows } = changes([0, 1], 320, 1, { clock: 100 });
    expect(rows.map((row) => (row + 1) % 100)).toEqual(rows.map(() => 0));
    expect(rows.length).toBeGreaterThan(0);
  });

  test("holds a window of any length in the same memory", () => {
    const adwin = new Adwin();
    const half = Float64Array.of(0.5);
    for (let i = 0; i < 3_000_000; i++) adwin.observe(half);
    expect([adwin.width, adwin.mean]).toEqual([3_000_000, 0.5]);
  });

  /** Stretches that stay as they are: numbers about a level, or the level itself again and again. */
  const stretch = fc
    .record({
      level: fc.double({ min: 0, max: 1, noNaN: true }),
      spread: fc.constantFrom(0, 0.1, 1),
      length: fc.integer({ min: 1, max: 120 }),
      seed: fc.nat(),
    })
    .map(({ level, spread, length, seed }) => {
      const random = createRandom(seed);
      return Array.from({ length }, () => level + spread * (random.uniform() - 0.5));
    });

  test("finds just what its definition finds, keeps just that window, and says between which means", () => {
    const streams = fc.array(stretch, { minLength: 1, maxLength: 8 }).map((stretches) => stretches.flat());
    fc.assert(
      fc.property(streams, fc.constantFrom(0.002, 0.3), fc.constantFrom(1, 7, 32), (stream, delta, clock) => {
        const adwin = new Adwin({ delta, clock });
        const reference = createAdwinReference(delta, clock);
        expect(adwin.mean).toBe(0);
        for (const [row, number] of stream.entries()) {
          const cut = reference.observe(number);
          if (adwin.observe(Float64Array.of(number)) !== (cut !== null))
            expect.unreachable(`differs at number ${row}`);
          if (cut === null && row < stream.length - 1) continue;
          const window = reference.window();
          expect(adwin.width).toBe(window.length);
          expect(adwin.mean).toBeCloseTo(window.reduce((sum, each) => sum + each) / window.length, 9);
          if (cut === null) continue;
          expect(adwin.meanBefore).toBeCloseTo(cut[0], 9);
          expect(adwin.meanAfter).toBeCloseTo(cut[1], 9);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [{ delta: 0 }, "delta of a drift detector must be between 0 and 1, found 0"],
    [{ clock: 1.5 }, "clock of a drift detector must be a whole number of at least 1, found 1.5"],
  ])("refuses %o", (options, complaint) => {
    expect(() => new Adwin(options)).toThrow(complaint);
  });
});
