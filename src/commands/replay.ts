import { basename } from "node:path";
import { type Config, loadConfig } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import { planLabels, rowRateOf } from "../config/plan-labels.ts";
import type { AnyDescription } from "../continuing/learner-checkpoint.ts";
import { publishedDescription, readModel, requireFitting } from "../continuing/model-file.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { Ensemble } from "../learner/ensemble.ts";
import { Forecaster } from "../learner/forecast/forecaster.ts";
import type { Learner } from "../learner/learner.ts";
import { hasRoom } from "../learner/outside-model.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { classNamesOf } from "../learner/target.ts";
import { rateDoubt } from "../samples/rate.ts";
import { clockText } from "../samples/sample-clock.ts";
import type { FieldFaults } from "../samples/sample-validator.ts";
import { evaluatePrequentially, type PrequentialReport } from "../training/prequential.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import { dataOf, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { columnsOf, leftOutFact, openData, requireRereadable } from "./data/data-file.ts";
import { refuseTaskOptions, taskOf } from "./data/file-task.ts";
import { damageFacts, faultFacts, validatorFor } from "./data/validated-rows.ts";
import { replayPage } from "./replay/page.ts";
import { ScoreCourse } from "./replay/score-course.ts";
import { pageFacts, requirePage, writePage } from "./results/page-file.ts";
import { prepareSave } from "./results/save-checkpoint.ts";
import { glitchFacts, scoreFacts } from "./results/scores.ts";
import { type Fact, facts } from "./terminal/text-table.ts";

/** Rows that wait for labels of a recording, where no config says how many did live. */
const usualHeldRows = 1024;

/** Learns from a recorded stream, predicting each row before learning from it; or watches it for anomalies. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, options } = invocation;
  refuseTaskOptions(invocation);
  const written = positionals[0] === undefined ? null : loadConfig(positionals[0]);
  const path = dataOf(invocation, "replay", written);
  if (invocation.switches.has("anomaly") || written?.target === null) {
    const { replayAnomalies } = await import("./replay/anomalies.ts");
    return replayAnomalies(invocation, written);
  }
  const alone = ["alarms-per-week", "interval", "windows"].find((name) => options[name] !== undefined);
  if (alone) throw new UsageError(`--${alone} belongs to --anomaly; add that, or leave it out`);
  const limits = { minimum: 0, maximum: 2 ** 32 - 1 };
  const seed = wholeNumber(invocation, "seed", written?.training.seed ?? 1, limits);
  const save = await prepareSave(options["save"], written?.checkpoint.directory);
  const { report: page } = options;
  if (page !== undefined) requirePage(page, "report", [path, ...positionals]);
  // One pass is enough where a config names the columns: then a pipe will do.
  if (!written?.source.fields) requireRereadable(path);
  const realTime = invocation.switches.has("real-time");
  const config = written ?? (await taskOf(invocation, await openData(path, { realTime })));
  const data = await openData(path, { realTime, config });
  const columns = await columnsOf(config, data);
  const without = options["without"]?.split(",") ?? [];
  const { from } = options;
  const learner =
    from === undefined
      ? configuredLearner(config, columns, { seed, without })
      : await continuedFrom(invocation, from, config, columns);
  requireExperts(learner, without);
  const validator = validatorFor(config, columns, learner.describe().target.column, { mayLackTarget: true });
  const labels =
    written && planLabels(written, learner.heldSizes, learner.memory.bytes, rowRateOf(learner, written));
  const heldRows = labels?.samples ?? usualHeldRows;
  const course = page === undefined ? null : new ScoreCourse(learner);
  const report = await evaluatePrequentially(learner, data, {
    ...{ createValidator: () => validator, heldRows },
    onLearned: course === null ? undefined : (targets, at, row) => course.observe(targets, at, row),
    takeModel: (bytes, version) => takeModel(learner, bytes, version),
  });
  learner.healOverflow?.();
  save?.(learner, written?.name);
  const outcome: Outcome = {
    ...{ data: path, faults: validator.report(), saved: options["save"] ?? null, config: written },
    leftOut: written?.source.fields ? null : await leftOutFact(data, columns),
    page: page ?? null,
  };
  if (course !== null) writePage(page as string, pageFor(learner, report, outcome, course));
  return reportOf(learner, report, outcome);
}

function pageFor(
  learner: PrequentialLearner,
  report: PrequentialReport,
  outcome: Outcome,
  course: ScoreCourse,
): string {
  const { rows, milliseconds } = report;
  return replayPage({
    ...{ data: basename(outcome.data), rows, learner, course },
    facts: pageFacts([
      ...inputFacts(learner, report, outcome),
      ["time a sample", `${((1000 * milliseconds) / Math.max(1, rows)).toFixed(1)} microseconds`],
    ]),
  });
}

/** As the daemon took it in; false where this learner has no room for it. */
function takeModel(learner: PrequentialLearner, bytes: Uint8Array, version: number): boolean {
  if (!hasRoom(learner)) return false;
  const where = `version ${version} of the models, in the recording,`;
  const { description, model } = readModel(bytes, where);
  requireFitting(publishedDescription(learner.describe() as AnyDescription), description, where);
  learner.takeIn(model);
  return true;
}

/** The learner of a checkpoint, which learns on; with a config, one that the config describes. */
async function continuedFrom(
  { positionals, options }: Invocation,
  from: string,
  config: Config,
  columns: readonly string[],
): Promise<PrequentialLearner> {
  const wrong = ["seed", "without"].find((name) => options[name] !== undefined);
  if (wrong) throw new UsageError(`--from continues a learner as it is; leave --${wrong} out`);
  const { learnerFrom, replayedNetworkIn } = await import("../continuing/learner-checkpoint.ts");
  const { resume } = await import("../continuing/resume.ts");
  const { readCheckpoint } = await import("../checkpoint/read-checkpoint.ts");
  const { file, checkpoint } = readCheckpoint(from);
  if (positionals[0] === undefined) {
    const learner = learnerFrom(checkpoint, file);
    const { fields } = learner.describe();
    if (fields.join() === columns.join()) return learner;
    throw new RivuletError(
      "data.missing-column",
      `the data has the columns ${columns.join(", ")}, but ${file} learned from ${fields.join(", ")}; give a CONFIG that names them`,
    );
  }
  const chosen = config.ensemble?.layers ? undefined : replayedNetworkIn(checkpoint);
  const learner = configuredLearner(config, columns, { chosen });
  resume(learner, checkpoint, file);
  return learner;
}

interface Outcome {
  data: string;
  /** What was found in each field. */
  faults: FieldFaults[];
  saved: string | null;
  config: Config | null;
  /** Columns that are not learned from. */
  leftOut: Fact;
  /** File of the page, if one was asked for. */
  page: string | null;
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
    `--without names "${unknown}", which is not an expert; the experts are ${learner.expertNames.join(", ")}`,
  );
}

function reportOf(learner: PrequentialLearner, report: PrequentialReport, outcome: Outcome): Report {
  const {
    rows,
    rejected,
    unlabelled,
    damaged,
    refused,
    cutOff,
    doubts,
    clock,
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
      recoveries: learner.recoveries,
      damaged,
      refused,
      cutOff,
      doubts,
      clock,
      tornBytes,
      events: report.events,
      task,
      target: learner.describe().target,
      metrics,
      updates,
      skippedSteps,
      ...measured,
      saved: outcome.saved,
      report: outcome.page,
    },
    text: textOf(learner, report, outcome, measured),
  };
}

/** What was learned from, and by what. */
function inputFacts(
  learner: PrequentialLearner,
  report: PrequentialReport,
  { data, faults, config, leftOut }: Outcome,
): Fact[] {
  const { column } = learner.describe().target;
  return [
    ["data", `${data}, ${formatCount(report.rows, "row")}`],
    leftOut,
    ...flaws(report, config?.source.rate ?? null),
    ...eventFacts(report),
    ...faultFacts(faults),
    ...glitchFacts(learner.glitches.report()),
    ["predicted", learner.classes > 0 ? `${column}, one of ${learner.classes} classes` : column],
    ["learner", learnerText(learner, config)],
    recoveredFact(learner),
  ];
}

function textOf(
  learner: PrequentialLearner,
  report: PrequentialReport,
  outcome: Outcome,
  measured: { microsecondsPerSample: number; residentBytes: number; arenaBytes: number; kernels: string },
): string {
  const { metrics, skippedSteps } = report;
  const { saved, page } = outcome;
  const { microsecondsPerSample, residentBytes, arenaBytes, kernels } = measured;
  const steps = formatCount(skippedSteps, "step");
  return facts([
    ...inputFacts(learner, report, outcome),
    ...scoreFacts(metrics, classNamesOf(learner)),
    ["time a sample", `${microsecondsPerSample.toFixed(2)} microseconds, on ${kernels} kernels`],
    ["memory", `${formatSize(residentBytes)} resident, ${formatSize(arenaBytes)} of it the arena`],
    skippedSteps === 0 ? null : ["skipped", `${steps} whose loss or gradient was not finite`],
    saved === null ? null : ["checkpoint", saved],
    page === null ? null : ["report", `${page}: open it in a browser`],
  ]);
}

/** How often a single network had to go back, if ever. */
function recoveredFact(learner: PrequentialLearner): Fact {
  const { recoveries } = learner;
  if (recoveries === 0 || learner instanceof Ensemble || learner instanceof Forecaster) return null;
  const { learningRate } = (learner as Learner).network;
  const times = recoveries === 1 ? "once" : `${recoveries} times`;
  return [
    "recovered",
    `${times}: the network was worse than a constant answer, or its numbers had overflowed; it went back to earlier weights and learns at ${learningRate.toPrecision(3)} now; lower its learning rate, or leave model out for the ensemble`,
  ];
}

function learnerText(learner: PrequentialLearner, config: Config | null): string {
  if (learner instanceof Forecaster) return "the forecaster, nothing tuned";
  if (!(learner instanceof Ensemble)) return `the network of ${config?.file}`;
  const { without } = learner.describe().model.ensemble;
  return `the ensemble, nothing tuned${without.length > 0 ? `, without ${without.join(", ")}` : ""}`;
}

/** What came between the samples of the recording, if anything. */
function eventFacts({
  events: { labels, lostLabels, pauses, efforts, models, lostModels, unknown, learnedBefore },
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
    efforts === 0
      ? null
      : ["effort", `changed ${efforts === 1 ? "once" : `${efforts} times`}, where it did in the live run`],
    models === 0
      ? null
      : ["models", `${formatCount(models, "model")} from outside taken in, where the live run did`],
    lostModels === 0
      ? null
      : [
          "lost models",
          `${formatCount(lostModels, "model")} from outside, for which this learner has no room: replay with a config that has sync.models`,
        ],
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
          `after ${formatCount(learnedBefore, "sample")} that are not in the recording: the replay starts over`,
        ],
  ];
}

/** What was not learned from, if anything. */
function flaws(report: PrequentialReport, rate: number | null): Fact[] {
  const { rejected, unlabelled, damaged, refused, cutOff, doubts, clock, tornBytes } = report;
  const doubt = rateDoubt(rate, clock?.usualMs ?? null);
  const samples = `${formatCount(rejected, "sample")} that ${rejected === 1 ? "was" : "were"}`;
  return [
    rejected === 0 ? null : ["rejected", `${samples} not learned from, as live`],
    unlabelled === 0
      ? null
      : ["unlabelled", `${formatCount(unlabelled, "sample")} without a target, predicted only`],
    ...damageFacts({ damaged, refused, cutOff, doubts }),
    clock === null
      ? null
      : ["clock", `${clock.columns.join(" and ")}: ${clockText(clock) ?? "no gap, no repeat"}`],
    doubt === null ? null : ["rate", doubt],
    tornBytes === 0
      ? null
      : ["torn", `the last ${formatCount(tornBytes, "byte")}, as a power cut leaves them`],
  ];
}
