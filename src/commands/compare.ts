import { accessSync, constants, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { type Config, loadConfig } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import type { Model, Optimizer } from "../engine/model/model.ts";
import { optimizerKinds } from "../engine/optimizers/index.ts";
import { RivuletError } from "../errors/errors.ts";
import { readRows } from "../samples/decoding/csv-file.ts";
import type { SampleValidator } from "../samples/sample-validator.ts";
import type { Rows } from "../training/descent.ts";
import { createJudge } from "../training/judge.ts";
import { principalPlane, project } from "../training/plane.ts";
import { bestCandidateRate, plain, type Run, type Task, train, trainTooLarge } from "../training/runs.ts";
import { lossSurface } from "../training/surface.ts";
import { holdTrainingRows } from "../training/training-rows.ts";
import { formatCount } from "../wording/quantities.ts";
import { required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { requireWritable } from "./command-line/writable-file.ts";
import { type Comparison, cellsOf, figuresOf, pageOf } from "./compare/page.ts";
import { badLabel, columnsOf, requireRereadable } from "./data-file.ts";
import { ProgressBar } from "./terminal/progress-bar.ts";
import { facts, textTable } from "./terminal/text-table.ts";
import { validationFacts, validatorFor } from "./validated-rows.ts";

/** All rows are held in memory and looked at after every epoch of every run. */
const mostRows = 20_000;

/** Trains one network in many ways, and writes a page that shows them side by side. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  const config = loadConfig(positionals[0]);
  const data = required(invocation, "compare", "data", "FILE");
  const epochs = wholeNumber(invocation, "epochs", 20, { minimum: 1 });
  const batchSize = wholeNumber(invocation, "batch-size", 16, { minimum: 1, maximum: 2 ** 20 });
  const seed = wholeNumber(invocation, "seed", config.training.seed, { minimum: 0, maximum: 2 ** 32 - 1 });
  const page = options["out"] ?? "compare.html";
  const folder = options["svg"];
  requirePage(page, [data, positionals[0]]);
  if (folder !== undefined) requireFolder(folder);
  requireRereadable(data);

  const { model, rows, validator } = await prepare(config, data, seed);
  const { deterministic } = config.training;
  const judge = createJudge(model, rows, deterministic);
  const task: Task = { model, rows, seed, deterministic, epochs, batchSize, judge };
  const learningRate = await bestCandidateRate(task);
  const { regimes, optimizers, tooLarge, tooSmall } = await trainAll(task, learningRate);

  const path = regimes.flatMap((regime) => regime.path);
  const origin = path[0];
  const plane = principalPlane(origin, path);
  const points = path.map((weights) => project(plane, weights));
  const surface = await lossSurface(model, rows, plane, points, { seed, deterministic });
  const comparison: Comparison = {
    name: config.name,
    rows: rows.count,
    weights: origin.length,
    epochs,
    batchSize,
    seed,
    learningRate,
    regimes,
    optimizers,
    tooLarge,
    tooSmall,
    plane,
    surface,
  };
  const figures = figuresOf(comparison);
  write(page, pageOf(comparison, figures));
  for (const { file, svg } of folder === undefined ? [] : figures) {
    write(join(folder as string, `${file}.svg`), `${svg}\n`);
  }

  const runs = [...new Set([...regimes, ...optimizers, tooLarge, tooSmall])];
  return {
    data: {
      rows: rows.count,
      rejected: validator.skipped,
      faults: validator.report(),
      weights: origin.length,
      epochs,
      batchSize,
      seed,
      learningRate,
      runs: runs.map(({ course, path, ...result }) => result),
      page,
      figures: folder === undefined ? [] : figures.map(({ file }) => join(folder, `${file}.svg`)),
    },
    text: [
      facts([
        ["data", `${data}, ${formatCount(rows.count, "row")}`],
        ...validationFacts(validator),
        ["network", `${origin.length} weights, the same at the start of every run (seed ${seed})`],
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

/** The model that is trained, and all rows as it is to see them. */
async function prepare(
  config: Config,
  data: string,
  seed: number,
): Promise<{ model: Model; rows: Rows; validator: SampleValidator }> {
  const columns = await columnsOf(config, data);
  // The budget is that of a board; this is done at a desk.
  const memory = { ...config.memory, budgetBytes: null };
  const learner = configuredLearner({ ...config, memory }, columns, { seed });
  const labelAt = columns.indexOf(learner.describe().target.column);
  const createValidator = () => validatorFor(config, columns, config.target.column);
  const validator = createValidator();
  let count = 0;
  const { rows: all } = await readRows(
    data,
    (row, index, line) => {
      if (index >= mostRows) {
        throw new RivuletError(
          "data.too-large",
          `${data} has more than ${mostRows} rows, which is too much to go over in so many ways; give a file with fewer`,
        );
      }
      if (!validator.validate(row, 0)) return;
      if (!learner.accepts(row, 0)) throw badLabel(data, line, row[labelAt], learner.classes);
      learner.learnStatistics(row, 0);
      count++;
    },
    { columns },
  );
  if (count === 0) {
    throw new RivuletError(
      "data.empty",
      `${data} has no row to train on, as each has a value that cannot be true: correct them, or source.fields`,
    );
  }
  const drawn = { data, columns, rows: all, heldOutRows: 0, heldOutLast: true, seed, createValidator };
  const split = { ...drawn, trainingRows: count };
  const rows = await holdTrainingRows(learner, split, "give a file with fewer rows");
  const { model } = learner.network;
  // Summed gradients would make the same rate mean something else in each regime, and clipping would hide what a
  // rate does.
  return {
    model: { ...model, loss: { ...model.loss, reduction: "mean" }, clip: null, schedule: null },
    rows,
    validator,
  };
}

/** The optimizers beside plain descent, by name, at the rates that each says for this one of plain descent. */
function comparedOptimizers(descentRate: number): [string, Optimizer][] {
  return Object.entries(optimizerKinds)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, make]): [string, Optimizer][] => {
      const { comparedRate } = make.kind;
      return comparedRate ? [[name, make({ learningRate: comparedRate(descentRate) })]] : [];
    });
}

async function trainAll(task: Task, learningRate: number) {
  const others = comparedOptimizers(learningRate);
  const progress = new ProgressBar(process.stderr, (4 + others.length) * task.epochs, "epochs");
  let finished = 0;
  const follow = async (setup: Parameters<typeof train>[1]): Promise<Run> => {
    const result = await train(task, setup, (done) =>
      progress.update(finished * task.epochs + done, setup.name),
    );
    finished++;
    return result;
  };
  try {
    const regimes: Run[] = [];
    for (const regime of ["batch", "stochastic", "mini-batch"] as const) {
      regimes.push(await follow({ ...plain(regime, regime, learningRate), keepsPath: true }));
    }
    const optimizers = [regimes[2]];
    for (const [optimizer, settings] of others) {
      optimizers.push(await follow({ name: optimizer, regime: "mini-batch", optimizer, settings }));
    }
    const tooSmall = await follow(plain("rate too small", "mini-batch", learningRate / 100));
    const tooLarge = await trainTooLarge(task, "rate too large", regimes[2]);
    return { regimes, optimizers, tooLarge, tooSmall };
  } finally {
    progress.close();
  }
}

/** Refuses, before anything is trained, a page that could not be written in the end, or would be over an input. */
function requirePage(file: string, inputs: string[]): void {
  if (inputs.some((input) => resolve(input) === resolve(file))) {
    throw new RivuletError(
      "file.unsuitable",
      `cannot write ${file}: it is read from; name another file with --out`,
    );
  }
  requireWritable(file, `cannot write ${file}`);
}

/** Makes the folder for the figures where it is missing. */
function requireFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw diskError(error, `cannot write figures into ${folder}`, folder);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileDurablySync(resolve(file), [Buffer.from(text)]);
  } catch (error) {
    throw diskError(error, `cannot write ${file}`, dirname(resolve(file)));
  }
}
