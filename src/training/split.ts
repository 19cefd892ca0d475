import { createRandom } from "../engine/model/random.ts";

/**
 * Returns, call by call for the rows in order, whether the row is held out: exactly `heldOut` of `rows`, each equally
 * likely, without a list of them (selection sampling: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
 * The same seed always holds out the same rows.
 */
export function createSplit(rows: number, heldOut: number, seed: number): () => boolean {
  const random = createRandom(seed);
  let left = rows;
  let wanted = heldOut;
  return () => {
    const chosen = random.uniform() * left < wanted;
    left--;
    if (chosen) wanted--;
    return chosen;
  };
}

/** Chooses the last `heldOut` rows: the future of a recording, or a split that its author made. */
export function createLastSplit(rows: number, heldOut: number): () => boolean {
  let row = 0;
  return () => row++ >= rows - heldOut;
}
