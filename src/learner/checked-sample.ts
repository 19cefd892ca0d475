/** What a learner does with a sample that nobody has checked yet: check, predict, score, learn. */
import type { PrequentialLearner } from "./prequential-learner.ts";
import type { SampleCheck } from "./sample-check.ts";

/** `PrequentialLearner.observe`, by the checks of the learner. Allocates nothing. */
export function observeChecked(
  learner: PrequentialLearner,
  check: SampleCheck,
  values: Float64Array,
  offset: number,
  times?: Float64Array,
  timeAt?: number,
): boolean {
  const { extraction } = learner;
  if (extraction === null) {
    check.requireRow(values, offset);
    return observeRow(learner, check, values, offset);
  }
  // A row that goes into a window makes none by itself.
  if (!extraction.push(values, offset, times, timeAt)) return true;
  return observeRow(learner, check, extraction.row, 0);
}

function observeRow(
  learner: PrequentialLearner,
  check: SampleCheck,
  values: Float64Array,
  offset: number,
): boolean {
  if (!check.isLabelled(values, offset)) {
    if (!predictRow(learner, check, values, offset)) {
      check.refusals.notFinite++;
      return false;
    }
    learner.passUnlabelled();
    return true;
  }
  if (!check.accepts(values, offset)) return false;
  learner.predictValidated(values, offset);
  learner.learnValidated(values, offset);
  return true;
}

/** `PrequentialLearner.predict`, by the checks of the learner. Allocates nothing. */
export function predictChecked(
  learner: PrequentialLearner,
  check: SampleCheck,
  values: Float64Array,
  offset: number,
  times?: Float64Array,
  timeAt?: number,
): boolean {
  const { extraction } = learner;
  if (extraction === null) {
    check.requireRow(values, offset);
    return predictRow(learner, check, values, offset);
  }
  return extraction.push(values, offset, times, timeAt) && predictRow(learner, check, extraction.row, 0);
}

function predictRow(
  learner: PrequentialLearner,
  check: SampleCheck,
  values: Float64Array,
  offset: number,
): boolean {
  if (!check.hasFiniteFeatures(values, offset)) return false;
  learner.predictValidated(values, offset);
  return true;
}
