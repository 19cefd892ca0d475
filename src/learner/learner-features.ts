/** What a learner's features are made of, once its target is known to be a column. */
import { type PlannedFeatures, planFeatures, type StreamDescription } from "../features/extraction.ts";
import { requireTarget, type TargetDescription } from "./target.ts";

interface Described {
  fields: readonly string[];
  target: { column: string; classes: number } | { column: string };
  features?: unknown;
  stream?: StreamDescription;
  budgetBytes?: number;
}

/**
 * Plans the features of a learner: rows as they come become rows of features, the target last where they need the past.
 * @throws RivuletError where the target or a transform does not fit the fields, or memory is short
 */
export function learnerFeatures({
  fields,
  target,
  features = ["standardize"],
  stream,
  budgetBytes,
}: Described): PlannedFeatures {
  requireTarget(
    "classes" in target ? target : ({ ...target, standardize: true } as TargetDescription),
    fields,
  );
  const planned = planFeatures({
    ...{ columns: fields, target: target.column, features, ...stream, budgetBytes },
    task: "classes" in target ? "classes" : "number",
  });
  // Rows that go through as they are keep their order.
  return planned.create === null ? { ...planned, columns: [...fields] } : planned;
}

/** What a description says of the stream: nothing where features need no past. */
export function describedStream(
  { create }: PlannedFeatures,
  { rate = null, timeZone = null, sequence = null }: StreamDescription = {},
): { stream?: StreamDescription } {
  return create === null ? {} : { stream: { rate, timeZone, sequence } };
}
