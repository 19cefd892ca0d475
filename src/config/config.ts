/**
 * The config: one YAML file that names the source of samples, the target to predict and the checkpoint folder. It is
 * validated completely before anything is opened or allocated; each error names file, line and key.
 */
import * as v from "valibot";
import type { GpioConfig } from "../device/gpio/gpio.ts";
import type { WrittenPart } from "../engine/model/description.ts";
import type { InitialWeights } from "../engine/model/model.ts";
import { plan } from "../engine/planning/planner.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Sequence } from "../features/extraction.ts";
import type { Effort } from "../learner/effort.ts";
import type { Eviction } from "../learner/ensemble-plan.ts";
import { modelFor } from "../learner/model.ts";
import type { SyncConfig } from "../sync/sync-config.ts";
import { nearest, suggestion } from "../wording/nearest.ts";
import type { AlarmTask } from "./alarm-config.ts";
import { type AnomalyConfig, anomalyWithDefaults, checkAnomaly } from "./anomaly-config.ts";
import { checkpointFolderFor, nameFor } from "./checkpoint-config.ts";
import { numberClasses } from "./class-words.ts";
import { type ConfigErrors, createConfigErrors } from "./config-errors.ts";
import { configSchema, defaults } from "./config-schema.ts";
import { type ConfigDocument, type KeyPath, pathName, readConfigText, readDocument } from "./document.ts";
import { checkFeatures, sequenceWithDefaults } from "./features-config.ts";
import { checkForecast, checkTargetKeys, type ForecastConfig, forecastOf } from "./forecast-config.ts";
import { checkGpio, gpioWithDefaults } from "./gpio-config.ts";
import { type LabelsConfig, labelsWithDefaults } from "./labels-config.ts";
import { type MqttConfig, mqttWithDefaults } from "./mqtt-config.ts";
import { checkPredictions, type PredictionsConfig, predictionsWithDefaults } from "./predictions-config.ts";
import { codeOf, must } from "./schema.ts";
import { checkFields, checkSource } from "./source-checks.ts";
import { type SourceConfig, sourceWithDefaults } from "./source-config.ts";
import { enoughColumns, fieldsOf, verbatim } from "./source-schema.ts";
import type { Origins } from "./sources/sources.ts";
import { type StatusConfig, statusWithDefaults } from "./status-config.ts";
import { checkSync, syncWithDefaults } from "./sync-schema.ts";

/** What is predicted: a class, or a number. */
export type TargetConfig =
  | {
      column: string;
      classes: number;
      /** What the classes are called, in order; those that a stream brings are appended, up to `classes`. */
      names?: string[];
    }
  | {
      column: string;
      standardize: boolean;
      /** Where not the value of a row is predicted, but one some rows ahead. */
      forecast?: ForecastConfig;
    };

/** A validated config with every default. */
export interface Config {
  /** Path of the file as the user wrote it, for messages. */
  file: string;
  name: string;
  source: SourceConfig;
  /** Null where nothing is predicted: then `anomaly` is not. */
  target: TargetConfig | null;
  /** What is watched for anomalies; null: nothing. */
  anomaly: AnomalyConfig | null;
  /** Time zone of the machine; null: that of the system. */
  timeZone: string | null;
  /** Transforms in the order in which they apply, as written; `auto`: by the rate and the columns. */
  features: unknown[] | "auto";
  /** Where one sequence of samples ends and another begins; null: nowhere. */
  sequence: Sequence | null;
  /** What the ensemble is to be, which learns where the config names no model; null where it does. */
  ensemble: {
    /** The effort for which it is planned. */
    effort: Effort;
    /** It steps down where the daemon falls behind. */
    stepsDown: boolean;
    /** The layers that replace those of the replayed network, as written; null: its own layers. */
    layers: WrittenPart[] | null;
    inputShape: readonly number[] | null;
    /** Which row a full replay ring forgets. */
    eviction: Eviction;
    deterministic: boolean;
  } | null;
  /** Parts of the network as written; null: the learner chooses by the task. */
  model: {
    inputShape: readonly number[] | null;
    layers: WrittenPart[] | null;
    optimizer: WrittenPart | null;
    loss: WrittenPart | null;
    clip: WrittenPart | null;
    schedule: WrittenPart | null;
    initialWeights: InitialWeights;
  };
  training: {
    batchSize: number;
    seed: number;
    deterministic: boolean;
    /** The class that is named is the one most probable beside how often it comes. */
    balance: boolean;
    /** Threads of `rivulet fit`; null: only the calling thread, and `shards` alone decides whether batches are split. */
    workers: number | null;
    /** Parts of a batch that threads train in parallel; null: the default number if there are workers. */
    shards: number | null;
  };
  memory: {
    budgetBytes: number | null;
    /** Compute activations a second time instead of keeping them. */
    recompute: boolean;
    /** Samples that the network works on at a time; null: the batch. */
    batch: number | null;
  };
  checkpoint: {
    directory: string;
    /** Null: by the size of a checkpoint, see `savingInterval`. */
    everyMs: number | null;
    keep: number;
    /** Where fields, classes or layers are others than in the newest checkpoint. */
    onChange: "refuse" | "migrate";
  };
  /** Samples wait for labels that come later; null: none do. */
  labels: LabelsConfig | null;
  gpio: GpioConfig | null;
  status: StatusConfig | null;
  sync: SyncConfig | null;
  predictions: PredictionsConfig | null;
  mqtt: MqttConfig | null;
}

/**
 * Returns the columns of a sample for the learner: those of source.fields, followed by the target if the labels come
 * later than the samples. Null where the header of a data file names the columns.
 */
export function sampleColumns({ source, target }: Config): string[] | null {
  if (source.fields === null) return null;
  const names = source.fields.map(({ name }) => name);
  return target === null || names.includes(target.column) ? names : [...names, target.column];
}

/** The target of a config. @throws RivuletError where it has none, as it only watches */
export function requiredTarget({ target, file }: Config): TargetConfig {
  if (target !== null) return target;
  throw new RivuletError(
    "config.missing-key",
    `${file} watches for anomalies and has no target, expected one to learn; add target: { column: NAME }, or use rivulet run or replay --anomaly`,
    { path: "target" },
  );
}

/** A config whose target is known to be there. @throws RivuletError where it has none, as it only watches */
export const withTarget = (config: Config): Config & { target: TargetConfig } => ({
  ...config,
  target: requiredTarget(config),
});

/** Returns the devices that send samples: one, or several whose samples are merged. */
export const devicesOf = ({ source }: Config): Origins[] => source.merge ?? [source];

type Written = v.InferOutput<typeof configSchema>;

/** A config as written, with the number and the names of its classes apart. */
type Parsed = Omit<Written, "target"> & { target?: ParsedTarget };
interface ParsedTarget {
  column: string;
  standardize?: boolean;
  classes?: number;
  names?: string[];
  forecast?: ForecastConfig;
}

function withClasses({ target: given, ...written }: Written): Parsed {
  if (given === undefined) return written;
  const { classes, ...target } = forecastOf(given);
  if (Array.isArray(classes))
    return { ...written, target: { ...target, classes: classes.length, names: classes } };
  if (typeof classes === "object")
    return { ...written, target: { ...target, classes: classes.max, names: [] } };
  return { ...written, target: { ...target, classes } };
}

/** The entries of a config that name a class, with their paths. */
function entriesWithClasses({ gpio, source, predictions }: Parsed): [KeyPath, unknown][] {
  const labels = gpio?.label;
  const listed = Array.isArray(labels) ? labels : [labels];
  return [
    [["gpio", "alarm"], gpio?.alarm],
    ...listed.map((entry, index): [KeyPath, unknown] => [
      Array.isArray(labels) ? ["gpio", "label", index] : ["gpio", "label"],
      entry,
    ]),
    [["source", "reply", "alarm"], source?.reply?.alarm],
    [["predictions", "alarm"], predictions?.alarm],
  ];
}

/** Reports keys that contradict or need each other, which no schema of a single value can find. */
function checkTogether(parsed: Parsed, file: string, errors: ConfigErrors): void {
  const { source, target, anomaly, sync } = parsed;
  if (target?.forecast !== undefined) checkForecast(parsed, target.forecast, errors);
  if (sync !== undefined) checkSync(sync, nameFor(parsed.name, file), parsed, errors);
  numberClasses(entriesWithClasses(parsed), target?.names, errors);
  const descriptions = source && fieldsOf(source);
  const names = descriptions === undefined ? null : new Set(descriptions.map(({ name }) => name));
  // Features have names of their own: those are checked where they are planned.
  const areSamples = parsed.features === undefined && parsed.sequence === undefined;
  const watchable = areSamples && source?.values?.indicator !== true ? names : null;
  if (anomaly !== undefined) checkAnomaly(anomaly, source, watchable, errors);
  checkAlarms(parsed, errors);
  if (target === undefined) checkWithoutTarget(parsed, errors);
  else checkTarget(parsed, target, errors);
}

/** Checks the source and the learner of a config with a target. */
function checkTarget(parsed: Parsed, target: ParsedTarget, errors: ConfigErrors): void {
  const { source } = parsed;
  const descriptions = source && fieldsOf(source);
  const names = descriptions === undefined ? null : new Set(descriptions.map(({ name }) => name));
  // Labels may come later, where the port does not send the target.
  const sent = !expectsLateLabels(parsed) || names?.has(target.column) === true;
  if (sent && descriptions?.length === 1 && target.forecast === undefined) {
    errors.add("config.bad-value", ["source", "fields"], must(enoughColumns)({ input: source?.fields }));
    return;
  }
  if (source !== undefined) checkSource(source, target, taskOf(parsed), errors);
  if (target.classes !== undefined && target.standardize !== undefined) {
    errors.conflict(
      ["target", "standardize"],
      " belongs to a target that is a number, but target.classes makes it a class; keep one of them",
    );
  }
  const columns = descriptions?.map(({ name }) => name) ?? null;
  const inputs = descriptions ? descriptions.length - Number(sent) : inputsOf(parsed.model?.inputShape);
  const width = checkFeatures(featuresFor(parsed, target), parsed, columns, inputs, errors);
  checkNetwork(parsed, target, width, errors);
  checkEnsemble(parsed, errors);
  checkBalance(parsed, errors);
  if (names === null) return;
  if (source !== undefined) checkFields(source, errors);
  if (sent && !names.has(target.column)) {
    const isForecast = target.forecast !== undefined;
    const hint =
      isForecast || nearest(target.column, names) ? "" : "; set labels where its labels come later";
    errors.add(
      "config.bad-value",
      ["target", isForecast ? "forecast" : "column"],
      `: "${target.column}" is not a column of source.fields; ${suggestion(target.column, names)}${hint}`,
    );
  }
}

/** What an alarm can be about. */
const taskOf = ({ target, anomaly }: Parsed): AlarmTask => ({
  predicts: target !== undefined,
  classes: target?.classes,
  watches: anomaly !== undefined,
});

function checkAlarms(parsed: Parsed, errors: ConfigErrors): void {
  const { gpio, predictions } = parsed;
  if (gpio !== undefined) checkGpio(gpio, taskOf(parsed), errors);
  if (predictions !== undefined) checkPredictions(predictions, taskOf(parsed), errors);
}

/** A config without a target only watches. */
function checkWithoutTarget(parsed: Parsed, errors: ConfigErrors): void {
  const { source, anomaly } = parsed;
  if (anomaly === undefined) {
    const sentence =
      ': the key "target" is missing; add what to predict, such as target: { column: label, classes: 3 }, or anomaly: { alarmsPerWeek: 2 } to watch without one';
    errors.add("config.missing-key", ["target"], sentence, []);
    return;
  }
  for (const key of ["model", "labels"] as const) {
    if (parsed[key] !== undefined)
      errors.conflict([key], " needs a target, but the config has none; add target, or remove it");
  }
  const columns = source && fieldsOf(source)?.map(({ name }) => name);
  checkFeatures(featuresFor(parsed, null), parsed, columns ?? null, 1, errors);
  if (source === undefined) return;
  checkSource(source, {}, taskOf(parsed), errors);
  checkFields(source, errors);
}

/** Whether the config says that labels come later than samples. */
const expectsLateLabels = ({ labels, gpio }: Parsed) => labels !== undefined || gpio?.label !== undefined;

/** Whether samples wait for labels: also where programs could send them to the status server. */
const keepsSamples = (parsed: Parsed) =>
  parsed.target !== undefined &&
  parsed.target.forecast === undefined &&
  (expectsLateLabels(parsed) || parsed.status !== undefined);

/** Number of features that fits `inputShape`, or 1 where that is missing or not valid. */
function inputsOf(inputShape: unknown): number {
  const sides = Array.isArray(inputShape) ? inputShape : [];
  const inputs = sides.reduce((product: number, side) => product * Number(side), 1);
  return Number.isInteger(inputs) && inputs >= 1 ? inputs : 1;
}

/** A forecast without features of its own gets those of its past. */
const featuresIn = ({ features, target }: Parsed): unknown[] | "auto" =>
  features ?? (target?.forecast === undefined ? [...defaults.features] : "auto");

/** What the features are made of. */
const featuresFor = (parsed: Parsed, target: ParsedTarget | null) => ({
  target,
  features: featuresIn(parsed),
  sequence: sequenceWithDefaults(parsed),
  timeZone: parsed.timeZone ?? null,
  source: {
    rate: parsed.source?.rate ?? null,
    fields: (parsed.source && fieldsOf(parsed.source)) ?? null,
    values: { indicator: parsed.source?.values?.indicator ?? false },
  },
  memory: parsed.memory,
});

/** Checks the network with its own parser, for `inputs` features. */
function checkNetwork(parsed: Parsed, given: ParsedTarget, inputs: number, errors: ConfigErrors): void {
  const { column, classes, standardize = defaults.target.standardize, forecast } = given;
  if (forecast !== undefined) return;
  const target = classes === undefined ? { column, standardize } : { column, classes };
  errors.attempt(() => plan(modelFor(target, parsed.model ?? {}, inputs)), ["model"]);
}

/** Parts of a network that learns alone, and levels of effort without a replayed network. */
function checkEnsemble({ model, target, training }: Parsed, errors: ConfigErrors): void {
  if (model?.ensemble !== true) return;
  if (target?.forecast !== undefined && model.layers !== undefined) {
    errors.conflict(
      ["model", "layers"],
      " are not for a forecast, whose ensemble has its own; leave model out",
    );
  }
  for (const key of ["optimizer", "loss", "clip", "schedule", "initialWeights"] as const) {
    if (model[key] === undefined) continue;
    errors.conflict(
      ["model", key],
      " belongs to a network that learns alone, but model.ensemble is true; leave one of them out",
    );
  }
  if (model.layers === undefined || training?.effort !== "low") return;
  errors.conflict(
    ["model", "layers"],
    " replace the replayed network, which training.effort: low leaves out; leave one of them out",
  );
}

/** Only classes can be balanced. */
function checkBalance({ target, training }: Parsed, errors: ConfigErrors): void {
  if (target?.classes !== undefined) return;
  const predicate = " is for a target with classes; leave it out, or give target.classes";
  if (training?.balance === true) errors.conflict(["training", "balance"], predicate);
  if (training?.replay?.balance === "classes") errors.conflict(["training", "replay", "balance"], predicate);
}

function targetWithDefaults({ column, classes, names, standardize, forecast }: ParsedTarget): TargetConfig {
  if (classes === undefined) {
    const number = { column, standardize: standardize ?? defaults.target.standardize };
    return forecast === undefined ? number : { ...number, forecast };
  }
  return { column, classes, ...(names && { names }) };
}

function withDefaults(parsed: Parsed, file: string): Config {
  const name = nameFor(parsed.name, file);
  const { source, target, checkpoint, status } = parsed;
  const directory = checkpointFolderFor(checkpoint?.directory, name, file);
  const { effort, replay, ...training } = { ...defaults.training, ...parsed.training };
  return {
    file,
    name,
    source: sourceWithDefaults(source ?? {}, target ?? null, taskOf(parsed), file),
    target: target === undefined ? null : targetWithDefaults(target),
    anomaly: parsed.anomaly === undefined ? null : anomalyWithDefaults(parsed.anomaly),
    timeZone: parsed.timeZone ?? null,
    features: featuresIn(parsed),
    sequence: sequenceWithDefaults(parsed),
    ensemble: ensembleWithDefaults(parsed, effort),
    model: {
      inputShape: parsed.model?.inputShape ?? null,
      layers: parsed.model?.layers ?? null,
      optimizer: parsed.model?.optimizer ?? null,
      loss: parsed.model?.loss ?? null,
      clip: parsed.model?.clip ?? null,
      schedule: parsed.model?.schedule ?? null,
      initialWeights: parsed.model?.initialWeights ?? defaults.model.initialWeights,
    },
    training: { deterministic: false, workers: null, shards: null, ...training },
    memory: {
      budgetBytes: parsed.memory?.budget ?? null,
      recompute: parsed.memory?.recompute ?? defaults.memory.recompute,
      batch: parsed.memory?.batch ?? null,
    },
    checkpoint: {
      directory,
      everyMs: checkpoint?.every ?? null,
      keep: checkpoint?.keep ?? defaults.checkpoint.keep,
      onChange: checkpoint?.onChange ?? defaults.checkpoint.onChange,
    },
    labels: keepsSamples(parsed) ? labelsWithDefaults(parsed.labels ?? {}) : null,
    gpio: parsed.gpio === undefined ? null : gpioWithDefaults(parsed.gpio, taskOf(parsed)),
    status: status === undefined ? null : statusWithDefaults(status, file, directory),
    sync: parsed.sync === undefined ? null : syncWithDefaults(parsed.sync, name, file),
    predictions:
      parsed.predictions === undefined
        ? null
        : predictionsWithDefaults(parsed.predictions, taskOf(parsed), file),
    mqtt: parsed.mqtt === undefined ? null : mqttWithDefaults(parsed.mqtt, file),
  };
}

/** Null where a network learns alone. */
function ensembleWithDefaults({ model, training }: Parsed, effort: Effort | "auto"): Config["ensemble"] {
  if (model !== undefined && model.ensemble !== true) return null;
  return {
    effort: effort === "auto" ? "high" : effort,
    stepsDown: effort === "auto",
    layers: model?.layers ?? null,
    inputShape: model?.inputShape ?? null,
    eviction: training?.replay?.balance === "classes" ? "classes" : "oldest",
    deterministic: training?.deterministic ?? true,
  };
}

const keysOf = (issue: v.BaseIssue<unknown>): KeyPath =>
  (issue.path ?? []).map((item) => item.key as string | number);

/** The unknown keys of each map, by the path of the map. */
function unknownKeys(issues: readonly v.BaseIssue<unknown>[]): Map<string, string[]> {
  const unknown = new Map<string, string[]>();
  for (const issue of issues) {
    if (issue.expected !== "never") continue;
    const keys = keysOf(issue);
    const parent = pathName(keys.slice(0, -1));
    unknown.set(parent, [...(unknown.get(parent) ?? []), String(keys.at(-1))]);
  }
  return unknown;
}

/** Whether the missing key at `path` is misspelled in its map, which is already reported as an unknown key. */
function isMisspelt(path: KeyPath, unknown: Map<string, string[]>): boolean {
  const name = String(path.at(-1));
  const others = unknown.get(pathName(path.slice(0, -1))) ?? [];
  return others.some((other) => other !== name && nearest(other, [name]) !== null);
}

/**
 * Parses and validates the text of a config and fills in the defaults.
 *
 * @param file path of the config, for messages and for the relative paths in it
 * @throws RivuletError with one line for each error: file, line, key, what was found and what to do
 */
export function parseConfig(text: string, file: string): Config {
  return validated(readDocument(text, file, verbatim));
}

/**
 * Validates a config that a program has made, with plain data as its values, and fills in the defaults.
 *
 * @param name what the config is called in messages; relative paths in it count from the folder of such a file
 * @throws RivuletError with one line for each error
 */
export function configOf(data: Record<string, unknown>, name: string): Config {
  // As if it had been written as JSON, without keys that are undefined.
  return validated({ data: JSON.parse(JSON.stringify(data)), file: name, lineOf: () => 1 });
}

function validated(document: ConfigDocument): Config {
  const { file } = document;
  const errors = createConfigErrors(document);
  const result = v.safeParse(configSchema, document.data);
  const issues = result.issues ?? [];
  const unknown = unknownKeys(issues);
  for (const issue of issues) {
    const path = keysOf(issue);
    const code = codeOf(issue);
    if (code === "config.missing-key" && isMisspelt(path, unknown)) continue;
    // The sentence about a missing or unknown key begins with the map's name, and has the key's line if there is one.
    errors.add(code, path, issue.message, code === "config.bad-value" ? path : path.slice(0, -1));
  }
  if (!result.success) errors.throwIfAny();
  checkTargetKeys((result.output as Written).target, errors);
  errors.throwIfAny();
  const parsed = withClasses(result.output as Written);
  checkTogether(parsed, file, errors);
  errors.throwIfAny();
  return withDefaults(parsed, file);
}

/** Reads, parses and validates a config file. @throws RivuletError where it cannot be read or is not valid */
export function loadConfig(file: string): Config {
  return parseConfig(readConfigText(file), file);
}
