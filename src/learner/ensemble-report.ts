/** What an ensemble reports of itself: scores beside those of simple rules and of each expert. */
import type { Baselines } from "./baselines.ts";
import type { CalibrationError } from "./calibration-error.ts";
import type { ClassificationReport } from "./classification-metrics.ts";
import type { Committee } from "./committee.ts";
import type { Glitches } from "./glitches.ts";
import { type GuestReport, guestName } from "./guest.ts";
import type { Interval } from "./interval.ts";
import type { RegressionReport } from "./regression-metrics.ts";
import type { Shift, WeightShift } from "./weight-shift.ts";

/** How each expert did. */
export interface ExpertReport {
  name: string;
  /** How much it counts in the answer, of 1 in all. */
  weight: number;
  /** Mean log loss, or mean absolute error in the target's units. */
  loss: number;
  /** Times that it was restarted because it was not healthy, and that it went back to its last healthy state. */
  restarts: number;
  recoveries: number;
}

/** What an ensemble says of itself beside its scores. */
export interface EnsembleParts {
  /** 1 - loss / loss of the best baseline: log loss for classes, MAE for numbers. Below 0 the baseline is better. */
  skill: number;
  /** Mean loss of each simple rule: the label frequencies, or the mean and the median, the last label or value, and a linear one. */
  baselines: { name: string; loss: number }[];
  /** The experts, and the constant answer that is shown beside them. */
  experts: ExpertReport[];
  /**
   * Alarms of drift. Of the last one: the mean error of the replayed network and the neighbours before and at it, the
   * number of its sample, and how the weights of the experts had changed by then, the largest change first.
   */
  drift: { alarms: number; errorBefore: number; errorAfter: number; sample: number; weights: Shift[] };
  /** Samples without a target, which were answered only. */
  unlabelled: number;
  /** Values that could not be true, by field. */
  glitches: Record<string, number>;
}

/** Of an ensemble that names classes. */
export type EnsembleClassReport = EnsembleParts &
  ClassificationReport & {
    calibrationError: number;
    kappaTemporal: number;
    /** Share of right answers of naming the last label again. */
    lastLabelAccuracy: number;
  };

/** Of an ensemble that predicts a number. */
export type EnsembleNumberReport = EnsembleParts &
  RegressionReport & { interval: { asked: number; coverage: number; halfWidth: number } };

/** Of an ensemble; `task` tells which. */
export type EnsembleReport = EnsembleClassReport | EnsembleNumberReport;

/** What a report is made of. */
export interface Reported {
  scores: ClassificationReport | RegressionReport;
  committee: Committee;
  baselines: Baselines;
  interval: Interval;
  calibration: CalibrationError;
  shift: WeightShift;
  /** What always answering the mean would have cost a number. */
  meanError: number;
  unlabelled: number;
  glitches: Glitches;
  /** Of a model from outside; null where no room was planned for one. */
  guest: GuestReport | null;
}

/** Sets the scores beside those of the baselines and of each expert. */
export function reportOf(reported: Reported): EnsembleReport {
  const { scores, baselines, interval, calibration } = reported;
  const parts = partsOf(reported);
  if (scores.task === "classification") {
    const kappaTemporal = baselines.kappaTemporal(scores.accuracy);
    const { lastLabelAccuracy } = baselines;
    return { ...scores, ...parts, calibrationError: calibration.error, kappaTemporal, lastLabelAccuracy };
  }
  const { coverage, realizedCoverage, halfWidth } = interval;
  return { ...scores, ...parts, interval: { asked: coverage, coverage: realizedCoverage, halfWidth } };
}

function partsOf({ scores, committee, shift, ...others }: Reported): EnsembleParts {
  const { drift, constantName } = committee;
  const { names, health } = committee.panel;
  const weights = new Float64Array(names.length + 1);
  committee.writeWeights(weights);
  const { guest } = others;
  const share = guest?.isAwake ? guest.weight : 0;
  const baselines = others.baselines.report(others.meanError);
  const constant = baselines.find(({ name }) => name === constantBaselines[constantName])!;
  const losses = [...others.baselines.expertLosses(), constant.loss];
  const loss = scores.task === "classification" ? scores.logLoss : scores.mae;
  const best = Math.min(...baselines.map((baseline) => baseline.loss));
  return {
    skill: best > 0 ? 1 - loss / best : 0,
    baselines,
    experts: [
      ...[...names, constantName].map((name, k) => ({
        name,
        weight: (1 - share) * weights[k],
        loss: losses[k],
        restarts: health.restarts[k] ?? 0,
        recoveries: health.recoveries[k] ?? 0,
      })),
      ...(guest?.isAwake ? [guestExpert(guest)] : []),
    ],
    drift: {
      alarms: drift.alarms,
      errorBefore: drift.errorBefore,
      errorAfter: drift.errorAfter,
      sample: shift.sample,
      weights: shift.atAlarm(),
    },
    unlabelled: others.unlabelled,
    glitches: Object.fromEntries(others.glitches.report().map(({ field, count }) => [field, count])),
  };
}

/** Names under which a constant answer is listed among the experts, each with its name among the baselines. */
export const constantBaselines: Record<string, string> = {
  "label-frequencies": "label frequencies",
  median: "median",
};

/** A model from outside is listed among the experts while it answers. */
function guestExpert({ weight, loss, restarts, recoveries }: GuestReport): ExpertReport {
  return { name: guestName, weight, loss, restarts, recoveries };
}
