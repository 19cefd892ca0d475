/** What each checkpoint reports of the daemon that saved it, for the host that the checkpoints are sent to. */
import type { ModelStatus } from "../model-status.ts";
import { type FieldFaults, faultsText } from "../samples/sample-validator.ts";
import type { SourceState } from "../samples/sources/source.ts";
import type { AnomalyStatus } from "../status/document.ts";
import type { DeviceReport } from "../sync/device-status.ts";
import { formatCount } from "../wording/quantities.ts";

/** The part of a daemon's status that the report is made of. */
interface Reported {
  scores: object;
  missing: number;
  damaged: number;
  rejected: number;
  dropped: number;
  faults: readonly FieldFaults[];
  source: SourceState;
  anomaly: AnomalyStatus | null;
  model: ModelStatus | null;
}

const scoreOf = (scores: object, name: string): number | null => {
  const score = (scores as Record<string, unknown>)[name];
  return typeof score === "number" && Number.isFinite(score) ? score : null;
};

/** Returns the scores, what was lost, and each problem in a sentence. */
export function deviceReport(status: Reported): DeviceReport {
  const { scores, missing, damaged, rejected, faults, dropped, source, anomaly, model } = status;
  const away = { waiting: "away", silent: "silent" }[source as string];
  return {
    skill: scoreOf(scores, "skill"),
    accuracy: scoreOf(scores, "accuracy"),
    meanAbsoluteError: scoreOf(scores, "mae"),
    lost: missing,
    damaged,
    rejected,
    model,
    problems: [
      ...(anomaly?.isOpen ? [anomaly.text] : []),
      ...(away === undefined ? [] : [`the source is ${away}`]),
      ...(dropped > 0 ? [`${formatCount(dropped, "sample")} dropped because training fell behind`] : []),
      ...faults.slice(0, 3).map((fault) => `${fault.field}: ${faultsText(fault)}`),
    ],
  };
}
