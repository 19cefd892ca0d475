/** Evaluation of a learner that has learned: predictions of rows, compared with their targets. */
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { datasetOf, type SampleRows } from "./dataset.ts";
import { rowsOfFeatures } from "./feature-rows.ts";
import { Scorer, type Scores } from "./scores.ts";
import { type RowOptions, rowsPerCheck } from "./training-rows.ts";
import { createLearnableTest, unlearnableRow, usableTestsOf } from "./usable-rows.ts";

export interface EvaluateOptions extends Pick<RowOptions, "createValidator" | "signal"> {
  /** Called after every 1024 rows with the number of rows read so far. */
  onProgress?: (progress: { rows: number }) => void;
}

/** Scores over rows; `task` says which scores these are. */
export type Evaluation = {
  /** All rows, the rejected ones included. */
  rows: number;
  rejected: number;
} & Scores;

/**
 * Predicts every row and scores the predictions; nothing is learned. Rows are read once, so a stream will do.
 *
 * @param rows each [fields], in the order of the learner's fields, the target among them
 * @throws RivuletError where a row cannot be read or has a label out of range; the signal's reason where it was aborted
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, evaluate, fit } from "rivulet";
 *
 * const rowsFrom = (first) =>
 *   Array.from({ length: 200 }, (_, index) => {
 *     const x = Math.sin(first + index);
 *     return [x, 3 * x + 1]; // one number for each field
 *   });
 * const learner = createLearner({ fields: ["x", "y"], target: { column: "y" }, model: {} });
 * await fit(learner, rowsFrom(0), { epochs: 20 });
 * const { rows, rejected, task, metrics } = await evaluate(learner, rowsFrom(1000));
 * assert.deepEqual([rows, rejected, task], [200, 0, "regression"]);
 * assert(metrics.r2 > 0.95);
 */
export async function evaluate(
  learner: PrequentialLearner,
  rows: SampleRows,
  { createValidator, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const given = rowsOfFeatures(learner, datasetOf(rows), createValidator);
  const { dataset } = given;
  const isUsable = usableTestsOf(learner, dataset, given.createValidator)();
  const isLearnable = createLearnableTest(learner);
  const scorer = new Scorer(learner);
  let seen = 0;
  let rejected = 0;
  signal?.throwIfAborted();
  await dataset.read(learner.columns, (values, offset, place) => {
    if (++seen % rowsPerCheck === 0) {
      signal?.throwIfAborted();
      onProgress?.({ rows: seen });
    }
    if (!isUsable(values, offset)) {
      rejected++;
      return;
    }
    if (!isLearnable(values, offset)) throw unlearnableRow(learner, dataset, place, values, offset);
    scorer.observe(values, offset);
  });
  return { rows: seen, rejected, ...scorer.scores() };
}
