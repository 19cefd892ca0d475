/** What learning and watching take together, whatever the config asks for: an ensemble, one network, or none. */
import type { Config } from "./config.ts";
import { mostAnomalyCheckpointBytes, planAnomaly } from "./plan-anomaly.ts";
import {
  guestBytesOf,
  historyBytesOf,
  mostCheckpointBytes,
  mostEnsembleCheckpointBytes,
  planConfig,
  planEnsembleOf,
  planFeaturesOf,
  planNetworkLabels,
} from "./plan-config.ts";
import { planLabels } from "./plan-labels.ts";

export interface PlannedDaemon {
  /** Bytes of the learner, the past of the features, the samples that wait for labels, and the detector of anomalies. */
  bytes: number;
  /** Most bytes of a checkpoint. */
  checkpointBytes: number;
}

/**
 * Plans what the daemon of a config keeps for samples of the named columns. Allocates nothing.
 *
 * @throws RivuletError where a column is missing, a transform does not fit, or memory.budget is too small
 */
export function planDaemon(config: Config, columns: readonly string[]): PlannedDaemon {
  const { bytes: features, rate } = planFeaturesOf(config, columns);
  const learner = planLearner(config, columns, rate);
  const anomaly = planAnomaly(config, columns, learner.bytes)?.bytes ?? 0;
  return {
    bytes: learner.bytes + features + anomaly,
    checkpointBytes: learner.checkpointBytes + features + mostAnomalyCheckpointBytes(config, columns),
  };
}

/** The learner, with the samples that wait for their labels. */
function planLearner(config: Config, columns: readonly string[], rate: number | null): PlannedDaemon {
  if (config.target === null) {
    return { bytes: 0, checkpointBytes: historyBytesOf({ target: null, isEnsemble: false }) };
  }
  if (config.ensemble === null) {
    const network = planConfig(config, columns);
    const labels = planNetworkLabels(config, network, rate)?.bytes ?? 0;
    return {
      bytes: network.totalBytes + guestBytesOf(config, network) + labels,
      checkpointBytes: mostCheckpointBytes(config, columns, network) + labels,
    };
  }
  const ensemble = planEnsembleOf(config, columns);
  const labels = planLabels(config, ensemble.held, ensemble.totalBytes, rate)?.bytes ?? 0;
  return {
    bytes: ensemble.totalBytes + labels,
    checkpointBytes: mostEnsembleCheckpointBytes(config, columns, ensemble) + labels,
  };
}
