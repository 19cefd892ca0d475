/** The learner of a daemon: of its config, or the one that an earlier version has begun. */
import { type Checkpoint, decodeCheckpoint } from "../checkpoint/format.ts";
import { newestCheckpoint } from "../checkpoint/store.ts";
import type { Config } from "../config/config.ts";
import {
  configuredLearner,
  configuredNetworkLearner,
  ensembleOptions,
} from "../config/configured-learner.ts";
import { replayedNetworkIn } from "../continuing/learner-checkpoint.ts";
import { isOf } from "../continuing/resume.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { bytesIn, requirePlannedEnsemble } from "../learner/stored-plan.ts";
import type { Log } from "./log.ts";

/** A learner for a config, and what the log is to say of it; null for the usual one. */
interface Begun {
  learner: PrequentialLearner;
  event: "chosen-network" | "single-network" | null;
}

/**
 * The learner that a config describes, not yet resumed. Where the config names no model, its newest checkpoint may hold
 * what learns in another way for such a config, and goes on: the single network that version 0.1.0 or `rivulet fit` with
 * a regime trained, or an ensemble with the network that `rivulet fit` chose. The log says so.
 * @throws RivuletError as `configuredLearner`
 */
export function continuedLearner(config: Config, columns: readonly string[], log: Log): PrequentialLearner {
  const begun = config.ensemble === null ? null : newestBegun(config, columns);
  if (begun === null) return configuredLearner(config, columns);
  const { directory } = config.checkpoint;
  if (begun.event === "chosen-network") {
    log({
      event: begun.event,
      text: `${directory} holds an ensemble with the network that rivulet fit chose: it continues with that`,
    });
  }
  if (begun.event === "single-network") {
    log({
      event: begun.event,
      text: `${directory} holds a single network, as version 0.1.0 trained for a config without model: it goes on alone; name another checkpoint.directory for the ensemble`,
    });
  }
  return begun.learner;
}

/**
 * The learner of the newest checkpoint that is one of the config; null where there is none. What must be passed over is
 * reported by the store, when it resumes.
 */
function newestBegun(config: Config, columns: readonly string[]): Begun | null {
  return unlessRefused(() => {
    const found = newestCheckpoint(
      config.checkpoint.directory,
      (bytes, where) => {
        const begun = unlessRefused(() => begunIn(decodeCheckpoint(bytes, where), config, columns));
        if (begun !== null) return begun;
        throw new CheckpointError("checkpoint.mismatch", `${where} was saved with another config`);
      },
      () => {},
    );
    return found?.checkpoint ?? null;
  });
}

function begunIn(checkpoint: Checkpoint, config: Config, columns: readonly string[]): Begun | null {
  // The layers of a config are not a choice of rivulet fit.
  const chosen = config.ensemble?.layers ? undefined : replayedNetworkIn(checkpoint);
  if (checkpoint.parameters.length > 0) {
    const learner = configuredNetworkLearner(config, columns);
    return isOf(learner, checkpoint) ? { learner, event: "single-network" } : null;
  }
  if (chosen) requirePlannedEnsemble({ ...ensembleOptions(config, columns), ...chosen }, bytesIn(checkpoint));
  const learner = configuredLearner(config, columns, { chosen });
  return isOf(learner, checkpoint) ? { learner, event: chosen ? "chosen-network" : null } : null;
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
