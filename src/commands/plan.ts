import { dailySaves, savingInterval } from "../checkpoint/save-interval.ts";
import { type Config, loadConfig, sampleColumns } from "../config/config.ts";
import { ensembleOptions, forecasterOptions } from "../config/configured-learner.ts";
import { sequenceText } from "../config/features-config.ts";
import { written } from "../config/part-reference.ts";
import { type PlannedAnomaly, planAnomaly } from "../config/plan-anomaly.ts";
import {
  guestBytesOf,
  historyBytesOf,
  planConfig,
  planEnsembleOf,
  planFeaturesOf,
  planForFit,
  planNetworkLabels,
} from "../config/plan-config.ts";
import { planDaemon } from "../config/plan-daemon.ts";
import { type PlannedLabels, planLabels } from "../config/plan-labels.ts";
import type { Plan, PlannedBuffer } from "../engine/planning/plan.ts";
import { plan } from "../engine/planning/planner.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import type { PlannedFeatures } from "../features/extraction.ts";
import { planForecaster } from "../learner/forecast/forecaster.ts";
import { formatCount, formatDuration, formatSize } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import type { EffortCost } from "./plan/effort-costs.ts";
import { textTable } from "./terminal/text-table.ts";

/** Every buffer of the arena, before anything is allocated. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  const columns = await columnsFor(config, file, options["data"]);
  if (config.target === null) return watchPlan(config, columns);
  return config.ensemble === null ? networkPlan(config, columns) : await ensemblePlan(config, columns);
}

/** A config without a target: what is known of the columns that are watched. */
function watchPlan(config: Config, columns: readonly string[]): Report {
  const anomaly = planAnomaly(config, columns, 0);
  const bytes = anomaly?.bytes ?? 0;
  const historyBytes = historyBytesOf({ target: null, isEnsemble: false });
  const daily = dailyWrites(config, columns);
  const { budgetBytes } = config.memory;
  return {
    data: {
      ...{ config: config.file, learner: "none", anomaly, totalBytes: bytes, historyBytes },
      ...{ budgetBytes, daily },
    },
    text: [
      ...featuresText(config, planFeaturesOf(config, columns)),
      ...anomalyText(anomaly),
      historyText(historyBytes),
      dailyText(daily),
      ...budgetText(config, bytes),
    ].join("\n"),
  };
}

/** The bytes of each expert, and of what they share; and what a sample costs here at each effort. */
async function ensemblePlan(config: Config, columns: readonly string[]): Promise<Report> {
  const planned = planEnsembleOf(config, columns);
  const features = planFeaturesOf(config, columns);
  const { parts, totalBytes } = planned;
  const fit = fitOf(config, columns);
  const labels = planLabels(config, planned.held, totalBytes, features.rate);
  const anomaly = planAnomaly(config, columns, totalBytes + (labels?.bytes ?? 0));
  const daily = dailyWrites(config, columns);
  const historyBytes = historyBytesOf({ target: config.target, isEnsemble: true });
  const { effort, stepsDown, layers } = config.ensemble as NonNullable<Config["ensemble"]>;
  const { measureEfforts } = await import("./plan/effort-costs.ts");
  const efforts = measureEfforts(measuredOptions(config, columns));
  return {
    data: {
      config: config.file,
      learner: "ensemble",
      effort: stepsDown ? "auto" : effort,
      parts,
      totalBytes,
      efforts,
      features: featuresData(features),
      labels,
      anomaly,
      historyBytes,
      fit,
      budgetBytes: config.memory.budgetBytes,
      daily,
    },
    text: [
      textTable(
        ["part", "bytes", "scratch"],
        parts.map(({ name, bytes, scratchBytes = 0 }) => [name, String(bytes), String(scratchBytes)]),
        [1, 2],
      ),
      "",
      effortTable(efforts),
      "",
      `total     ${totalBytes} bytes (${formatSize(totalBytes)}), the ensemble at effort ${effort}; all of it before the first sample`,
      "scratch   bytes that the parts share; the column says how many of them each uses",
      ...(layers === null ? [] : [networkText(config)]),
      ...(stepsDown
        ? ["effort    auto: it steps down where the daemon falls behind, and stays in this memory"]
        : []),
      ...featuresText(config, features),
      ...labelsText(labels),
      ...anomalyText(anomaly),
      historyText(historyBytes),
      ...(fit === null ? [] : [`fit       ${fitText(fit, config)}`]),
      dailyText(daily),
      ...budgetText(config, totalBytes + (labels?.bytes ?? 0) + (anomaly?.bytes ?? 0)),
    ].join("\n"),
  };
}

/** The ensemble whose cost is measured: that of a forecast learns from rows of its own. */
const measuredOptions = (config: Config, columns: readonly string[]) =>
  config.target !== null && "forecast" in config.target
    ? planForecaster(forecasterOptions(config, columns)).ensemble
    : ensembleOptions(config, columns);

const networkText = ({ target }: Config) =>
  `network   model.layers replace the replayed network${target !== null && "classes" in target ? "" : " of the level"}; the gradient of its loss by the features weighs these for the neighbours`;

/** Measured just now: other work on the machine is in it. */
const effortTable = (efforts: readonly EffortCost[]) =>
  textTable(
    ["effort", "bytes", "us a sample", "samples a second"],
    efforts.map(({ effort, totalBytes, microsecondsPerSample, samplesPerSecond }) => [
      effort,
      String(totalBytes),
      microsecondsPerSample.toFixed(1),
      String(Number(samplesPerSecond.toPrecision(3))),
    ]),
    [1, 2, 3],
  );

function networkPlan(config: Config, columns: readonly string[]): Report {
  const figures = networkFigures(config, columns);
  const { planned, features, ...rest } = figures;
  const { buffers, totalBytes, unsharedBytes, batchSize, accumulate } = planned;
  return {
    data: {
      ...{ config: config.file, learner: "network", batchSize, buffers, totalBytes, unsharedBytes },
      ...rest,
      features: featuresData(features),
      updates: accumulate ? "gathered" : "in place",
      budgetBytes: config.memory.budgetBytes,
    },
    text: networkLines(config, figures).join("\n"),
  };
}

/** Planned memory of a network, and of features, late labels, a model from outside and the anomaly detector. */
function networkFigures(config: Config, columns: readonly string[]) {
  const planned = planConfig(config, columns);
  const features = planFeaturesOf(config, columns);
  const labels = planNetworkLabels(config, planned, features.rate);
  const guestBytes = guestBytesOf(config, planned);
  const anomaly = planAnomaly(config, columns, planned.totalBytes + guestBytes + (labels?.bytes ?? 0));
  const { model, batchSize } = planned;
  return {
    ...{ planned, features, labels, guestBytes, anomaly },
    instructions: Object.values(planned.program).flat().length,
    predictingBytes: plan(model, { batchSize, training: false }).totalBytes,
    historyBytes: historyBytesOf({ target: config.target, isEnsemble: false }),
    fit: fitOf(config, columns),
    daily: dailyWrites(config, columns),
  };
}

function networkLines(config: Config, figures: ReturnType<typeof networkFigures>): string[] {
  const { planned, features, labels, guestBytes, anomaly, fit, predictingBytes, instructions } = figures;
  const { buffers, totalBytes, unsharedBytes, batchSize, accumulate } = planned;
  return [
    textTable(
      ["buffer", "role", "shape", "bytes", "offset", "lifetime"],
      buffers.map((buffer) => [
        buffer.name,
        buffer.role,
        `${buffer.shape.join(" x ")} ${buffer.dtype}`,
        String(buffer.bytes),
        String(buffer.offset),
        lifetimeOf(buffer),
      ]),
      [3, 4],
    ),
    "",
    `total     ${totalBytes} bytes (${formatSize(totalBytes)}), for batches of ${batchSize}`,
    ...(guestBytes === 0
      ? []
      : [`guest     ${guestBytes} bytes more: room for a network from outside beside this one`]),
    ...featuresText(config, features),
    `sharing   saves ${unsharedBytes - totalBytes} bytes: buffers that do not live at the same time share space`,
    `updates   ${accumulate ? "gathered: gradients are kept until all are there" : "in place: each gradient makes room for the next, no two exist at a time"}`,
    ...labelsText(labels),
    ...anomalyText(anomaly),
    ...(fit === null ? [] : [`fit       ${fitText(fit, config)}`]),
    `predict   a network that only predicts takes ${predictingBytes} bytes (${formatSize(predictingBytes)})`,
    historyText(figures.historyBytes),
    dailyText(figures.daily),
    `lifetime  first to last of the ${instructions} instructions between which the content counts`,
    ...budgetText(config, totalBytes + guestBytes + (labels?.bytes ?? 0) + (anomaly?.bytes ?? 0)),
  ];
}

const anomalyText = (anomaly: PlannedAnomaly | null): string[] =>
  anomaly === null
    ? []
    : [
        `anomaly   ${anomaly.bytes} bytes (${formatSize(anomaly.bytes)}) know what is normal of ${formatCount(anomaly.columns.length, "column")}, and as many in each checkpoint`,
      ];

const historyText = (bytes: number) =>
  `history   ${bytes} bytes beside it, the course of the daemon's scores, and as many in each checkpoint`;

const dailyText = ({
  everyMs,
  checkpoints,
  checkpointBytes,
  statusLines,
  bytes,
}: ReturnType<typeof dailyWrites>) =>
  `a day     ${checkpoints} checkpoints, one every ${formatDuration(everyMs)}, of ${formatSize(checkpointBytes)} at most and ${statusLines} lines of status: with what the file system adds ${formatSize(bytes)} on the SD card, if it learns all day`;

const featuresData = ({ description, columns, rate, bytes }: PlannedFeatures) => ({
  ...{ transforms: description, columns, rowsPerSecond: rate, bytes },
});

/** What becomes of samples before they are learned from; nothing where each is learned from as it comes. */
function featuresText(
  config: Config,
  { description, columns, rate, bytes, create }: PlannedFeatures,
): string[] {
  if (create === null && config.features !== "auto") return [];
  const pace = rate === null ? "" : `, ${Number(rate.toPrecision(3))} rows a second`;
  const kept = bytes === 0 ? "" : `, in ${bytes} bytes (${formatSize(bytes)}) of the past`;
  const sequence = config.sequence === null ? [] : [`sequence  ${sequenceText(config.sequence)}`];
  const numbers = columns.length - (config.target === null || "forecast" in config.target ? 0 : 1);
  return [`features  ${written(description)}: ${numbers} numbers a row${pace}${kept}`, ...sequence];
}

/** How many samples wait for labels that come later, and how long. */
function labelsText(labels: PlannedLabels | null): string[] {
  if (labels === null) return [];
  const { samples, bytes, keepMs, lastsMs } = labels;
  const short =
    lastsMs !== null && lastsMs < keepMs
      ? `; at source.rate they are replaced after ${formatDuration(lastsMs)}: raise memory.budget or labels.samples for more`
      : "";
  return [
    `labels    ${samples} samples wait for theirs at most, up to ${formatDuration(keepMs)}, in ${bytes} bytes (${formatSize(bytes)})${short}`,
  ];
}

const budgetText = ({ memory: { budgetBytes } }: Config, totalBytes: number): string[] =>
  budgetBytes === null ? [] : [`budget    ${budgetBytes} bytes: ${budgetBytes - totalBytes} to spare`];

/** What `rivulet fit` plans by training.workers and shards, or why it refuses them; null where neither is there. */
type FitPlan = Pick<Plan, "batchSize" | "totalBytes" | "shards"> | { refused: string };

function fitOf(config: Config, columns: readonly string[]): FitPlan | null {
  try {
    const planned = planForFit(config, columns);
    if (planned === null) return null;
    const { batchSize, totalBytes, shards } = planned;
    return { batchSize, totalBytes, shards };
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    return { refused: error.message };
  }
}

function fitText(fit: FitPlan, { memory: { budgetBytes } }: Config): string {
  if ("refused" in fit) return `refused: ${fit.refused}`;
  const { batchSize, totalBytes, shards } = fit;
  const size = `${totalBytes} bytes (${formatSize(totalBytes)})`;
  const cut =
    shards === null
      ? "too small to be cut"
      : `in ${shards.count} shards of ${shards.rows} rows, each with space of its own`;
  const refused =
    budgetBytes !== null && totalBytes > budgetBytes ? "; more than memory.budget: refused" : "";
  return `rivulet fit, whose threads share a batch, takes ${size} for batches of ${batchSize}, ${cut}${refused}`;
}

/** A day's lines, at one a minute. */
const statusLines = 24 * 60;
/** More than was ever seen of one, with a name and numbers of usual length. */
const statusLineBytes = 256;

/** What a day of learning writes with the interval between saves and a status line a minute. An SD card wears out by it. */
function dailyWrites(config: Config, columns: readonly string[]) {
  const { checkpointBytes } = planDaemon(config, columns);
  const everyMs = config.checkpoint.everyMs ?? savingInterval(checkpointBytes);
  const { checkpoints, bytes } = dailySaves(everyMs, checkpointBytes);
  return { everyMs, checkpoints, checkpointBytes, statusLines, bytes: bytes + statusLines * statusLineBytes };
}

function lifetimeOf({ lifetime }: PlannedBuffer): string {
  return lifetime === null ? "always" : `${lifetime.first} to ${lifetime.last}`;
}

async function columnsFor(config: Config, file: string, data: string | undefined): Promise<string[]> {
  const columns = sampleColumns(config);
  if (columns !== null) return columns;
  if (data === undefined) {
    throw new UsageError(
      `${file} names no source.fields: add them, or give the columns of a file with --data FILE`,
    );
  }
  const { columnsOf } = await import("./data/data-file.ts");
  const { csvFile } = await import("../library/data-files.ts");
  return columnsOf(config, csvFile(data));
}
