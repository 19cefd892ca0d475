/** The learner of a daemon: of its config, or the one that an earlier version has begun. */
import { type Checkpoint, decodeCheckpoint } from "../checkpoint/format.ts";
import { newestCheckpoint } from "../checkpoint/store.ts";
import type { Config } from "../config/config.ts";
import { configuredLearner, configuredNetworkLearner } from "../config/configured-learner.ts";
import { RivuletError } from "../errors/errors.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { isOf, replayedLayersIn } from "./learner-checkpoint.ts";
import type { Log } from "./log.ts";

/**
 * The learner that a config describes, not yet resumed. Where the config names no model, its newest checkpoint may hold
 * what learns in another way for such a config, and goes on: the single network that version 0.1.0 or `rivulet fit` with
 * a regime trained, or an ensemble with the network that `rivulet fit` chose. The log says so.
 * @throws RivuletError as `configuredLearner`
 */
export function continuedLearner(config: Config, columns: readonly string[], log: Log): PrequentialLearner {
  const begun = config.ensemble === null ? null : newestOf(config);
  const layers = begun && replayedLayersIn(begun);
  if (layers) {
    log({
      event: "chosen-network",
      text: `${config.checkpoint.directory} holds an ensemble with the network that rivulet fit chose: it goes on with that`,
    });
    return configuredLearner(config, columns, { layers });
  }
  const network = begun && networkBegun(config, columns, begun);
  if (!network) return configuredLearner(config, columns);
  log({
    event: "single-network",
    text: `${config.checkpoint.directory} holds a single network, as version 0.1.0 trained for a config without model: it goes on alone; name another checkpoint.directory for the ensemble`,
  });
  return network;
}

/** The newest checkpoint of the config's folder; what must be passed over is reported by the store, when it resumes. */
function newestOf(config: Config): Checkpoint | null {
  return unlessRefused(
    () => newestCheckpoint(config.checkpoint.directory, decodeCheckpoint, () => {})?.checkpoint ?? null,
  );
}

function networkBegun(
  config: Config,
  columns: readonly string[],
  begun: Checkpoint,
): PrequentialLearner | null {
  if (begun.parameters.length === 0) return null;
  return unlessRefused(() => {
    const network = configuredNetworkLearner(config, columns);
    return isOf(network, begun) ? network : null;
  });
}

/** Whatever is wrong with the folder or the config, who opens the one or builds the other says it. */
function unlessRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RivuletError) return null;
    throw error;
  }
}
