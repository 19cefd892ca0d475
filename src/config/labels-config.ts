/** The key `labels` of a config: how long samples wait for labels that come later. */
import type * as v from "valibot";
import { defaultsOf, duration, map, optional, wholeNumber } from "./schema.ts";

/** The key `labels` with every default. */
export interface LabelsConfig {
  /** How long a sample waits for its label. */
  keepMs: number;
  /** Samples that wait at most; null: as many as come in that time, or as fit. */
  samples: number | null;
}

export const labelsSchema = map({
  keep: optional("How long samples wait for labels that come later", duration(), { default: "10min" }),
  samples: optional("Most samples that wait", wholeNumber(1, 10_000_000), {
    otherwise: "as many as come in that time by source.rate, or 1024; in memory.budget, or in 4 MiB",
  }),
});
const defaults = defaultsOf(labelsSchema);

/** Fills in the defaults of the key `labels`. */
export function labelsWithDefaults({ keep, samples }: v.InferOutput<typeof labelsSchema>): LabelsConfig {
  return { keepMs: keep ?? defaults.keep, samples: samples ?? null };
}
