import { requiredTarget } from "../config/config.ts";
import { configuredNetworkLearner } from "../config/configured-learner.ts";
import { describeSchedule, scheduleFromDescription, type WrittenPart } from "../engine/model/description.ts";
import { isOpen, spanning } from "../engine/model/schedule.ts";
import type { Learner } from "../learner/learner.ts";
import type { DataFile } from "../library/data-files.ts";
import { threads } from "../library/threads.ts";
import type { State } from "../state.ts";
import { updatesPerEpoch } from "../training/descent.ts";
import { type FitOptions, fit } from "../training/fit.ts";
import { countTrainingRows, type RowOptions } from "../training/training-rows.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { columnsOf, openData } from "./data/data-file.ts";
import { Validators } from "./data/validated-rows.ts";
import { callOf, chooseCallOf, type FitCall, searchesRate } from "./fit/call.ts";
import { reportFit } from "./fit/report.ts";
import { prepareSave } from "./results/save-checkpoint.ts";
import { lossNote, ProgressBar } from "./terminal/progress-bar.ts";

/** Trains over a file for several epochs and evaluates on held-out rows, or searches a learning rate. */
export async function run(invocation: Invocation): Promise<Report> {
  const choice = await chooseCallOf(invocation);
  if (choice) {
    const { chooseByFile } = await import("./fit/choose.ts");
    return chooseByFile(choice);
  }
  const call = await callOf(invocation);
  const searches = searchesRate(invocation);
  const save = await prepareSave(call.save, call.config.checkpoint.directory);
  const { config, seed, heldOut, heldOutLast } = call;
  const data = await openData(call.data, { config });
  const columns = await columnsOf(config, data);
  const validators = new Validators(config, columns, requiredTarget(config).column);
  const rowOptions = { seed, heldOut, heldOutLast, createValidator: validators.create };
  const schedule = searches ? null : await scheduleFor(call, data, columns, rowOptions);
  const learner = learnerFor(call, columns, schedule);
  if (searches) {
    const { searchLearningRate } = await import("./fit/learning-rate.ts");
    const { svg } = invocation.options;
    return searchLearningRate(learner, data, { regime: call.regime, ...rowOptions }, svg);
  }
  const { regime, epochs, batchSize } = call;
  const details = call.page !== undefined;
  const report = await train(learner, data, { regime, epochs, batchSize, details, ...rowOptions });
  save?.(asConfigured(learner, { ...config, model: { ...config.model, schedule } }, columns), config.name);
  return reportFit(call, learner, report, { faults: validators.faults(), damage: data.damage });
}

/**
 * The config's schedule as written, except that a cosine without a length ends with the run. Only then is the file read
 * to count the updates of the run.
 */
async function scheduleFor(
  { config, regime, epochs, batchSize }: FitCall,
  data: DataFile,
  columns: readonly string[],
  rowOptions: RowOptions,
): Promise<WrittenPart | null> {
  const schedule = scheduleFromDescription(config.model.schedule, "model.schedule");
  if (schedule === null || !isOpen(schedule)) return config.model.schedule;
  // Where no rows remain, the training refuses them.
  const rows = Math.max(1, await countTrainingRows(data, columns, rowOptions));
  return describeSchedule(spanning(schedule, epochs * updatesPerEpoch(regime, rows, batchSize)));
}

function learnerFor(call: FitCall, columns: readonly string[], schedule: WrittenPart | null): Learner {
  const { config, batchSize, regime, seed, workers } = call;
  const { shards } = config.training;
  const trained = {
    ...config,
    model: { ...config.model, schedule },
    training: { ...config.training, batchSize },
  };
  return configuredNetworkLearner(trained, columns, {
    seed,
    accumulate: regime === "batch",
    workers: workers === null ? undefined : threads(workers),
    shards: shards ?? undefined,
  });
}

/** The trained learner as a daemon with the config has it: batches and seed are those of the config. */
function asConfigured(trained: Learner, config: FitCall["config"], columns: readonly string[]): Learner {
  const learner = configuredNetworkLearner(config, columns);
  learner.restore(trained.state() as unknown as State);
  return learner;
}

/** Trains with a progress bar; the threads of the network end with it. */
async function train(learner: Learner, data: DataFile, options: FitOptions) {
  const bar = new ProgressBar(process.stderr, "rows");
  try {
    return await fit(learner, data, {
      ...options,
      onProgress: ({ rows, totalRows, losses }) => bar.update(rows, totalRows, lossNote(losses.at(-1))),
    });
  } finally {
    bar.close();
    learner.network.close();
  }
}
