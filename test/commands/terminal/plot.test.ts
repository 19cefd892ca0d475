import { expect, test } from "vitest";
import { plot } from "../../../src/commands/terminal/plot.ts";

const slope = Array.from({ length: 41 }, (_, i): [number, number] => [10 ** (i / 10 - 4), i]);

test("draws a curve over powers of ten with its marks", () => {
  const marks = [
    { x: 1e-3, label: "low" },
    { x: 0.1, label: "high" },
  ];
  expect(plot({ points: slope, marks, width: 40, height: 4 }).split("\n")).toEqual([
    "             low             high",
    "40.0 ┤        ┊                ┊⣀⣀⡠⠤⠒⠒⠊⠉",
    "     │        ┊        ⢀⣀⡠⠤⠤⠒⠒⠊⠉",
    "     │        ⢀⣀⣀⠤⠔⠒⠒⠉⠉⠁       ┊",
    "0.00 ┤⣀⡠⠤⠤⠒⠒⠉⠉⠁                ┊",
    "     └┬───────┬────────┬───────┬───────┬",
    "      1e-4  1e-3     0.01     0.1      1",
  ]);
});

test("keeps to its width, with the labels of marks at the edges and side by side", () => {
  const marks = [
    { x: 1e-4, label: "at the left edge" },
    { x: 1.2e-4, label: "beside it" },
    { x: 1, label: "at the right edge" },
  ];
  const lines = plot({ points: slope, marks, width: 50, height: 6 }).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(50);
  expect(lines[0]).toMatch(/at the left edge +at the right edge$/);
  expect(lines[1]).toMatch(/beside it/);
  expect(lines).toHaveLength(2 + 6 + 2);
});

test("draws a level curve in the middle", () => {
  const lines = plot({
    points: [
      [1, 5],
      [10, 5],
    ],
    marks: [],
    width: 30,
    height: 3,
  }).split("\n");
  expect(lines[1]).toMatch(/│[⠁-⣿]+$/);
});
