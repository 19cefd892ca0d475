import { type Config, loadConfig } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import { planLabels } from "../config/plan-labels.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { createLearner } from "../learner/create-learner.ts";
import { Ensemble } from "../learner/ensemble.ts";
import type { LearnerOptions } from "../learner/learner-options.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { mostClasses } from "../learner/target.ts";
import { csvFile, type DataFile, recordingFile } from "../library/data-files.ts";
import { isRecordingFile } from "../recording/play.ts";
import type { FieldFaults } from "../samples/sample-validator.ts";
import type { RowVisitor } from "../training/dataset.ts";
import { evaluatePrequentially, type PrequentialReport } from "../training/prequential.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import { required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { columnsOf, isPipe, requireRereadable } from "./data/data-file.ts";
import { faultFacts, validatorFor } from "./data/validated-rows.ts";
import { prepareSave } from "./results/save-checkpoint.ts";
import { glitchFacts, scoreFacts } from "./results/scores.ts";
import { type Fact, facts } from "./terminal/text-table.ts";

/** Rows that wait for labels of a recording, where no config says how many did live. */
const usualHeldRows = 1024;

/** Learns from a recorded stream, predicting each row before learning from it. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  const path = required(invocation, "replay", "data", "FILE");
  const config = positionals[0] === undefined ? null : loadConfig(positionals[0]);
  const limits = { minimum: 0, maximum: 2 ** 32 - 1 };
  const seed = wholeNumber(invocation, "seed", config?.training.seed ?? 1, limits);
  const save = await prepareSave(options["save"]);
  const data = await openData(path, invocation.switches.has("real-time"));
  // One pass is enough where a config names the columns: then a pipe will do.
  if (!config?.source.fields) requireRereadable(path);
  const columns = config ? await columnsOf(config, data) : await data.columns();
  const without = options["without"]?.split(",") ?? [];
  const learner = config
    ? configuredLearner(config, columns, { seed, without })
    : createLearner({ ...(await inferTask(data, columns)), training: { seed }, without });
  requireExperts(learner, without);
  const validator = validatorFor(config, columns, learner.describe().target.column, { mayLackTarget: true });
  const labels = config && planLabels(config, learner.heldSizes, learner.memory.bytes);
  const heldRows = labels?.samples ?? usualHeldRows;
  const report = await evaluatePrequentially(learner, data, { createValidator: () => validator, heldRows });
  save?.(learner, config?.name);
  const saved = options["save"] ?? null;
  return reportOf(learner, report, { data: path, faults: validator.report(), saved, config });
}

async function openData(path: string, realTime: boolean): Promise<DataFile> {
  // A pipe can be read only once, so its first bytes cannot be looked at: it is taken to send CSV.
  if (!isPipe(path) && (await isRecordingFile(path))) return recordingFile(path, { realTime });
  if (realTime) {
    throw new UsageError(
      `--real-time needs the times of a recording, but ${path} is a CSV file; leave the option out`,
    );
  }
  return csvFile(path);
}

/** The task that the header names: the last column is `label`, a class, or `target`, a number. */
async function inferTask(data: DataFile, columns: string[]): Promise<LearnerOptions> {
  const column = columns[columns.length - 1];
  if (column === "target") return { fields: columns, target: { column } };
  if (column !== "label") {
    throw new RivuletError(
      "data.missing-column",
      `${data.name} ends in the column "${column}": name the last column label (a class) or target (a number), or give a CONFIG that says what to predict`,
    );
  }
  let classes = 2;
  const onRow: RowVisitor = (values, offset, place) => {
    const label = values[offset];
    // A row without its label, or, in a recording, one that is left out, as it was live.
    if (!Number.isFinite(label)) return;
    if (!Number.isInteger(label) || label < 0 || label >= mostClasses) {
      throw new RivuletError(
        "data.bad-label",
        `${data.name}, ${data.unit} ${place}: the label is ${label}, but classes are whole numbers from 0 to ${mostClasses - 1}; name the column target if it is a number to predict`,
      );
    }
    classes = Math.max(classes, label + 1);
  };
  await data.read([column], onRow, { optional: column });
  return { fields: columns, target: { column, classes } };
}

interface Outcome {
  data: string;
  /** What was found in each field. */
  faults: FieldFaults[];
  saved: string | null;
  config: Config | null;
}

/** Refuses names to leave out that nothing is called. */
function requireExperts(learner: PrequentialLearner, without: readonly string[]): void {
  if (without.length === 0) return;
  if (!(learner instanceof Ensemble)) {
    throw new UsageError(
      "--without leaves experts out of the ensemble, but the config names a model; leave one out",
    );
  }
  const unknown = without.find((name) => !learner.expertNames.some((expert) => expert.startsWith(name)));
  if (unknown === undefined) return;
  throw new UsageError(
    `--without names "${unknown}", which is no expert; the experts are ${learner.expertNames.join(", ")}`,
  );
}

function reportOf(learner: PrequentialLearner, report: PrequentialReport, outcome: Outcome): Report {
  const {
    rows,
    rejected,
    unlabelled,
    damaged,
    tornBytes,
    task,
    metrics,
    updates,
    skippedSteps,
    milliseconds,
  } = report;
  const { bytes, kernels } = learner.memory;
  const measured = {
    microsecondsPerSample: (1000 * milliseconds) / Math.max(1, rows),
    residentBytes: process.memoryUsage.rss(),
    arenaBytes: bytes,
    kernels,
  };
  return {
    data: {
      rows,
      rejected,
      unlabelled,
      faults: outcome.faults,
      glitches: learner.glitches.report(),
      damaged,
      tornBytes,
      events: report.events,
      task,
      target: learner.describe().target,
      metrics,
      updates,
      skippedSteps,
      ...measured,
      saved: outcome.saved,
    },
    text: textOf(learner, report, outcome, measured),
  };
}

function textOf(
  learner: PrequentialLearner,
  report: PrequentialReport,
  { data, faults, saved, config }: Outcome,
  measured: { microsecondsPerSample: number; residentBytes: number; arenaBytes: number; kernels: string },
): string {
  const { rows, metrics, skippedSteps } = report;
  const { microsecondsPerSample, residentBytes, arenaBytes, kernels } = measured;
  const { column } = learner.describe().target;
  const steps = formatCount(skippedSteps, "step");
  return facts([
    ["data", `${data}, ${formatCount(rows, "row")}`],
    ...flaws(report),
    ...eventFacts(report),
    ...faultFacts(faults),
    ...glitchFacts(learner.glitches.report()),
    ["predicted", learner.classes > 0 ? `${column}, one of ${learner.classes} classes` : column],
    ["learner", learnerText(learner, config)],
    ...scoreFacts(metrics),
    ["time a sample", `${microsecondsPerSample.toFixed(2)} microseconds, on ${kernels} kernels`],
    ["memory", `${formatSize(residentBytes)} resident, ${formatSize(arenaBytes)} of it the arena`],
    skippedSteps === 0 ? null : ["skipped", `${steps} whose loss or gradient was not finite`],
    saved === null ? null : ["checkpoint", saved],
  ]);
}

function learnerText(learner: PrequentialLearner, config: Config | null): string {
  if (!(learner instanceof Ensemble)) return `the network of ${config?.file}`;
  const { without } = learner.describe().model.ensemble;
  return `the ensemble, nothing tuned${without.length > 0 ? `, without ${without.join(", ")}` : ""}`;
}

/** What came between the samples of the recording, if anything. */
function eventFacts({
  events: { labels, lostLabels, pauses, unknown, learnedBefore },
}: PrequentialReport): Fact[] {
  return [
    labels === 0 ? null : ["late labels", `${labels} learned from where they were live`],
    lostLabels === 0
      ? null
      : [
          "lost",
          `${formatCount(lostLabels, "label")} of samples that are not in the recording or no longer kept`,
        ],
    pauses === 0 ? null : ["pauses", `${pauses}, in which nothing was learned`],
    unknown === 0
      ? null
      : [
          "unknown",
          `${formatCount(unknown, "event")} of a newer version: what was learned may differ from the live run`,
        ],
    learnedBefore === 0
      ? null
      : [
          "begins",
          `after ${formatCount(learnedBefore, "sample")} that are not in the recording: the replay begins anew`,
        ],
  ];
}

/** What was not learned from, if anything. */
function flaws({ rejected, unlabelled, damaged, tornBytes }: PrequentialReport): Fact[] {
  const samples = `${formatCount(rejected, "sample")} that ${rejected === 1 ? "was" : "were"}`;
  return [
    rejected === 0 ? null : ["rejected", `${samples} not learned from, as live`],
    unlabelled === 0
      ? null
      : ["unlabelled", `${formatCount(unlabelled, "sample")} without a target, predicted only`],
    damaged === 0
      ? null
      : ["damaged", `${formatCount(damaged, "stretch", "stretches")} of the recording, left out`],
    tornBytes === 0
      ? null
      : ["torn", `the last ${formatCount(tornBytes, "byte")}, as a power cut leaves them`],
  ];
}
