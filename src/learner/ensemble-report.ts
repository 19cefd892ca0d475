/** What an ensemble reports of itself: scores beside those of simple rules and of each expert. */
import type { ClassificationReport } from "./classification-metrics.ts";
import type { RegressionReport } from "./regression-metrics.ts";

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
  /** Mean loss of each simple rule: the last label or value, the label frequencies or the mean, and a linear one. */
  baselines: { name: string; loss: number }[];
  experts: ExpertReport[];
  /** Alarms of drift, and the mean error before and at the last. */
  drift: { alarms: number; errorBefore: number; errorAfter: number };
  /** Samples without a target, which were answered only. */
  unlabelled: number;
  /** Values that could not be true, by field. */
  glitches: Record<string, number>;
}

export type EnsembleReport = EnsembleParts &
  (
    | (ClassificationReport & {
        calibrationError: number;
        kappaTemporal: number;
        /** Share of right answers of naming the last label again. */
        lastLabelAccuracy: number;
      })
    | (RegressionReport & { interval: { asked: number; coverage: number; halfWidth: number } })
  );
