/** How well a learner does, in a few words. */
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { EnsembleReport } from "../learner/ensemble-report.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { Shift } from "../learner/weight-shift.ts";
import { formatShare } from "../wording/quantities.ts";

/** What is shown for a number that is not known yet. */
export const unknown = "–";

type Scores = ClassificationReport | RegressionReport | EnsembleReport;

/** The latest score and the overall one beside the majority or the mean; of an ensemble also beside its best baseline. */
export function qualityText(scores: Scores): string {
  const isKnown = scores.samples > 0;
  const share = (value: number) => (isKnown ? formatShare(value) : unknown);
  const error = (value: number) => (isKnown ? value.toPrecision(4) : unknown);
  const text =
    "accuracy" in scores
      ? `accuracy ${share(scores.slidingAccuracy)} lately, ${share(scores.accuracy)} in all (baseline ${share(scores.baselineAccuracy)})`
      : `mean absolute error ${error(scores.fadingMae)} lately, ${error(scores.mae)} in all (baseline ${error(scores.baselineMae)})`;
  if (!("skill" in scores)) return text;
  return `${text}, skill ${isKnown ? skillText(scores) : unknown}`;
}

/** A change of the weights below this is not worth a word. */
const smallestShift = 0.02;

/** What the last alarm of drift found: the errors before and at it, and which experts gained or lost weight. */
export function driftText({ sample, errorBefore, errorAfter, weights }: EnsembleReport["drift"]): string {
  const shifts = shiftText(weights);
  return `sample ${sample} differs from what was learned: the error of replayed network and neighbours rose from ${short(errorBefore)} to ${short(errorAfter)}${shifts === "" ? "" : `; ${shifts}`}`;
}

/** Which experts gained or lost weight: `network gained weight, 0.10 to 0.55`. */
export function shiftText(weights: readonly Shift[]): string {
  return weights
    .filter(({ before, after }) => Math.abs(after - before) >= smallestShift)
    .slice(0, 4)
    .map(({ name, before, after }) => {
      const verb = after > before ? "gained" : "lost";
      return `${name} ${verb} weight, ${before.toFixed(2)} to ${after.toFixed(2)}`;
    })
    .join("; ");
}

/** What a report counts as its loss. */
export const lossName = (scores: Scores): string =>
  "accuracy" in scores ? "log loss" : "mean absolute error";

const short = (value: number) => String(Number(value.toPrecision(3)));

/** What the best of the baselines loses, beside the ensemble; where it is better, this says so. */
export function skillText(report: EnsembleReport): string {
  const { skill, baselines } = report;
  const best = baselines.reduce((least, one) => (one.loss < least.loss ? one : least));
  const off = formatShare(Math.abs(skill), 1);
  // Thousandths, so that the remainder of a rounding is no skill.
  const rounded = Number(skill.toFixed(3)) || 0;
  return rounded >= 0
    ? `${rounded}: ${off} less ${lossName(report)} than the best baseline, ${best.name}`
    : `${rounded}: the baseline ${best.name} is better, by ${off} of its ${lossName(report)}`;
}
