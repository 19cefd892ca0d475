import { expect, test } from "vitest";
import { isolated, timesShown } from "../../src/page/curves.ts";

test("a single point is shown with a step before it and one behind it, whatever else the chart would show", () => {
  expect(timesShown(1000, 86_401_000, [1000], 10)).toEqual([990, 1010]);
  expect(timesShown(1000, 1010, [1000, 1010], 10)).toEqual([1000, 1010]);
  expect(timesShown(1002, 1005, [1000, 1010], 10)).toEqual([992, 1015]);
});

test("values between gaps are found, as no line leads to them", () => {
  expect(isolated([0.5])).toEqual([0]);
  expect(isolated([0.5, null, 0, null, null, 1, 1, null, 2])).toEqual([0, 2, 8]);
  expect(isolated([null, null])).toEqual([]);
});
