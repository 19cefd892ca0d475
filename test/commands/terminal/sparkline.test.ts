import { expect, test } from "vitest";
import { sparkline } from "../../../src/commands/terminal/sparkline.ts";

test("draws low values low and high values high", () => {
  expect(sparkline([0, 0.5, 1], 10, 0, 1)).toBe("▁▅█");
});

test("draws what is out of range at the edge", () => {
  expect(sparkline([-5, 7], 10, 0, 1)).toBe("▁█");
});

test("thins a history that is longer than the room to the mean of each stretch", () => {
  expect(sparkline([0, 0, 1, 1, 0, 1], 3, 0, 1)).toBe("▁█▅");
  expect(sparkline(new Array<number>(1001).fill(1), 40, 0, 1)).toBe("█".repeat(40));
});

test("is empty before there is anything to draw", () => {
  expect(sparkline([], 10, 0, 1)).toBe("");
});
