/** What a board asks of a model before its daemon gets it, apart from the rest: only here a learner is planned. */
import { type Checkpoint, decodeCheckpoint } from "../../checkpoint/format.ts";
import { newestCheckpoint } from "../../checkpoint/store.ts";
import { type Config, sampleColumns } from "../../config/config.ts";
import { configuredLearner } from "../../config/configured-learner.ts";
import { type AnyDescription, replayedNetworkIn } from "../../continuing/learner-checkpoint.ts";
import {
  mostModelFileBytes,
  type PublishedDescription,
  publishedDescription,
  readModel,
  requireFitting,
} from "../../continuing/model-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { ModelChecks } from "../../sync/client/fetch-model.ts";

/** Plans the learner of the config. @throws RivuletError where it does not tell its columns yet */
export function checksOf(config: Config): ModelChecks {
  const checkpoint = newestOf(config.checkpoint.directory);
  const columns = sampleColumns(config) ?? (checkpoint?.features as { fields?: string[] } | null)?.fields;
  if (columns === undefined) {
    throw new RivuletError(
      "sync.model",
      "the config does not name the columns of its file, so no model can be compared with it; it waits for the first checkpoint",
    );
  }
  const chosen = config.ensemble?.layers || !checkpoint ? undefined : replayedNetworkIn(checkpoint);
  const learner = configuredLearner(config, columns, { chosen });
  const own = publishedDescription(learner.describe() as AnyDescription);
  return {
    requireFitting: (description, where) => requireFitting(own, description as PublishedDescription, where),
    mostBytes: mostModelFileBytes(learner),
    requireSound(bytes, where) {
      requireFitting(own, readModel(bytes, where).description, where);
    },
  };
}

function newestOf(directory: string): Checkpoint | undefined {
  return newestCheckpoint(directory, decodeCheckpoint, () => {})?.checkpoint;
}
