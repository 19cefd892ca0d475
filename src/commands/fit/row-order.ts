/** Whether rows held out at random say more of a training than the last ones would. */
import type { Fact } from "../terminal/text-table.ts";

/** Below it a row resembles its neighbours so much that these, among the training rows, tell its target. */
const leastChange = 0.5;

/** What to beware of where rows that follow each other resemble each other, as a `name, value` row; null elsewhere. */
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
