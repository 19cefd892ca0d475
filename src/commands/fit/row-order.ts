/** Whether rows held out at random look better than the last rows would, as they resemble their neighbours. */
import type { Fact } from "../terminal/text-table.ts";

/** Below this a row resembles its neighbours so much that those among the training rows reveal its target. */
const leastChange = 0.5;

/** A warning where successive rows resemble each other, as a `name, value` row; null elsewhere. */
export function orderFact(
  { heldOutLast }: { heldOutLast: boolean },
  { heldOutRows, neighbourChange }: { heldOutRows: number; neighbourChange: number },
): Fact {
  if (heldOutLast || heldOutRows === 0 || neighbourChange >= leastChange) return null;
  return [
    "beware",
    "the target changes little from row to row, so rows held out at random look better than the last ones would; --held-out-last judges by those",
  ];
}
