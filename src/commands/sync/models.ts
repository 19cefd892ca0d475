/** Models that come back: what `rivulet sync` asks of one before the daemon gets it, and what it says of it. */
import { type Checkpoint, decodeCheckpoint } from "../../checkpoint/format.ts";
import { newestCheckpoint } from "../../checkpoint/store.ts";
import { type Config, sampleColumns } from "../../config/config.ts";
import { configuredLearner } from "../../config/configured-learner.ts";
import { type AnyDescription, replayedNetworkIn } from "../../continuing/learner-checkpoint.ts";
import {
  type PublishedDescription,
  publishedDescription,
  readModel,
  requireFitting,
} from "../../continuing/model-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import { type FetchOutcome, fetchModel, type ModelChecks } from "../../sync/client/fetch-model.ts";
import type { ObjectStore } from "../../sync/client/object-store.ts";
import type { ModelsConfig, SyncConfig } from "../../sync/sync-config.ts";
import { formatSize } from "../../wording/quantities.ts";

/** A model may be larger than what the learner takes in memory by so much: names and statistics. The daemon allows as much. */
const spareBytes = 1e6;

/** What became of the models of a run. */
export interface ModelsReport {
  data: FetchOutcome | { failure: string };
  lines: string[];
}

/** Looks for a newer model; a host that cannot be asked is told of and no error, as the checkpoints have arrived. */
export async function lookForModel(
  config: Config,
  sync: SyncConfig & { models: ModelsConfig },
  store: ObjectStore,
  { dryRun = false } = {},
): Promise<ModelsReport> {
  const { directory } = config.checkpoint;
  const checks = async () => checksOf(config);
  try {
    const outcome = await fetchModel({ directory, config: sync, store, checks, dryRun });
    return { data: outcome, lines: linesOf(outcome, sync.models.group, dryRun) };
  } catch (error) {
    if (!(error instanceof RivuletError) || !error.code.startsWith("sync.")) throw error;
    return { data: { failure: error.message }, lines: [`no model: ${error.message}`] };
  }
}

function linesOf({ version, path, bytes, refused }: FetchOutcome, group: string, dryRun: boolean): string[] {
  const found = `version ${version} of the models for ${group} (${formatSize(bytes)})`;
  const lines = refused === null ? [] : [`no model: ${refused}`];
  if (version !== null)
    lines.push(dryRun ? `would fetch ${found}` : `fetched ${found} as ${path}, where the daemon takes it`);
  return lines;
}

/** Plans the learner of the config; only where there is a new model, as that takes memory and time. */
function checksOf(config: Config): ModelChecks {
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
    mostBytes: learner.memory.bytes + spareBytes,
    requireSound(bytes, where) {
      requireFitting(own, readModel(bytes, where).description, where);
    },
  };
}

function newestOf(directory: string): Checkpoint | undefined {
  return newestCheckpoint(directory, decodeCheckpoint, () => {})?.checkpoint;
}
