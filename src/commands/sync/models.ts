/** Models from the host: what `rivulet sync` does about them, and what it says. */
import type { Config } from "../../config/config.ts";
import { RivuletError } from "../../errors/errors.ts";
import { type FetchOutcome, fetchModel } from "../../sync/client/fetch-model.ts";
import type { ObjectStore } from "../../sync/client/object-store.ts";
import type { ModelsConfig, SyncConfig } from "../../sync/sync-config.ts";
import { formatSize } from "../../wording/quantities.ts";

/** What became of the models of a run. */
export interface ModelsReport {
  data: FetchOutcome | { failure: string };
  lines: string[];
}

/**
 * Looks for a newer model. A host that cannot be asked, or a config that is not valid, is reported, and no error, as the
 * checkpoints have arrived.
 *
 * @param directory folder of the checkpoints
 * @param whole loads the config, where there is a new model
 */
export async function lookForModel(
  directory: string,
  sync: SyncConfig & { models: ModelsConfig },
  store: ObjectStore,
  whole: () => Promise<Config>,
  { dryRun = false } = {},
): Promise<ModelsReport> {
  const checks = async () => {
    const { checksOf } = await import("./model-checks.ts");
    return checksOf(await whole());
  };
  try {
    const outcome = await fetchModel({ directory, config: sync, store, checks, dryRun });
    return { data: outcome, lines: linesOf(outcome, sync.models.group, dryRun) };
  } catch (error) {
    if (!(error instanceof RivuletError) || !/^(sync|config)\./.test(error.code)) throw error;
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
