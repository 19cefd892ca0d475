/** The learner of a daemon: of its config, or the one that an earlier version has begun. */
import { decodeCheckpoint } from "../checkpoint/format.ts";
import { newestCheckpoint } from "../checkpoint/store.ts";
import type { Config } from "../config/config.ts";
import { configuredLearner, configuredNetworkLearner } from "../config/configured-learner.ts";
import { RivuletError } from "../errors/errors.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { isOf } from "./learner-checkpoint.ts";
import type { Log } from "./log.ts";

/**
 * The learner that a config describes, not yet resumed. Where the config names no model, and its newest checkpoint holds
 * the single network that version 0.1.0 trained for such a config, it is that network, and the log says so.
 * @throws RivuletError as `configuredLearner`
 */
export function continuedLearner(config: Config, columns: readonly string[], log: Log): PrequentialLearner {
  const network = config.ensemble === null ? null : networkBegun(config, columns);
  if (network === null) return configuredLearner(config, columns);
  log({
    event: "single-network",
    text: `${config.checkpoint.directory} holds a single network, as version 0.1.0 trained for a config without model: it goes on alone; name another checkpoint.directory for the ensemble`,
  });
  return network;
}

function networkBegun(config: Config, columns: readonly string[]): PrequentialLearner | null {
  try {
    // What must be passed over is reported by the store, when it resumes.
    const found = newestCheckpoint(config.checkpoint.directory, decodeCheckpoint, () => {});
    if (found === undefined || found.checkpoint.parameters.length === 0) return null;
    const network = configuredNetworkLearner(config, columns);
    return isOf(network, found.checkpoint) ? network : null;
  } catch (error) {
    // Whatever is wrong with the folder or the config, who opens the one or builds the other says it.
    if (error instanceof RivuletError) return null;
    throw error;
  }
}
