import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { loadConfig, requiredTarget } from "../config/config.ts";
import { configuredNetworkLearner } from "../config/configured-learner.ts";
import type { Learner } from "../learner/learner.ts";
import type { DataFile } from "../library/data-files.ts";
import type { FieldFaults } from "../samples/sample-validator.ts";
import {
  type CompareOptions,
  compareDescents,
  type DescentComparison,
} from "../training/compare-descents.ts";
import { formatCount } from "../wording/quantities.ts";
import { wide } from "./charts/page.ts";
import { dataOf, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { cellsOf, figuresOf, pageOf, runsOf } from "./compare/page.ts";
import { columnsOf, openData, requireRereadable } from "./data/data-file.ts";
import { refuseTaskOptions, taskOf } from "./data/file-task.ts";
import { damageFacts, Validators, validationFacts } from "./data/validated-rows.ts";
import { requirePage, writePage } from "./results/page-file.ts";
import { ProgressBar } from "./terminal/progress-bar.ts";
import { facts, textTable } from "./terminal/text-table.ts";

/** Trains one network in many ways, and writes a page that shows them side by side. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  refuseTaskOptions(invocation);
  const written = positionals[0] ? loadConfig(positionals[0]) : null;
  const path = dataOf(invocation, "compare", written);
  requireRereadable(path);
  const config = written ?? (await taskOf(invocation, await openData(path)));
  const data = await openData(path, { config });
  const epochs = wholeNumber(invocation, "epochs", 20, { minimum: 1 });
  const batchSize = wholeNumber(invocation, "batch-size", 16, { minimum: 1, maximum: 2 ** 20 });
  const seed = wholeNumber(invocation, "seed", config.training.seed, { minimum: 0, maximum: 2 ** 32 - 1 });
  const page = options["out"] ?? "compare.html";
  const folder = options["svg"];
  requirePage(page, "out", [data.name, ...positionals]);
  if (folder !== undefined) requireFolder(folder);
  const columns = await columnsOf(config, data);
  // The budget is that of a board; a comparison is made on a desk.
  const memory = { ...config.memory, budgetBytes: null };
  const learner = configuredNetworkLearner({ ...config, memory }, columns, { seed });
  const validators = new Validators(config, columns, requiredTarget(config).column);
  const { create: createValidator } = validators;
  const comparison = await compare(learner, data, { epochs, batchSize, seed, createValidator });

  const figures = figuresOf(comparison);
  writePage(page, pageOf(config.name, comparison, figures));
  const files = folder === undefined ? [] : figures.map(({ file }) => join(folder, `${file}.svg`));
  for (const [index, file] of files.entries()) {
    writePage(file, `${figures[index].draw({ ...wide, hasTitle: true })}\n`);
  }
  const { damage } = data;
  return reportOf(comparison, { data: data.name, damage, faults: validators.faults(), page, figures: files });
}

/** Compares with a progress bar. */
async function compare(
  learner: Learner,
  data: DataFile,
  options: CompareOptions,
): Promise<DescentComparison> {
  const bar = new ProgressBar(process.stderr, "epochs");
  try {
    return await compareDescents(learner, data, {
      ...options,
      onProgress: ({ epochs, totalEpochs, run }) => bar.update(epochs, totalEpochs, run),
    });
  } finally {
    bar.close();
  }
}

interface Outcome {
  data: string;
  damage: DataFile["damage"];
  faults: FieldFaults[];
  page: string;
  /** Files with a figure each. */
  figures: string[];
}

function reportOf(comparison: DescentComparison, { data, damage, faults, page, figures }: Outcome): Report {
  const { rows, rejected, weights, epochs, batchSize, seed, learningRate } = comparison;
  const runs = runsOf(comparison);
  return {
    data: {
      rows,
      rejected,
      ...damage,
      faults,
      weights,
      epochs,
      batchSize,
      seed,
      learningRate,
      runs: runs.map(({ curve, trajectory, ...result }) => result),
      page,
      figures,
    },
    text: [
      facts([
        ["data", `${data}, ${formatCount(rows, "row")}`],
        ...damageFacts(damage),
        ...validationFacts(rejected, faults),
        ["network", `${weights} weights, the same at the start of every run (seed ${seed})`],
        ["descent", `${formatCount(epochs, "epoch")}, plain descent at the rate ${learningRate}`],
      ]),
      "",
      textTable(
        ["run", "rate", "updates", "an epoch", "time", "first loss", "final loss"],
        runs.map(cellsOf),
        [1, 2, 3, 4, 5, 6],
      ),
      "",
      `The page is ${page}: open it in a browser.`,
    ].join("\n"),
  };
}

/** Creates the folder for the figures if it is missing. */
function requireFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw diskError(error, `cannot write figures into ${folder}`, folder);
  }
}
