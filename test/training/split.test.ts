import fc from "fast-check";
import { expect, test } from "vitest";
import { createSplit } from "../../src/training/split.ts";

function draw(rows: number, heldOut: number, seed: number): boolean[] {
  const isHeldOut = createSplit(rows, heldOut, seed);
  return Array.from({ length: rows }, () => isHeldOut());
}

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const parts = fc.nat(200).chain((rows) => fc.tuple(fc.constant(rows), fc.integer({ min: 0, max: rows })));

test("holds out exactly as many rows as asked for", () => {
  fc.assert(
    fc.property(parts, seeds, ([rows, heldOut], seed) => {
      expect(draw(rows, heldOut, seed).filter(Boolean)).toHaveLength(heldOut);
    }),
  );
});

test("holds out the same rows for the same seed", () => {
  fc.assert(
    fc.property(parts, seeds, ([rows, heldOut], seed) => {
      expect(draw(rows, heldOut, seed)).toEqual(draw(rows, heldOut, seed));
    }),
  );
  expect(draw(100, 50, 1)).not.toEqual(draw(100, 50, 2));
});

test("holds out each row about equally often", () => {
  const times = new Array<number>(20).fill(0);
  const draws = 4000;
  for (let seed = 0; seed < draws; seed++) {
    for (const [row, isHeldOut] of draw(20, 5, seed).entries()) times[row] += Number(isHeldOut);
  }
  // A quarter of 4000 is 1000, with a standard deviation of 27: five of them.
  for (const count of times) expect(Math.abs(count - draws / 4)).toBeLessThan(137);
});
