/** Checks of options that several kinds of training share. */
import { RivuletError } from "../errors/errors.ts";
import type { Learner } from "../learner/learner.ts";
import type { Regime } from "./descent.ts";

/** Rows of one update as the regime has it. @throws RivuletError where the option is no whole number of 1 or more */
export function batchSizeOf(learner: Learner, regime: Regime, batchSize: number | undefined): number {
  if (regime === "stochastic") return 1;
  if (batchSize !== undefined) requireCount("batchSize", batchSize);
  return batchSize ?? learner.describe().training.batchSize;
}

/**
 * Checks an option that is a count.
 * @throws RivuletError, naming the option, where a count is no whole number of 1 or more
 */
export function requireCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new RivuletError(
    "argument.bad-value",
    `${name} must be a whole number of at least 1, found ${count}`,
  );
}

/** Refuses updates of more rows than the network computes at a time, where it keeps no gradients to add them up in. */
export function requireAccumulation({ network }: Learner, rowsPerUpdate: number): void {
  if (rowsPerUpdate <= network.batchSize || network.plan.accumulate) return;
  throw new RivuletError(
    "network.not-planned",
    `one update takes ${rowsPerUpdate} rows, but the learner computes ${network.batchSize} at a time and accumulates no gradients; create it with memory: { accumulate: true }`,
  );
}
