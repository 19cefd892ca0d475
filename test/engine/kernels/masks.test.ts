import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation, Scalar } from "../../../src/engine/kernels/operation.ts";
import { numbers, zeros } from "./numbers.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

function draw(count: number, threshold: number, key: number, seed: number, draws: number, first = 0): Trial {
  const scalars = new Array<number>(Scalar.Draws + 1).fill(0);
  scalars[Scalar.Seed] = seed;
  scalars[Scalar.Draws] = draws;
  return {
    operation: Operation.DrawMask,
    operands: ["mask", count, threshold, key, "scalars", first],
    arrays: { mask: zeros(count) },
    rows: 1,
    scalars,
  };
}

describe.each(availableVariants())("on %s kernels", (variant) => {
  const maskOf = (trial: Trial) => runTrial(variant, trial).arrays["mask"];

  test("a mask equals that of the scalar twin", () => {
    for (const count of [1, 3, 5, 7, 17, 1000]) {
      for (const threshold of [0, 1, 2 ** 31, 3e9, 2 ** 32 - 1]) {
        for (const [key, seed, draws] of [
          [0, 0, 0],
          [3, 2 ** 53 - 1, 2 ** 32 + 7],
          [-1, 0xdeadbeef, 12345],
        ]) {
          expectTwins(variant, draw(count, threshold, key, seed, draws), `${count} below ${threshold}`);
        }
      }
    }
  });

  test("masks of the parts of a batch are the parts of its mask", () => {
    const whole = maskOf(draw(1000, 2 ** 31, 1, 42, 7));
    for (const first of [4, 96, 700]) {
      const part = draw(200, 2 ** 31, 1, 42, 7, first);
      expect(maskOf(part)).toEqual(whole.slice(first, first + 200));
      expectTwins(variant, part, `from ${first}`);
    }
  });

  test("a mask leaves out the configured share", () => {
    for (const share of [0.1, 0.5, 0.9]) {
      let kept = 0;
      for (let draws = 0; draws < 10; draws++) {
        for (const value of maskOf(draw(10_000, Math.round(share * 2 ** 32), 1, 42, draws))) kept += value;
      }
      expect(Math.abs(kept / 100_000 - (1 - share))).toBeLessThan(0.01);
    }
    expect(maskOf(draw(1000, 0, 1, 42, 0))).toEqual(zeros(1000).fill(1));
  });

  test("the same seed, key and draw give the same mask, any other gives another", () => {
    const mask = maskOf(draw(1000, 2 ** 31, 1, 42, 7));
    expect(maskOf(draw(1000, 2 ** 31, 1, 42, 7))).toEqual(mask);
    for (const [key, seed, draws] of [
      [2, 42, 7],
      [1, 43, 7],
      [1, 42, 8],
    ]) {
      const other = maskOf(draw(1000, 2 ** 31, key, seed, draws));
      const equal = mask.filter((value, i) => value === other[i]).length;
      expect(Math.abs(equal - 500)).toBeLessThan(100);
    }
  });

  test("a mask does not depend on the rows that are drawn with it", () => {
    const mask = maskOf(draw(1000, 2 ** 31, 1, 42, 7));
    expect(maskOf(draw(100, 2 ** 31, 1, 42, 7))).toEqual(mask.slice(0, 100));
  });

  test("masking multiplies by the mask, then by the factor", () => {
    for (const count of [1, 3, 5, 7, 17]) {
      const arrays = { output: zeros(count), input: numbers(count), mask: zeros(count).map((_, i) => i % 2) };
      const operands = ["output", "input", "mask", count, { float: 1.25 }];
      const trial = { operation: Operation.Mask, arrays, operands, rows: 1 };
      expectTwins(variant, trial, `${count} numbers`);
      const found = runTrial(variant, trial).arrays["output"];
      expect([...found]).toEqual([...arrays.input.map((x, i) => x * (i % 2) * 1.25)]);
    }
  });
});
