import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { exponentialOf as exponential, logarithm } from "../../../src/engine/kernels/scalar/arithmetic.ts";
import { runTrial } from "./program.ts";

/** Size of the last binary digit of a float32 near `x`. */
function ulp(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

/** Largest error in ulp of an elementwise operation against the exact function. */
function worst(
  variant: "simd" | "scalar" | "relaxed-simd",
  operation: Operation,
  exact: (x: number) => number,
) {
  const points = Float32Array.from({ length: 40_000 }, (_, i) => ((i - 20_000) / 20_000) ** 3 * 40);
  const { arrays } = runTrial(variant, {
    operation,
    arrays: { x: points, y: new Float32Array(points.length) },
    operands: ["y", "x", points.length],
    rows: 1,
  });
  let largest = 0;
  for (const [i, x] of points.entries()) {
    const y = exact(x);
    largest = Math.max(largest, Math.abs(arrays["y"][i] - y) / ulp(y));
  }
  return largest;
}

describe.each(availableVariants())("on %s kernels", (variant) => {
  test("tanh is within 2 ulp of exact", () => {
    expect(worst(variant, Operation.TanhForward, Math.tanh)).toBeLessThanOrEqual(2);
  });

  test("sigmoid is within 3 ulp of exact", () => {
    expect(worst(variant, Operation.SigmoidForward, (x) => 1 / (1 + Math.exp(-x)))).toBeLessThanOrEqual(3);
  });

  test("tanh and sigmoid hold their limits at the ends of the range", () => {
    const x = [-3e38, -1000, 1000, 3e38];
    const run = (operation: Operation) =>
      runTrial(variant, { operation, arrays: { x, y: [0, 0, 0, 0] }, operands: ["y", "x", 4], rows: 1 })
        .arrays["y"];
    expect([...run(Operation.TanhForward)]).toEqual([-1, -1, 1, 1]);
    const [a, b, c, d] = run(Operation.SigmoidForward);
    expect(Math.max(a, b)).toBeLessThan(1e-37);
    expect([c, d]).toEqual([1, 1]);
  });

  test("a NaN stays a NaN through every activation", () => {
    for (const operation of [Operation.TanhForward, Operation.SigmoidForward, Operation.LeakyReluForward]) {
      const arrays = { x: [Number.NaN, 1], y: [0, 0] };
      const operands = ["y", "x", 2, { float: 0 }];
      expect(runTrial(variant, { operation, arrays, operands, rows: 1 }).arrays["y"][0]).toBeNaN();
    }
  });
});

test("the exponential is within 1 ulp of exact between -87.3 and 88.3, and held beyond", () => {
  let largest = 0;
  for (let i = -87_300; i <= 88_300; i++) {
    const x = Math.fround(i / 1000);
    largest = Math.max(largest, Math.abs(exponential(x) - Math.exp(x)) / ulp(Math.exp(x)));
  }
  expect(largest).toBeLessThanOrEqual(1);
  expect(exponential(-1000)).toBe(exponential(Math.fround(-87.33)));
  expect(exponential(1000)).toBe(exponential(Math.fround(88.37)));
});

test("the logarithm is within 2 ulp of the platform's over 600 decades", () => {
  for (let exponent = -300; exponent <= 300; exponent++) {
    for (const mantissa of [1, 1.3, 1.41, 1.42, 1.7, 1.999999]) {
      const x = mantissa * 10 ** exponent;
      const error = Math.abs(logarithm(x) - Math.log(x)) / Math.max(Math.abs(Math.log(x)), 2 ** -52);
      expect(error, String(x)).toBeLessThanOrEqual(2 ** -51);
    }
  }
  expect(logarithm(1)).toBe(0);
  expect(logarithm(0)).toBe(-Infinity);
  expect(logarithm(-1)).toBeNaN();
});
