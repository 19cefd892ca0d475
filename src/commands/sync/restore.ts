/** `rivulet sync --restore`, apart from sending: only here a learner is planned. */
import { type Checkpoint, decodeCheckpoint } from "../../checkpoint/format.ts";
import { type Config, sampleColumns } from "../../config/config.ts";
import { configuredLearner, configuredNetworkLearner } from "../../config/configured-learner.ts";
import { learnerFrom } from "../../continuing/learner-checkpoint.ts";
import { isOf, resume } from "../../continuing/resume.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import type { ObjectStore } from "../../sync/client/object-store.ts";
import { type RestoreOutcome, restoreCheckpoint } from "../../sync/client/restore.ts";
import type { SyncConfig } from "../../sync/sync-config.ts";
import { formatCount } from "../../wording/quantities.ts";
import type { Report } from "../command-line/command.ts";

/** Fetches the newest checkpoint that the config continues from. */
export async function restore(config: Config, sync: SyncConfig, store: ObjectStore): Promise<Report> {
  const { directory } = config.checkpoint;
  const accept = acceptorFor(config);
  return restoreReport(await restoreCheckpoint({ directory, config: sync, store, accept }));
}

/** Throws where a checkpoint is not one that the config continues from: whole, sane, and of the same learner. */
function acceptorFor(config: Config): (bytes: Uint8Array, where: string) => void {
  const columns = sampleColumns(config);
  return (bytes, where) => {
    const checkpoint = decodeCheckpoint(bytes, where);
    if (columns === null) learnerFrom(checkpoint, where);
    else resume(learnerToContinue(config, columns, checkpoint), checkpoint, where);
  };
}

/** The config's learner, or the single network of version 0.1.0 where the checkpoint holds that. */
function learnerToContinue(
  config: Config,
  columns: readonly string[],
  checkpoint: Checkpoint,
): PrequentialLearner {
  if (config.ensemble !== null && checkpoint.parameters.length > 0) {
    const network = configuredNetworkLearner(config, columns);
    if (isOf(network, checkpoint)) return network;
  }
  return configuredLearner(config, columns);
}

function restoreReport({ path, key, samplesSeen, refused, isShared }: RestoreOutcome): Report {
  return {
    data: { restored: true, path, key, samplesSeen, refused, isShared },
    text: [
      ...refused.map((sentence) => `passed over: ${sentence}`),
      `restored ${key} as ${path}: rivulet run continues after ${formatCount(samplesSeen, "sample")}`,
      ...(isShared ? ["another board sends under this name too, so this may be its checkpoint"] : []),
    ].join("\n"),
  };
}
