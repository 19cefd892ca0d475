import { dirname } from "node:path";
import { readCheckpoint } from "../checkpoint/read-checkpoint.ts";
import { loadConfig, sampleColumns } from "../config/config.ts";
import { configuredLearner, configuredNetworkLearner } from "../config/configured-learner.ts";
import { learnerFrom, replayedNetworkIn } from "../continuing/learner-checkpoint.ts";
import { carryOver } from "../continuing/resume.ts";
import { carryMemory } from "../daemon/carried-memory.ts";
import { RivuletError } from "../errors/errors.ts";
import { required } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { prepareSave } from "./results/save-checkpoint.ts";
import { facts } from "./terminal/text-table.ts";

/** Carries what a checkpoint has learned over to a changed config, as its folder's newest checkpoint. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options, switches } = invocation;
  const path = required(invocation, "migrate", "config", "NEW");
  const { file, checkpoint } = readCheckpoint(positionals[0]);
  const config = loadConfig(path);
  const columns = sampleColumns(config) ?? (checkpoint.features as { fields: string[] } | null)?.fields;
  if (columns === undefined) {
    throw new RivuletError(
      "checkpoint.mismatch",
      `${file} holds only a network, which has no fields to carry over; name a checkpoint of a learner, such as rivulet fit --save writes`,
    );
  }
  // The single network of version 0.1.0 or of `rivulet fit` stays one where the config names no model.
  const isNetwork = config.ensemble !== null && checkpoint.parameters.length > 0;
  const learner = isNetwork
    ? configuredNetworkLearner(config, columns)
    : configuredLearner(config, columns, {
        chosen: config.ensemble?.layers ? undefined : replayedNetworkIn(checkpoint),
      });
  const isDryRun = switches.has("dry-run");
  const target = options["save"] ?? `${dirname(file)}/`;
  const save = isDryRun ? null : await prepareSave(target);
  const { carried, fresh, settings, removed } = carryOver(learner, checkpoint, file);
  const { daemonState, history } = checkpoint;
  const memory =
    daemonState === undefined ? null : carryMemory(daemonState, learnerFrom(checkpoint, file), learner);
  save?.(learner, config.name, {
    ...(history === undefined ? {} : { history }),
    ...(memory === null ? {} : { daemonState: memory.state }),
  });
  const lost = memory?.lost ?? [];
  const list = (names: readonly string[]) => (names.length === 0 ? "nothing" : names);
  return {
    data: {
      from: file,
      config: path,
      carried,
      new: fresh,
      removed,
      settings,
      lost,
      saved: isDryRun ? null : target,
    },
    text: facts([
      ["from", `${file}, ${checkpoint.samplesSeen} samples learned`],
      ["carried", list(carried)],
      ["new", list(fresh)],
      removed.length === 0 ? null : ["left out", removed],
      lost.length === 0 ? null : ["lost", lost],
      settings.length === 0 ? null : ["settings", settings],
      ["checkpoint", isDryRun ? "none, as --dry-run says" : target],
    ]),
  };
}
