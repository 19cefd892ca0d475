import { type Config, loadConfig } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { createLearner, type Learner } from "../learner/learner.ts";
import type { LearnerOptions } from "../learner/learner-options.ts";
import { mostClasses } from "../learner/target.ts";
import type { SampleValidator } from "../samples/sample-validator.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import { required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { badLabel, columnsOf, isPipe, requireRereadable } from "./data-file.ts";
import { openStream, type RecordedStream, type StreamRead } from "./recorded-stream.ts";
import { scoreFacts } from "./scores.ts";
import { facts } from "./terminal/text-table.ts";
import { faultFacts, validatorFor } from "./validated-rows.ts";

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
  const realTime = invocation.switches.has("real-time");
  const stream = await openStream(data, { isPipe: isPipe(data) });
  if (realTime && !stream.isRecording) {
    throw new UsageError(
      `--real-time needs the times of a recording, and ${data} is a CSV file: leave it out`,
    );
  }
  // One pass is enough where a config names the columns: then a pipe will do.
  if (!config?.source.fields) requireRereadable(data);
  const columns = config ? await columnsOf(config, data, () => stream.columns()) : await stream.columns();
  const learner = config
    ? configuredLearner(config, columns, { seed })
    : createLearner({ ...(await inferTask(stream, data, columns)), training: { seed } });
  const validator = validatorFor(config, columns, learner.describe().target.column);
  const observed = await observeStream(learner, validator, stream, { data, columns, realTime });
  save?.(learner, config?.name);
  return report(learner, { data, observed, validator, saved: options["save"] ?? null, config });
}

/** What the header says is to be learned: `label` is a class, `target` a number; it must be the last column. */
async function inferTask(stream: RecordedStream, data: string, columns: string[]): Promise<LearnerOptions> {
  const column = columns[columns.length - 1];
  if (column === "target") return { fields: columns, target: { column } };
  if (column !== "label") {
    throw new RivuletError(
      "data.missing-column",
      `${data} ends in the column "${column}": name the last column label (a class) or target (a number), or give a CONFIG that says what to predict`,
    );
  }
  let classes = 2;
  await stream.read([column], (values, offset, place) => {
    const label = values[offset];
    // Of a recording; it is skipped, as live.
    if (!Number.isFinite(label)) return;
    if (!Number.isInteger(label) || label < 0 || label >= mostClasses) {
      throw new RivuletError(
        "data.bad-label",
        `${data}, ${stream.places} ${place}: the label is ${label}, but classes are whole numbers from 0 to ${mostClasses - 1}; name the column target if it is a number to predict`,
      );
    }
    classes = Math.max(classes, label + 1);
  });
  return { fields: columns, target: { column, classes } };
}

interface Observed extends StreamRead {
  milliseconds: number;
}

async function observeStream(
  learner: Learner,
  validator: SampleValidator,
  stream: RecordedStream,
  { data, columns, realTime }: { data: string; columns: string[]; realTime: boolean },
): Promise<Observed> {
  const { target } = learner.describe();
  const width = columns.length;
  const labelAt = columns.indexOf(target.column);
  // In real time each sample is learned from when it is due, as it was live.
  const capacity = realTime ? 1 : blockRows;
  const block = new Float64Array(capacity * width);
  /** Where each row of the block is. */
  const places = new Float64Array(capacity);
  let filled = 0;
  let milliseconds = 0;
  const observeBlock = () => {
    const start = performance.now();
    for (let row = 0; row < filled; row++) {
      if (!validator.validate(block, row * width)) continue;
      // A file of rows can be put right; a recording is what came, and is learned from as it was live.
      if (!learner.observe(block, row * width) && !stream.isRecording) {
        throw badLabel(data, places[row], block[row * width + labelAt], learner.classes);
      }
    }
    milliseconds += performance.now() - start;
    filled = 0;
  };
  const read = await stream.read(
    columns,
    (values, offset, place) => {
      const start = filled * width;
      places[filled] = place;
      for (let column = 0; column < width; column++) block[start + column] = values[offset + column];
      filled++;
      if (filled === capacity) observeBlock();
    },
    realTime,
  );
  observeBlock();
  return { ...read, milliseconds };
}

interface Outcome {
  data: string;
  observed: Observed;
  validator: SampleValidator;
  saved: string | null;
  config: Config | null;
}

function report(learner: Learner, { data, observed, validator, saved, config }: Outcome): Report {
  const { rows, milliseconds, damaged, tornBytes } = observed;
  const rejected = validator.skipped + learner.refusals.notFinite + learner.refusals.badLabel;
  const faults = validator.report();
  const { network } = learner;
  const { target } = learner.describe();
  const metrics = learner.report();
  const microsecondsPerSample = (1000 * milliseconds) / Math.max(1, rows);
  const residentBytes = process.memoryUsage.rss();
  const arenaBytes = network.plan.totalBytes;
  const task = learner.classes > 0 ? "classification" : "regression";
  const what = learner.classes > 0 ? `${target.column}, one of ${learner.classes} classes` : target.column;
  return {
    data: {
      rows,
      rejected,
      faults,
      damaged,
      tornBytes,
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
      ["data", `${data}, ${formatCount(rows, "row")}`],
      ...flaws(rejected, observed),
      ...faultFacts(faults),
      ["predicted", what],
      ["network", config ? `of ${config.file}` : "chosen by the task, nothing tuned"],
      ...scoreFacts(metrics),
      ["time a sample", `${microsecondsPerSample.toFixed(2)} microseconds, on ${network.kernels} kernels`],
      ["memory", `${formatSize(residentBytes)} resident, ${formatSize(arenaBytes)} of it the arena`],
      ...(network.skipped > 0
        ? [
            ["skipped", `${formatCount(network.skipped, "step")} whose loss or gradient was not finite`] as [
              string,
              string,
            ],
          ]
        : []),
      ...(saved === null ? [] : [["checkpoint", saved] as [string, string]]),
    ]),
  };
}

/** What of the recording was not learned from, where there is such a thing. */
function flaws(rejected: number, { damaged, tornBytes }: Observed): [string, string][] {
  const rows: [string, string][] = [];
  if (rejected > 0)
    rows.push([
      "rejected",
      `${formatCount(rejected, "sample")} that ${rejected === 1 ? "was" : "were"} not learned from, as live`,
    ]);
  if (damaged > 0)
    rows.push(["damaged", `${formatCount(damaged, "stretch", "stretches")} of the recording, left out`]);
  if (tornBytes > 0)
    rows.push(["torn", `the last ${formatCount(tornBytes, "byte")}, as a power cut leaves them`]);
  return rows;
}
