/** What samples take that wait for labels which come later. */
import { RivuletError } from "../errors/errors.ts";
import { HeldSamples, type HeldSizes } from "../learner/held-samples.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { Config } from "./config.ts";

/** Samples where nothing says how many come. */
const usualSamples = 1024;
/** A device may send a little faster than declared. */
const rateMargin = 1.1;
const roomWithoutBudget = 4 * 2 ** 20;

/** The samples that wait for labels. */
export interface PlannedLabels {
  samples: number;
  bytes: number;
  keepMs: number;
  /** How long a sample waits at the declared rate until a newer one takes its place; null where the rate is not known. */
  lastsMs: number | null;
}

/**
 * Plans the samples that wait for labels; null where the config keeps none.
 *
 * @param sizes what the learner keeps of a sample
 * @param learnerBytes bytes of the learner, which comes first in the budget
 * @param rate rows a second that are learned from, of which windows make fewer than samples; null where it is not known
 * @throws RivuletError where they do not fit memory.budget
 */
export function planLabels(
  { labels, memory }: Config,
  sizes: HeldSizes,
  learnerBytes: number,
  rate: number | null,
): PlannedLabels | null {
  if (labels === null) return null;
  const { keepMs } = labels;
  const each = HeldSamples.bytes(sizes, 1);
  const room = memory.budgetBytes === null ? roomWithoutBudget : memory.budgetBytes - learnerBytes;
  const wanted = rate === null ? usualSamples : Math.ceil((rateMargin * rate * keepMs) / 1000);
  const samples = labels.samples ?? Math.max(1, Math.min(wanted, Math.floor(room / each)));
  const bytes = samples * each;
  if (memory.budgetBytes !== null && bytes > room) {
    throw new RivuletError(
      "memory.budget",
      `${samples} samples that wait for their labels need ${bytes} bytes beside the ${learnerBytes} of the learner, but memory.budget is ${memory.budgetBytes}; raise the budget, or lower labels.samples`,
      { path: "memory.budget" },
    );
  }
  return { samples, bytes, keepMs, lastsMs: rate === null ? null : (1000 * samples) / rate };
}

/** Rows a second that a learner learns from, of which windows make fewer than there are samples; null where it is not known. */
export const rowRateOf = (
  { extraction }: Pick<PrequentialLearner, "extraction">,
  { source }: Pick<Config, "source">,
): number | null => (extraction === null ? source.rate : extraction.rowsPerSecond);
