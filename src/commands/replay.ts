import { type Config, loadConfig } from "../daemon/config.ts";
import { configuredLearner } from "../daemon/configured-learner.ts";
import { formatSize } from "../daemon/quantities.ts";
import { RivuletError } from "../errors.ts";
import { createLearner, type Learner, type LearnerOptions } from "../learner/learner.ts";
import { mostClasses } from "../learner/target.ts";
import { readHeader, readRows } from "../samples/csv-file.ts";
import { required, wholeNumber } from "./call.ts";
import type { Invocation, Report } from "./command.ts";
import { badLabel, columnsOf, requireRereadable } from "./data-file.ts";
import { scoreFacts } from "./scores.ts";
import { facts } from "./terminal/text-table.ts";

/** Rows between two looks at the clock, so that reading the file and learning from it are told apart. */
const blockRows = 1024;

/** Learns from a recorded stream, predicting each row before learning from it. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  const data = required(invocation, "replay", "data", "FILE");
  const config = positionals[0] === undefined ? null : loadConfig(positionals[0]);
  const seed = wholeNumber(invocation, "seed", config?.training.seed ?? 1, {
    minimum: 0,
    maximum: 2 ** 32 - 1,
  });
  const save =
    options["save"] === undefined
      ? null
      : (await import("./save-checkpoint.ts")).prepareSave(options["save"]);
  // One pass is enough where a config names the columns: then a pipe will do.
  if (!config?.source.fields) requireRereadable(data);
  const columns = config ? await columnsOf(config, data) : await readHeader(data);
  const learner = config
    ? configuredLearner(config, columns, { seed })
    : createLearner({ ...(await inferTask(data, columns)), training: { seed } });
  const { rows, milliseconds } = await observeFile(learner, data, columns);
  save?.(learner, config?.name);
  return report(learner, { data, rows, milliseconds, saved: options["save"] ?? null, config });
}

/** What the header says is to be learned: `label` is a class, `target` a number; it must be the last column. */
async function inferTask(data: string, columns: string[]): Promise<LearnerOptions> {
  const column = columns[columns.length - 1];
  if (column === "target") return { fields: columns, target: { column } };
  if (column !== "label") {
    throw new RivuletError(
      `${data} ends in the column "${column}": name the last column label (a class) or target (a number), or give a CONFIG that says what to predict`,
    );
  }
  let classes = 2;
  await readRows(
    data,
    (row, index) => {
      if (!Number.isInteger(row[0]) || row[0] < 0 || row[0] >= mostClasses) {
        throw new RivuletError(
          `${data}, row ${index + 1}: the label is ${row[0]}, but classes are whole numbers from 0 to ${mostClasses - 1}; name the column target if it is a number to predict`,
        );
      }
      classes = Math.max(classes, row[0] + 1);
    },
    { columns: [column] },
  );
  return { fields: columns, target: { column, classes } };
}

async function observeFile(
  learner: Learner,
  data: string,
  columns: string[],
): Promise<{ rows: number; milliseconds: number }> {
  const width = columns.length;
  const labelAt = columns.indexOf(learner.describe().target.column);
  const block = new Float64Array(blockRows * width);
  let filled = 0;
  let taken = 0;
  let milliseconds = 0;
  const observeBlock = () => {
    const start = performance.now();
    for (let row = 0; row < filled; row++) {
      if (!learner.observe(block, row * width)) {
        throw badLabel(data, taken + row, block[row * width + labelAt], learner.classes);
      }
    }
    milliseconds += performance.now() - start;
    taken += filled;
    filled = 0;
  };
  const { rows } = await readRows(
    data,
    (row) => {
      block.set(row, filled * width);
      filled++;
      if (filled === blockRows) observeBlock();
    },
    { columns },
  );
  observeBlock();
  return { rows, milliseconds };
}

interface Outcome {
  data: string;
  rows: number;
  milliseconds: number;
  saved: string | null;
  config: Config | null;
}

function report(learner: Learner, { data, rows, milliseconds, saved, config }: Outcome): Report {
  const { network } = learner;
  const { target } = learner.describe();
  const metrics = learner.report();
  const microsecondsPerSample = (1000 * milliseconds) / rows;
  const residentBytes = process.memoryUsage.rss();
  const arenaBytes = network.plan.totalBytes;
  const task = learner.classes > 0 ? "classification" : "regression";
  const what = learner.classes > 0 ? `${target.column}, one of ${learner.classes} classes` : target.column;
  return {
    data: {
      rows,
      task,
      target,
      metrics,
      updates: network.updates,
      skippedSteps: network.skipped,
      microsecondsPerSample,
      residentBytes,
      arenaBytes,
      kernels: network.kernels,
      saved,
    },
    text: facts([
      ["data", `${data}, ${rows} rows`],
      ["predicted", what],
      ["network", config ? `of ${config.file}` : "chosen by the task, nothing tuned"],
      ...scoreFacts(metrics),
      ["time a sample", `${microsecondsPerSample.toFixed(2)} microseconds, on ${network.kernels} kernels`],
      ["memory", `${formatSize(residentBytes)} resident, ${formatSize(arenaBytes)} of it the arena`],
      ...(network.skipped > 0
        ? [["skipped", `${network.skipped} steps whose loss or gradient was not finite`] as [string, string]]
        : []),
      ...(saved === null ? [] : [["checkpoint", saved] as [string, string]]),
    ]),
  };
}
