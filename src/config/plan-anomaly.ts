/** What watching for anomalies takes. */
import { keyError, RivuletError } from "../errors/errors.ts";
import { AnomalyDetector } from "../learner/anomaly/anomaly-detector.ts";
import { suggestion } from "../wording/nearest.ts";
import { watchedColumns } from "./anomaly-config.ts";
import type { Config } from "./config.ts";
import { rowColumns } from "./features-config.ts";
import { planFeaturesOf } from "./plan-config.ts";

/** The columns that are watched, and the bytes of all that is known of them. */
export interface PlannedAnomaly {
  columns: string[];
  bytes: number;
}

/**
 * Plans the detector of anomalies; null where the config watches for none. Nothing is allocated.
 *
 * @param otherBytes bytes of the learner and of samples that wait for labels, which come first in the budget
 * @throws RivuletError where it does not fit memory.budget
 */
export function planAnomaly(
  config: Config,
  columns: readonly string[],
  otherBytes: number,
): PlannedAnomaly | null {
  const { anomaly, target, memory } = config;
  if (anomaly === null) return null;
  const { columns: rows, measured } = rowColumns(config, columns);
  const unknown = anomaly.watch?.find((name) => !rows.includes(name));
  if (unknown !== undefined) {
    throw keyError(
      "config.bad-value",
      "anomaly.watch",
      `names "${unknown}", which is not a column of a row of features; ${suggestion(unknown, rows)}`,
    );
  }
  const watched = watchedColumns(anomaly, rows, unwatchedTarget(target), measured);
  const bytes = AnomalyDetector.bytes(watched.length);
  const { budgetBytes } = memory;
  if (budgetBytes !== null && otherBytes + bytes > budgetBytes) {
    throw new RivuletError(
      "memory.budget",
      `watching ${watched.length} columns for anomalies needs ${bytes} bytes beside ${otherBytes} of the learner, but memory.budget is ${budgetBytes}; raise the budget, or name fewer columns in anomaly.watch`,
      { path: "memory.budget" },
    );
  }
  return { columns: watched, bytes };
}

/** The column that is not watched because it is the target: a forecast one is, as its value comes with each sample. */
export const unwatchedTarget = (target: Config["target"]): string | null =>
  target === null || "forecast" in target ? null : target.column;

/**
 * Time between two rows that are watched, where their number tells the time: that of two samples, or of two rows of features.
 * Null where the config does not say it.
 */
export function watchedIntervalMs(config: Config, columns: readonly string[]): number | null {
  const { anomaly, source } = config;
  const intervalMs = anomaly?.intervalMs ?? (source.rate === null ? null : 1000 / source.rate);
  if (intervalMs === null) return null;
  const { rate } = source;
  const features = planFeaturesOf(
    { ...config, source: { ...source, rate: rate ?? 1000 / intervalMs } },
    columns,
  );
  return features.create === null || features.rate === null ? intervalMs : 1000 / features.rate;
}

/** Names and lengths of the arrays of a column, and the latest episodes. */
const columnTextBytes = 2048;
const ownTextBytes = 16_384;

/** Most bytes that what is known takes in a checkpoint; 0 where nothing is watched. */
export function mostAnomalyCheckpointBytes(config: Config, columns: readonly string[]): number {
  const { memory } = config;
  const planned = planAnomaly({ ...config, memory: { ...memory, budgetBytes: null } }, columns, 0);
  return planned === null ? 0 : planned.bytes + ownTextBytes + columnTextBytes * planned.columns.length;
}
