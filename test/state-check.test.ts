import { describe, expect, test } from "vitest";
import type { RivuletError } from "../src/errors/errors.ts";
import {
  addingTo,
  type Check,
  covariance,
  finite,
  notNegative,
  parts,
  positive,
  requireCheck,
  requireCounts,
  sampled,
  shares,
  whole,
  wholeWithin,
  within,
} from "../src/state-check.ts";

const f64 = (...numbers: number[]) => Float64Array.from(numbers);

describe("a check of stored numbers passes what can be, and names what cannot:", () => {
  test.each<[string, Check, number[], number[], string]>([
    ["finite", finite, [0, -3], [0, Number.NaN], "number 1 is NaN, expected a finite number"],
    ["finite, of a sum", finite, [1e90], [1e300], "number 0 is 1e+300, expected a finite number"],
    ["not negative", notNegative, [0, 1], [-1e-9], "expected a finite number from 0"],
    ["positive", positive, [1e-9], [0], "expected a finite number above 0"],
    ["whole", whole, [0, 7], [7.5], "expected a whole number from 0"],
    ["whole, counted by a device", whole, [2 ** 52], [2 ** 52 + 1], "expected a whole number from 0 to 2^52"],
    ["a sample's", sampled, [-3e38], [1e39], "expected a number that a sample can hold"],
    ["within", within(-1, 1), [-1, 1], [1.1], "expected a number from -1 to 1"],
    ["whole within", wholeWithin(-1, 2), [-1, 2], [3], "expected a whole number from -1 to 2"],
    ["shares", shares, [0.25, 0.75], [0.5, 0.6], "its sum is 1.1, expected 1"],
    ["shares, none negative", shares, [0, 1], [-1, 2], "expected a finite number from 0"],
    ["a sum", addingTo(3), [1, 2], [1, 1], "its sum is 2, expected 3"],
    ["a covariance", covariance(2), [2, 1, 1, 2], [2, 1, -1, 2], "it is not symmetric in row 1, column 0"],
    ["its variances", covariance(2), [2, 1, 1, 2], [2, 1, 1, -2], "the variance in row 1 is -2"],
    ["its covariances", covariance(2), [2, 1, 1, 2], [2, 9, 9, 2], "larger than its variances allow"],
    [
      "a triangle",
      covariance(2, { triangle: true }),
      [2, 0, 1, 2],
      [2, 0, 1, Number.NaN],
      "variance in row 1 is NaN",
    ],
    [
      "parts of a block",
      parts(whole, [[1, finite]]),
      [1, 0.5, 2],
      [1, 0.5, 0.5],
      "from 2 on, number 0 is 0.5",
    ],
    ["a range of a block", parts(finite, [[[0, 2], whole]]), [1, 2, 0.5], [1, 2.5, 3], "number 1 is 2.5"],
  ])("%s", (_, check, good, bad, fault) => {
    expect(check(f64(...good))).toBeNull();
    expect(check(f64(...bad))).toContain(fault);
  });
});

test("what is refused is named in one sentence with a code of its own", () => {
  expect(() => requireCheck(f64(-1), notNegative, "interval")).toThrow(
    "the stored interval is not valid: number 0 is -1, expected a finite number from 0; restore another state",
  );
  expect(() => requireCounts({ rows: "x".repeat(90) }, "ring")).toThrow(/rows is the text "x{40}", expected/);
  expect(() => requireCounts({ rows: 3 }, "ring")).not.toThrow();
  try {
    requireCheck(f64(-1), notNegative, "interval");
  } catch (error) {
    expect((error as RivuletError).code).toBe("state.invalid");
  }
});
