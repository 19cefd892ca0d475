/** A folder of checkpoints as a daemon leaves them. */
import { encodeCheckpoint } from "../../src/checkpoint/format.ts";
import type { Spare } from "../../src/checkpoint/retention.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import { sampleCheckpoint } from "../checkpoint/sample.ts";

/** Saves checkpoints after 100, 200 and more samples, from the `first`. */
export function saveCheckpoints(
  directory: string,
  count: number,
  { first = 1, keep = 5, spare }: { first?: number; keep?: number; spare?: Spare } = {},
): void {
  const store = openStore(directory, { keep, spare });
  for (let i = first; i < first + count; i++) {
    const report = { skill: 0.5, accuracy: 0.9, lost: i, problems: [] };
    store.saveSync(encodeCheckpoint({ ...sampleCheckpoint(i), status: report }));
  }
  store.close();
}
