import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { NeighbourChange } from "../../src/training/neighbour-change.ts";

function ratioOf(targets: readonly number[]): number {
  const change = new NeighbourChange();
  for (const target of targets) change.observe(target);
  return change.ratio;
}

test("the change from row to row is about 1 in a random order, near 0 in a slow course, 2 where it alternates", () => {
  const random = createRandom(1);
  const drawn = Array.from({ length: 4000 }, () => random.uniform());
  expect(ratioOf(drawn)).toBeCloseTo(1, 1);
  expect(ratioOf([...drawn].sort((a, b) => a - b))).toBeLessThan(0.001);
  expect(ratioOf(drawn.map((_, row) => 1e6 + (row % 2)))).toBeCloseTo(2, 3);
});

test("a target that does not vary, or of one row, says nothing of the order", () => {
  expect([ratioOf([]), ratioOf([3]), ratioOf([3, 3, 3])]).toEqual([1, 1, 1]);
});
