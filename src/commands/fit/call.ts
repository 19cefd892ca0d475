/** What the options of `rivulet fit` ask for, checked. */
import { type Config, loadConfig } from "../../config/config.ts";
import { fitBatchSize } from "../../config/plan-config.ts";
import { mostThreads } from "../../engine/planning/shards.ts";
import { UsageError } from "../../errors/errors.ts";
import { csvFile } from "../../library/data-files.ts";
import type { Regime } from "../../training/descent.ts";
import { choice, fraction, required, wholeNumber } from "../command-line/call.ts";
import type { Invocation } from "../command-line/command.ts";
import { requireRereadable } from "../data/data-file.ts";
import { refuseTaskOptions, taskOf } from "../data/file-task.ts";

const regimes = ["batch", "stochastic", "mini-batch"] as const;

export interface FitCall {
  config: Config;
  data: string;
  regime: Regime;
  epochs: number;
  /** Rows of one update, or in batch descent of one part of the gradient. */
  batchSize: number;
  seed: number;
  heldOut: number;
  heldOutLast: boolean;
  /** Threads to train on; null: batches stay whole. */
  workers: number | null;
  save: string | undefined;
}

/** @throws UsageError where an option is out of its range; RivuletError where the config has an error */
export async function callOf(invocation: Invocation): Promise<FitCall> {
  const { positionals, options, switches } = invocation;
  refuseTaskOptions(invocation);
  const data = required(invocation, "fit", "data", "FILE");
  requireRereadable(data);
  const config = positionals[0] ? loadConfig(positionals[0]) : await taskOf(invocation, csvFile(data));
  const regime = choice(invocation, "regime", regimes, "mini-batch");
  const epochs = wholeNumber(invocation, "epochs", 10, { minimum: 1 });
  const seed = wholeNumber(invocation, "seed", config.training.seed, { minimum: 0, maximum: 2 ** 32 - 1 });
  const heldOut = fraction(invocation, "held-out", 0.2, { minimum: 0, below: 1 });
  const limits = { minimum: 1, maximum: 2 ** 20 };
  const batchSize = wholeNumber(invocation, "batch-size", fitBatchSize(config), limits);
  const workers =
    options["workers"] === undefined
      ? config.training.workers
      : wholeNumber(invocation, "workers", 1, { minimum: 1, maximum: mostThreads });
  return {
    config,
    data,
    regime,
    epochs,
    batchSize: regime === "stochastic" ? 1 : batchSize,
    seed,
    heldOut,
    heldOutLast: switches.has("held-out-last"),
    workers,
    save: options["save"],
  };
}

/** Whether a learning rate is asked for instead of a trained network. @throws UsageError where an option contradicts that */
export function searchesRate({ options, switches }: Invocation): boolean {
  const searches = switches.has("find-learning-rate");
  if (!searches && options["svg"] !== undefined) {
    throw new UsageError("--svg draws the curve of --find-learning-rate; give both options");
  }
  if (searches && options["save"] !== undefined) {
    throw new UsageError(
      "--find-learning-rate discards its weights, so there is nothing to --save; train with the suggested rate",
    );
  }
  if (searches && options["epochs"] !== undefined) {
    throw new UsageError(
      "--find-learning-rate makes the same number of updates over any file; leave --epochs out",
    );
  }
  return searches;
}
