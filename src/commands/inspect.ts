import type { Checkpoint, Tensor } from "../checkpoint/format.ts";
import { type FoundCheckpoint, readCheckpoint } from "../checkpoint/read-checkpoint.ts";
import { learnerFrom } from "../continuing/learner-checkpoint.ts";
import { RivuletError } from "../errors/errors.ts";
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { EnsembleDescription } from "../learner/ensemble-plan.ts";
import type { Glitch } from "../learner/glitches.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import { networkFrom } from "../library/network-file.ts";
import type { State } from "../state.ts";
import { History, type HistoryColumns, historySteps } from "../status/history.ts";
import { formatShare, formatSize } from "../wording/quantities.ts";
import { safe } from "../wording/safe.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { compareCheckpoints } from "./inspect/compare.ts";
import { courseFacts } from "./results/course.ts";
import { glitchFacts, scoreFacts } from "./results/scores.ts";
import { type Fact, facts, textTable } from "./terminal/text-table.ts";

/** What is inside a checkpoint, or differs in another; of a folder, inside its newest valid one. */
export async function run({ positionals: [path, other] }: Invocation): Promise<Report> {
  if (other !== undefined) return compareCheckpoints(readCheckpoint(path), readCheckpoint(other));
  const { file, bytes, checkpoint, refused } = readCheckpoint(path);
  // A network saved by the library has no learner around it, and so no scores.
  const learner = checkpoint.target === null ? null : learnerFrom(checkpoint, file);
  if (learner === null) networkFrom(checkpoint, file);
  const metrics = learner?.report() ?? null;
  const glitches = learner?.glitches.report() ?? [];
  const course = learner === null ? [] : courseOf(checkpoint, learner);
  return {
    data: {
      file,
      bytes,
      refused,
      createdAt: checkpoint.createdAt,
      name: checkpoint.name ?? null,
      step: checkpoint.step,
      samplesSeen: checkpoint.samplesSeen,
      model: checkpoint.model,
      optimizer: checkpoint.optimizer,
      features: checkpoint.features,
      target: checkpoint.target,
      training: checkpoint.training,
      parameters: checkpoint.parameters.map(summary),
      optimizerState: checkpoint.optimizerState.map(summary),
      metrics,
      glitches,
      course,
    },
    text: describe({ file, bytes, checkpoint, refused }, metrics, glitches, course),
  };
}

/** The course of the scores, of each of the three rings; empty where the checkpoint has none. */
function courseOf({ history, createdAt }: Checkpoint, learner: PrequentialLearner): HistoryColumns[] {
  if (history === undefined) return [];
  const course = new History(learner);
  try {
    course.restore(history);
  } catch (error) {
    // What was learned can be shown without it.
    if (error instanceof RivuletError) return [];
    throw error;
  }
  return historySteps.map((_, ring) => course.columns(ring, Date.parse(createdAt)));
}

type NetworkModel = {
  inputShape: number[];
  layers: State[];
  loss: State;
  clip: State;
  schedule?: State;
};

function summary({ name, shape, data }: Tensor) {
  let sum = 0;
  let squares = 0;
  let largest = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  const mean = sum / data.length;
  const deviation = Math.sqrt(Math.max(0, squares / data.length - mean * mean));
  return { name, shape, bytes: data.byteLength, mean, standardDeviation: deviation, largest };
}

/** A written part of a model on one line: `dense {"outputs":16,"bias":true}`. */
function written(part: State): string {
  if (typeof part !== "object" || part === null) return String(part ?? "none");
  const [[name, options]] = Object.entries(part);
  return `${name} ${JSON.stringify(options).replaceAll('"', "").replaceAll(",", ", ").replaceAll(":", ": ")}`;
}

function targetText({
  column,
  classes,
  names,
}: {
  column: string;
  classes?: number;
  names?: string[];
}): string {
  if (!classes) return column;
  return `${column}, one of ${classes} classes${names?.length ? `: ${names.join(", ")}` : ""}`;
}

function describe(
  { file, bytes, checkpoint, refused }: FoundCheckpoint,
  metrics: ClassificationReport | RegressionReport | null,
  glitches: readonly Glitch[],
  course: readonly HistoryColumns[],
): string {
  const features = checkpoint.features as { fields: string[]; transforms: unknown[] } | null;
  const target = checkpoint.target as { column: string; classes?: number; names?: string[] } | null;
  const training = checkpoint.training as Record<string, unknown>;
  const learned: Fact[] =
    features === null || target === null
      ? []
      : [
          ["columns", features.fields.join(", ")],
          ["features", features.transforms.map(transformText).join(", ") || "raw"],
          ["target", targetText(target)],
        ];
  const rows: Fact[] = [
    ["checkpoint", `${file}, ${formatSize(bytes)}, intact`],
    checkpoint.name === undefined ? null : ["name", checkpoint.name],
    ["written", `${checkpoint.createdAt} by the device's clock`],
    // Samples are those of a stream: training over the rows of a file has none.
    [
      "learned",
      checkpoint.samplesSeen > 0
        ? `from ${checkpoint.samplesSeen} samples in ${checkpoint.step} updates`
        : `in ${checkpoint.step} updates`,
    ],
    ...learned,
    ...modelFacts(checkpoint),
    [
      "training",
      Object.entries(training)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
    ],
    ...(metrics === null || metrics.samples === 0 ? [] : scoreFacts(metrics, target?.names)),
    ...courseFacts(course, target?.classes !== undefined),
    ...glitchFacts(glitches),
  ];
  return [
    ...refused.map((sentence) => `passed over: ${safe(sentence)}`),
    facts(rows),
    ...(checkpoint.parameters.length === 0 ? [] : ["", parameterTable(checkpoint)]),
  ].join("\n");
}

/** The network's parts, or what the ensemble was asked for. */
function modelFacts(checkpoint: Checkpoint): Fact[] {
  const model = checkpoint.model as NetworkModel | EnsembleDescription["model"];
  if ("ensemble" in model) {
    const { effort, without, coverage, layers } = model.ensemble;
    const left = without.length > 0 ? `, without ${without.join(", ")}` : "";
    return [
      ["learner", `the ensemble, effort ${effort}, intervals for ${formatShare(coverage, 0)}${left}`],
      layers === undefined ? null : ["replayed network", (layers as State[]).map(written)],
    ];
  }
  return [
    ["input", model.inputShape.join(" x ")],
    ["layers", model.layers.map(written)],
    ["loss", written(model.loss)],
    ["optimizer", written(checkpoint.optimizer)],
    ["clip", written(model.clip)],
    model.schedule === undefined ? null : ["schedule", written(model.schedule)],
  ];
}

/** A transform with its options: `clip(limit: 4)`. */
function transformText(transform: unknown): string {
  if (typeof transform === "string") return transform;
  return Object.entries(transform as Record<string, Record<string, unknown>>)
    .map(([name, options]) => {
      const texts = Object.entries(options).map(([option, value]) => `${option}: ${value}`);
      return `${name}(${texts.join(", ")})`;
    })
    .join(", ");
}

function parameterTable({ parameters }: Checkpoint): string {
  return textTable(
    ["parameter", "shape", "bytes", "mean", "deviation", "largest"],
    parameters
      .map(summary)
      .map(({ name, shape, bytes, mean, standardDeviation, largest }) => [
        name,
        shape.join(" x "),
        String(bytes),
        mean.toFixed(4),
        standardDeviation.toFixed(4),
        largest.toFixed(4),
      ]),
    [2, 3, 4, 5],
  );
}
