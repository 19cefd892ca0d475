import { type Config, loadConfig } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import { fitBatchSize } from "../config/plan-config.ts";
import { describeSchedule, scheduleFromDescription } from "../engine/model/description.ts";
import { createRandom } from "../engine/model/random.ts";
import { isOpen, spanning } from "../engine/model/schedule.ts";
import { mostThreads } from "../engine/planning/shards.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { ClassificationMetrics } from "../learner/classification-metrics.ts";
import type { Learner } from "../learner/learner.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import { threads } from "../library/threads.ts";
import { readRows } from "../samples/decoding/csv-file.ts";
import { BatchEpoch, descendEpoch, type Regime, rowOrder, updatesPerEpoch } from "../training/descent.ts";
import {
  type DrawnRows,
  forEachRow,
  forEachTrainingRow,
  holdTrainingRows,
  type Split,
} from "../training/training-rows.ts";
import { formatCount, formatDuration, formatSize } from "../wording/quantities.ts";
import { choice, fraction, required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { badLabel, columnsOf, requireRereadable } from "./data-file.ts";
import { scoreFacts } from "./scores.ts";
import { ProgressBar } from "./terminal/progress-bar.ts";
import { facts } from "./terminal/text-table.ts";
import { validationFacts, validatorFor } from "./validated-rows.ts";

const regimes = ["batch", "stochastic", "mini-batch"] as const;

/** Trains over a file for several epochs, and judges by rows that were held out. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  const config = loadConfig(positionals[0]);
  const data = required(invocation, "fit", "data", "FILE");
  const regime = choice(invocation, "regime", regimes, "mini-batch");
  const epochs = wholeNumber(invocation, "epochs", 10, { minimum: 1 });
  const seed = wholeNumber(invocation, "seed", config.training.seed, { minimum: 0, maximum: 2 ** 32 - 1 });
  const heldOut = fraction(invocation, "held-out", 0.2, { minimum: 0, below: 1 });
  const batchSize = batchSizeFor(invocation, regime, config);
  const searches = searchesRate(invocation);
  const save =
    options["save"] === undefined
      ? null
      : (await import("./save-checkpoint.ts")).prepareSave(options["save"]);
  requireRereadable(data);
  const columns = await columnsOf(config, data);
  const createValidator = () => validatorFor(config, columns, config.target.column);
  const heldOutLast = invocation.switches.has("held-out-last");
  const draw = (rows: number): DrawnRows => {
    const heldOutRows = Math.round(rows * heldOut);
    return { data, columns, rows, heldOutRows, heldOutLast, seed, createValidator };
  };
  const schedule = searches
    ? null
    : await scheduleForRun(config, async () => {
        const { rows } = await readRows(data, () => {}, { columns });
        // That no row is left is complained of below.
        const trainingRows = Math.max(1, await forEachTrainingRow(draw(rows), () => {}));
        return epochs * updatesPerEpoch(regime, trainingRows, batchSize);
      });
  const trained = {
    ...config,
    model: { ...config.model, schedule },
    training: { ...config.training, batchSize },
  };
  const workers = workersFor(invocation, config);
  const learner = configuredLearner(trained, columns, {
    seed,
    gather: regime === "batch",
    workers: workers === null ? undefined : threads(workers),
    shards: config.training.shards ?? undefined,
  });

  const validator = createValidator();
  const check = checkLabel(learner, data);
  const { rows } = await readRows(
    data,
    (row, ...place) => {
      if (validator.validate(row, 0)) check(row, ...place);
    },
    { columns },
  );
  const rejected = validator.skipped;
  const drawn = draw(rows);
  const trainingRows = await forEachTrainingRow(drawn, (row) => learner.learnStatistics(row, 0));
  if (trainingRows === 0) {
    const untrue = rejected > 0 ? `, ${rejected} of them with values that cannot be true,` : "";
    throw new RivuletError(
      "data.empty",
      `${data} has ${formatCount(rows, "row")}${untrue} and --held-out ${heldOut} leaves none to train on`,
    );
  }
  const split: Split = { ...drawn, trainingRows };
  const heldOutRows = rows - rejected - trainingRows;
  if (searches) {
    const { findLearningRate } = await import("./find-learning-rate.ts");
    return findLearningRate(learner, split, regime, batchSize, options["svg"]);
  }

  const progress = new ProgressBar(process.stderr, epochs * trainingRows, "rows");
  const started = performance.now();
  let losses: number[];
  try {
    losses =
      regime === "batch"
        ? await descendStreamed(learner, split, epochs, progress)
        : await descendHeld(learner, split, epochs, batchSize, progress);
  } finally {
    progress.close();
    learner.network.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const { training, held } = await judge(learner, split, heldOutRows);
  save?.(learner, config.name);

  const { network } = learner;
  const perEpoch = updatesPerEpoch(regime, trainingRows, batchSize);
  return {
    data: {
      task: learner.classes > 0 ? "classification" : "regression",
      regime,
      epochs,
      batchSize,
      rows,
      trainingRows,
      heldOutRows,
      rejected,
      faults: validator.report(),
      updates: network.updates,
      updatesPerEpoch: perEpoch,
      skippedSteps: network.skipped,
      loss: losses,
      training,
      heldOut: held,
      seconds,
      rowsPerSecond: (epochs * trainingRows) / seconds,
      residentBytes: process.memoryUsage.rss(),
      arenaBytes: network.plan.totalBytes,
      kernels: network.kernels,
      // A batch too small to be cut takes no further thread.
      workers: network.plan.shards === null ? 1 : (workers ?? 1),
      shards: network.plan.shards?.count ?? 1,
      saved: options["save"] ?? null,
    },
    text: facts([
      [
        "data",
        `${data}, ${formatCount(trainingRows, "row")} to train on, ${heldOutRows} ${heldOutLast ? "last ones " : ""}held out (seed ${seed})`,
      ],
      ...validationFacts(validator),
      [
        "descent",
        `${regime}, ${formatCount(epochs, "epoch")} of ${formatCount(perEpoch, "update")}: ${formatCount(network.updates, "update")}`,
      ],
      ...(network.skipped > 0
        ? [
            [
              "skipped",
              `${formatCount(network.skipped, "update")} that ${network.skipped === 1 ? "was" : "were"} not finite`,
            ] as [string, string],
          ]
        : []),
      [
        "loss",
        `${losses[0].toPrecision(4)} in the first epoch, ${losses[epochs - 1].toPrecision(4)} in the last`,
      ],
      ...scoreFacts(held ?? training)
        .filter(([name]) => name !== "baseline")
        .map(([name, value]): [string, string] => [
          name && `${held ? "held out" : "training"}: ${name}`,
          value,
        ]),
      [
        "time",
        `${formatDuration(seconds * 1000)}, ${Math.round((epochs * trainingRows) / seconds)} rows a second`,
      ],
      ...(network.plan.shards === null
        ? []
        : [
            ["threads", `${workers ?? 1}, on ${network.plan.shards.count} shards of a batch`] as [
              string,
              string,
            ],
          ]),
      ["arena", formatSize(network.plan.totalBytes)],
      ...(options["save"] === undefined ? [] : [["checkpoint", options["save"]] as [string, string]]),
    ]),
  };
}

/** Whether a learning rate is asked for instead of a trained network. */
function searchesRate({ options, switches }: Invocation): boolean {
  const searches = switches.has("find-learning-rate");
  if (!searches && options["svg"] !== undefined) {
    throw new UsageError("--svg draws what --find-learning-rate finds; give both");
  }
  if (searches && options["save"] !== undefined) {
    throw new UsageError(
      "--find-learning-rate throws its weights away, so there is nothing to --save; train with the rate it suggests",
    );
  }
  if (searches && options["epochs"] !== undefined) {
    throw new UsageError(
      "--find-learning-rate makes the same number of updates over any file; leave --epochs out",
    );
  }
  return searches;
}

/** Threads to train on; null: batches are not cut for any. */
function workersFor(invocation: Invocation, { training }: Config): number | null {
  if (invocation.options["workers"] === undefined) return training.workers;
  return wholeNumber(invocation, "workers", 1, { minimum: 1, maximum: mostThreads });
}

/** Rows of one update, or in batch descent of one part of the gradient. */
function batchSizeFor(invocation: Invocation, regime: Regime, config: Config): number {
  const given = wholeNumber(invocation, "batch-size", fitBatchSize(config), { minimum: 1, maximum: 2 ** 20 });
  return regime === "stochastic" ? 1 : given;
}

/**
 * The config's schedule as written, but with a cosine that leaves its length open made to end with the run.
 * `countUpdates`, those of the whole run, reads the file once more, so it is asked only then.
 */
async function scheduleForRun(config: Config, countUpdates: () => Promise<number>): Promise<unknown> {
  const schedule = scheduleFromDescription(config.model.schedule, "model.schedule");
  if (schedule === null || !isOpen(schedule)) return config.model.schedule;
  return describeSchedule(spanning(schedule, await countUpdates()));
}

/** Refuses a file with a label out of range before anything is learned from it. */
function checkLabel(
  learner: Learner,
  data: string,
): (row: Float64Array, index: number, line: number) => void {
  const { fields, target } = learner.describe();
  const labelAt = fields.indexOf(target.column);
  return (row, _, line) => {
    if (!learner.accepts(row, 0)) {
      throw badLabel(data, line, row[labelAt], learner.classes);
    }
  };
}

/** Batch descent: the file is read once an epoch, whatever its size. Gives the mean loss of each epoch. */
async function descendStreamed(learner: Learner, split: Split, epochs: number, progress: ProgressBar) {
  const { network } = learner;
  const count = split.trainingRows;
  const losses: number[] = [];
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const pass = new BatchEpoch(network, count);
    await forEachTrainingRow(split, (row) => {
      learner.writeExample(row, 0, network.input, network.target, pass.row);
      pass.add();
      done++;
      if (done % 1024 === 0) progress.update(done, lossNote(losses));
    });
    losses.push(pass.end());
    progress.update(done, lossNote(losses));
  }
  return losses;
}

/** Stochastic and mini-batch descent: rows are held in memory and shuffled. Gives the mean loss of each epoch. */
async function descendHeld(
  learner: Learner,
  split: Split,
  epochs: number,
  batchSize: number,
  progress: ProgressBar,
) {
  const { network } = learner;
  const count = split.trainingRows;
  const rows = await holdTrainingRows(learner, split, "use --regime batch, which streams it");
  const order = rowOrder(count);
  const random = createRandom(split.seed);
  const losses: number[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    losses.push(descendEpoch(network, rows, batchSize, order, random));
    progress.update(epoch * count, lossNote(losses));
    // Lets Ctrl-C and the terminal have their turn.
    await new Promise(setImmediate);
  }
  return losses;
}

const lossNote = (losses: number[]) =>
  losses.length === 0 ? "" : `loss ${losses[losses.length - 1].toPrecision(4)}`;

/** Scores of the trained network on both parts of the file. */
async function judge(learner: Learner, split: Split, heldOutRows: number) {
  const create = () =>
    learner.classes > 0 ? new ClassificationMetrics(learner.classes) : new RegressionMetrics();
  const parts = { training: create(), held: create() };
  const targetAt = split.columns.indexOf(learner.describe().target.column);
  await forEachRow(split, (row, isHeldOut) => {
    const metrics = isHeldOut ? parts.held : parts.training;
    learner.predict(row, 0);
    if (metrics instanceof ClassificationMetrics) {
      metrics.observe(row[targetAt], learner.predictedClass, learner.prediction);
    } else {
      metrics.observe(row, targetAt, learner.prediction);
    }
  });
  return { training: parts.training.report(), held: heldOutRows > 0 ? parts.held.report() : null };
}
