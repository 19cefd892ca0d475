/** What the options of `rivulet fit` ask for, checked. */
import { type Config, loadConfig } from "../../config/config.ts";
import { fitBatchSize } from "../../config/plan-config.ts";
import { mostThreads } from "../../engine/planning/shards.ts";
import { UsageError } from "../../errors/errors.ts";
import type { Regime } from "../../training/descent.ts";
import { choice, dataOf, fraction, wholeNumber } from "../command-line/call.ts";
import type { Invocation } from "../command-line/command.ts";
import { openData, requireRereadable } from "../data/data-file.ts";
import { refuseTaskOptions, taskOf } from "../data/file-task.ts";
import { requirePage } from "../results/page-file.ts";

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
  /** File of the page. */
  page: string | undefined;
}

/** What choosing a network asks for. */
export type ChooseCall = CommonCall & { minutes: number };

type CommonCall = Pick<FitCall, "config" | "data" | "seed" | "heldOut" | "heldOutLast" | "save" | "page">;

/** Options of the training of one network, which the defaults name where the config does not. */
const ofOneNetwork = ["regime", "epochs", "batch-size", "workers", "find-learning-rate"];

/**
 * What a call asks for where a network is to be chosen: null where the config names one, or where an option is about the
 * training of one network.
 * @throws UsageError where an option is out of its range, or contradicts others; RivuletError where the config has an error
 */
export async function chooseCallOf(invocation: Invocation): Promise<ChooseCall | null> {
  const { options, switches } = invocation;
  const named = ofOneNetwork.find((name) => options[name] !== undefined || switches.has(name));
  if (named !== undefined && options["minutes"] !== undefined) {
    throw new UsageError(`--minutes chooses a network, but --${named} describes one; leave one out`);
  }
  if (named !== undefined) return null;
  const rows = await heldOutOf(invocation);
  if (rows.config.ensemble === null) {
    if (options["minutes"] === undefined) return null;
    throw new UsageError(
      `--minutes chooses a network, but ${rows.config.file} names a model; leave one of them out`,
    );
  }
  if (rows.config.ensemble.layers !== null) {
    throw new UsageError(
      `rivulet fit chooses a network for the ensemble, but ${rows.config.file} names one in model.layers; leave model out, or model.ensemble to train that network alone`,
    );
  }
  const text = options["minutes"] ?? "1";
  const minutes = text.trim() === "" ? Number.NaN : Number(text);
  if (!(minutes > 0 && minutes <= 10_000)) {
    throw new UsageError(`--minutes must be a number above 0 and at most 10000, found "${text}"`);
  }
  return { ...rows, minutes };
}

/** Which rows are held out of which file, and what is learned from them. */
async function heldOutOf(invocation: Invocation): Promise<CommonCall> {
  const { positionals, options, switches } = invocation;
  refuseTaskOptions(invocation);
  const written = positionals[0] ? loadConfig(positionals[0]) : null;
  const data = dataOf(invocation, "fit", written);
  requireRereadable(data);
  const { report: page } = options;
  if (page !== undefined) requirePage(page, "report", [data, ...positionals]);
  const config = written ?? (await taskOf(invocation, await openData(data)));
  return {
    config,
    data,
    seed: wholeNumber(invocation, "seed", config.training.seed, { minimum: 0, maximum: 2 ** 32 - 1 }),
    heldOut: fraction(invocation, "held-out", 0.2, { minimum: 0, below: 1 }),
    heldOutLast: switches.has("held-out-last"),
    save: options["save"],
    page,
  };
}

/**
 * Reads the options of `rivulet fit`, and the config and data that they name.
 * @throws UsageError where an option is out of its range; RivuletError where the config has an error
 */
export async function callOf(invocation: Invocation): Promise<FitCall> {
  const { options } = invocation;
  const rows = await heldOutOf(invocation);
  const { config } = rows;
  const regime = choice(invocation, "regime", regimes, "mini-batch");
  const epochs = wholeNumber(invocation, "epochs", 10, { minimum: 1 });
  const limits = { minimum: 1, maximum: 2 ** 20 };
  const batchSize = wholeNumber(invocation, "batch-size", fitBatchSize(config), limits);
  const workers =
    options["workers"] === undefined
      ? config.training.workers
      : wholeNumber(invocation, "workers", 1, { minimum: 1, maximum: mostThreads });
  return {
    ...rows,
    regime,
    epochs,
    batchSize: regime === "stochastic" ? 1 : batchSize,
    workers,
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
  if (searches && options["report"] !== undefined) {
    throw new UsageError(
      "--report describes a training, and --find-learning-rate does not train; leave one out",
    );
  }
  if (searches && options["epochs"] !== undefined) {
    throw new UsageError(
      "--find-learning-rate makes the same number of updates over any file; leave --epochs out",
    );
  }
  return searches;
}
