/** Converts between a learner and its checkpoint: which part of its state has which key. */
import { dirname } from "node:path";
import type { Checkpoint } from "../checkpoint/format.ts";
import type { ModelDescription } from "../engine/model/description.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { restoreDiscardable } from "../features/restore.ts";
import { createEnsemble, Ensemble } from "../learner/ensemble.ts";
import type { EnsembleDescription, EnsembleOptions } from "../learner/ensemble-plan.ts";
import { createForecaster, Forecaster, type ForecasterDescription } from "../learner/forecast/forecaster.ts";
import {
  createNetworkLearner,
  type Learner,
  type LearnerDescription,
  type LearnerState,
} from "../learner/learner.ts";
import { NoLearner } from "../learner/no-learner.ts";
import type { CommonDescription, PrequentialLearner } from "../learner/prequential-learner.ts";
import {
  bytesIn,
  plannedLearner,
  requirePlannedEnsemble,
  requirePlannedForecaster,
} from "../learner/stored-plan.ts";
import { adoptNames, mostClasses, namesIn } from "../learner/target.ts";
import type { State } from "../state.ts";
import { carryLearner } from "./migration/learner.ts";
import type { Carried } from "./migration/parts.ts";

/**
 * The learner as it is now. Typed arrays are views: encode and write or copy it before the next sample. With `reuse`
 * the weights are in memory that is kept for the next such call, so that a daemon's memory stays as it is.
 */
export function checkpointOf(learner: PrequentialLearner, name?: string, { reuse = false } = {}): Checkpoint {
  const body =
    learner instanceof NoLearner
      ? emptyBody(learner)
      : learner instanceof Ensemble || learner instanceof Forecaster
        ? ensembleBody(learner)
        : networkBody(learner as Learner, { reuse });
  return { createdAt: new Date().toISOString(), ...(name === undefined ? {} : { name }), ...body };
}

type Body = Omit<Checkpoint, "createdAt" | "name">;

/** Fields and transforms, and what is known of the rows in time where transforms need the past. */
function describedFeatures(
  fields: string[],
  transforms: CommonDescription["features"],
  stream: CommonDescription["stream"],
): { [key: string]: State } {
  return { fields, transforms, ...(stream === undefined ? {} : { stream: stream as State }) };
}

/** Features as they stand in a checkpoint. */
interface StoredFeatures {
  fields?: string[];
  transforms?: CommonDescription["features"];
  stream?: CommonDescription["stream"];
}

/** Of a daemon that only watches: all that it knows is in its own state. */
function emptyBody(learner: NoLearner): Body {
  const { features, stream } = learner.describe();
  return {
    model: null,
    features: describedFeatures([...learner.fields], features, stream),
    target: null,
    optimizer: null,
    training: null,
    step: 0,
    samplesSeen: learner.samplesSeen,
    random: null,
    parameters: [],
    optimizerState: [],
    learnerState: learner.state(),
    featureState: null,
    metrics: null,
  };
}

function ensembleBody(ensemble: Ensemble | Forecaster): Body {
  const { fields, target, features, stream, model, training } = ensemble.describe();
  return {
    model: model as State,
    features: describedFeatures(fields, features, stream),
    target: { ...target },
    optimizer: null,
    training,
    step: ensemble.counts.updates,
    samplesSeen: ensemble.samplesSeen,
    random: null,
    parameters: [],
    optimizerState: [],
    learnerState: ensemble.state(),
    featureState: null,
    metrics: null,
  };
}

function networkBody(learner: Learner, { reuse }: { reuse: boolean }): Body {
  const { fields, target, features, stream, model, training } = learner.describe();
  const { optimizer, ...layers } = model;
  const { network, features: featureState, metrics, samplesSeen, ...learnerState } = learner.state({ reuse });
  const { parameters, optimizerState, ...networkState } = network;
  return {
    model: layers as State,
    features: describedFeatures(fields, features, stream),
    target,
    optimizer: optimizer as State,
    training,
    step: network.updates,
    samplesSeen,
    // The seed in `training` gave the initial weights; a stream draws no random numbers after them.
    random: null,
    parameters,
    optimizerState,
    learnerState: { ...learnerState, network: networkState } as State,
    featureState,
    metrics,
  };
}

const isForecaster = (model: unknown): model is ForecasterDescription["model"] =>
  typeof model === "object" && model !== null && Object.hasOwn(model, "forecast");

const isEnsemble = (model: unknown): model is EnsembleDescription["model"] =>
  typeof model === "object" && model !== null && Object.hasOwn(model, "ensemble");

function kindOf(model: object): string {
  if (isForecaster(model)) return "a forecaster";
  return isEnsemble(model) ? "the ensemble" : "a single network";
}

type AnyDescription = LearnerDescription | EnsembleDescription | ForecasterDescription;

/** What the checkpoint says of the learner it holds. */
function descriptionIn(checkpoint: Checkpoint): AnyDescription {
  const { fields, transforms, stream } = checkpoint.features as unknown as {
    fields: string[];
    transforms: LearnerDescription["features"];
    stream?: LearnerDescription["stream"];
  };
  const target = checkpoint.target as LearnerDescription["target"];
  const common = { fields, target, features: transforms, ...(stream === undefined ? {} : { stream }) };
  if (isForecaster(checkpoint.model)) {
    const training = checkpoint.training as ForecasterDescription["training"];
    return { ...common, model: checkpoint.model, training } as unknown as ForecasterDescription;
  }
  if (isEnsemble(checkpoint.model)) {
    const training = checkpoint.training as EnsembleDescription["training"];
    return { ...common, model: checkpoint.model, training };
  }
  const model = { ...(checkpoint.model as object), optimizer: checkpoint.optimizer } as ModelDescription;
  const training = checkpoint.training as LearnerDescription["training"];
  return { ...common, model, training };
}

/** What the checkpoint of an ensemble has in the replayed network's place; undefined for its own. */
export function replayedNetworkIn({
  model,
}: Checkpoint): Pick<EnsembleOptions, "layers" | "inputShape"> | undefined {
  if (!isEnsemble(model) || model.ensemble.layers === undefined) return undefined;
  const { layers, inputShape } = model.ensemble;
  return { layers, inputShape };
}

function stateIn(checkpoint: Checkpoint): State {
  if (isEnsemble(checkpoint.model) || isForecaster(checkpoint.model)) return checkpoint.learnerState;
  const { network, ...rest } = checkpoint.learnerState as unknown as Omit<LearnerState, "network"> & {
    network: object;
  };
  const { parameters, optimizerState, samplesSeen, featureState, metrics } = checkpoint;
  return {
    ...rest,
    samplesSeen,
    features: featureState,
    metrics,
    network: { ...network, parameters, optimizerState },
  } as unknown as State;
}

/** Puts a checkpoint's state into a learner of the same description. */
function restoreInto(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): PrequentialLearner {
  try {
    learner.restore(stateIn(checkpoint));
  } catch (error) {
    throw malformed(error, `${where} does not hold what its own description says`);
  }
  return learner;
}

/** Longest reason that a sentence repeats: names in it come from the file. */
const longestReason = 400;

/** An error about a file. What is no RivuletError was not foreseen, and says nothing to a user. */
function malformed(error: unknown, sentence: string): CheckpointError {
  const reason =
    error instanceof RivuletError
      ? error.message
      : "its parts have another structure than this Rivulet writes; use another checkpoint";
  const brief = reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason;
  return new CheckpointError("checkpoint.malformed", `${sentence}: ${brief}`, { cause: error });
}

/**
 * The learner that a checkpoint holds.
 * @throws CheckpointError for a checkpoint of a network without a learner, or whose parts contradict each other
 */
export function learnerFrom(checkpoint: Checkpoint, where: string): PrequentialLearner {
  if (checkpoint.features !== null && checkpoint.target === null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} is of a daemon that watches for anomalies and predicts nothing; continue it with rivulet run`,
    );
  }
  if (checkpoint.features === null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} holds a network alone, no learner; load it with loadNetwork`,
    );
  }
  let learner: PrequentialLearner;
  try {
    learner = describedLearner(checkpoint);
  } catch (error) {
    throw malformed(error, `${where} describes no learner`);
  }
  // One that fails is not used, so nothing of it need be kept meanwhile.
  restoreDiscardable(() => restoreInto(learner, checkpoint, where));
  return learner;
}

/** The keys of an ensemble that this version knows: others are passed over. */
const partsOf = ({ ensemble }: EnsembleDescription["model"]) => {
  const { effort, without, coverage, layers, inputShape, eviction } = ensemble;
  return { effort, without, coverage, layers, inputShape, eviction };
};

/** The learner that a checkpoint describes, planned before it is allocated. */
function describedLearner(checkpoint: Checkpoint): PrequentialLearner {
  const description = descriptionIn(checkpoint);
  const { parameters } = checkpoint;
  const storedBytes = bytesIn(checkpoint);
  if (isForecaster(description.model)) {
    return describedForecaster(description as ForecasterDescription, storedBytes);
  }
  const { fields, target, features, stream, model, training } = description as
    | LearnerDescription
    | EnsembleDescription;
  if (!isEnsemble(model)) {
    const options = { fields, target, features, stream, model, training } as LearnerDescription;
    const { batchSize } = plannedLearner(options, { parameters, storedBytes });
    return createNetworkLearner({ ...options, memory: { batch: batchSize } });
  }
  const { seed, deterministic, balance } = training;
  const arena = { deterministic };
  const options = { fields, target, features, stream, seed, balance, arena, ...partsOf(model) };
  requirePlannedEnsemble(options, storedBytes);
  return createEnsemble(options);
}

function describedForecaster(
  { model, training, ...description }: ForecasterDescription,
  storedBytes: number,
): Forecaster {
  const { seed, deterministic } = training;
  const options = { ...description, ...model.forecast, seed, arena: { deterministic } };
  requirePlannedForecaster(options, storedBytes);
  return createForecaster(options);
}

/**
 * Whether a checkpoint holds the learner of a description: as version 0.1.0 left that of a config without a model, which
 * was a single network.
 */
export function isOf(learner: PrequentialLearner, checkpoint: Checkpoint): boolean {
  return isDescribed(checkpoint) && differenceFrom(learner, descriptionIn(checkpoint)) === null;
}

const isDescribed = ({ features, target, training }: Checkpoint): boolean =>
  [features, target, training].every((part) => typeof part === "object" && part !== null);

/** How a learner continues from a checkpoint of another config. */
export interface ResumeOptions {
  /** What to do where fields, classes or widths differ. Default `refuse`. */
  onChange?: "refuse" | "migrate";
  /** The command that helps, in the sentence of a refusal. */
  advice?: string;
}

/** What was continued with differences, in one sentence each; none where the checkpoint is of the same config. */
export type Changes = string[];

/**
 * Continues `learner` from a checkpoint. Another learning rate, schedule, optimizer, clipping, batch size or width of
 * the interval is taken from the learner; what else differs is refused, or carried over by name.
 * @throws CheckpointError where the checkpoint is not one that can be continued, RivuletError naming what differs where
 *   it is of a learner that this one cannot go on from; nothing has changed then
 */
export function resume(
  learner: PrequentialLearner,
  checkpoint: Checkpoint,
  where: string,
  { onChange = "refuse", advice = helpOf(where) }: ResumeOptions = {},
): Changes {
  if (resumeWatching(learner, checkpoint, where)) return [];
  if (!isDescribed(checkpoint)) {
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} describes no learner; use another checkpoint`,
    );
  }
  const stored = descriptionIn(checkpoint);
  const names = storedNames(stored, where);
  if (differenceFrom(learner, stored) === null) {
    restoreInto(learner, checkpoint, where);
    learner.adoptClassNames(names);
    return [];
  }
  const own = describedWith(learner, names);
  const difference = firstDifference(own, adapted(stored, own), "");
  if (difference !== null && onChange === "refuse") {
    const obstacle = obstacleTo(own, stored);
    throw mismatch(where, obstacle ?? difference, obstacle === null ? `${advice}, or ` : "");
  }
  const outcome = carryOver(learner, checkpoint, where);
  if (difference === null) return outcome.settings;
  return [...outcome.settings, `${where} was carried over to the changed config: ${carriedText(outcome)}`];
}

/** Continues what watches for the unusual without a target; false where there is one on both sides. */
function resumeWatching(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): boolean {
  const isWatched = checkpoint.features !== null && checkpoint.target === null;
  const isWithout = learner instanceof NoLearner;
  if (!isWithout && !isWatched) return false;
  const has = (without: boolean) => (without ? "not there" : "there");
  if (isWithout !== isWatched) {
    throw mismatch(where, `target is ${has(isWithout)} in the config and ${has(isWatched)} in it`, "");
  }
  const { fields = [], transforms = [], stream = {} } = checkpoint.features as unknown as StoredFeatures;
  const own = learner.describe();
  const past = { features: own.features, stream: own.stream ?? {} };
  const difference =
    firstDifference(own.fields, fields, "fields") ??
    firstDifference(past, { features: transforms, stream }, "");
  if (difference !== null) throw mismatch(where, difference, "");
  learner.restore(checkpoint.learnerState);
  return true;
}

/** The learner's description, with the class names that a stored one has met. */
function describedWith(learner: PrequentialLearner, names: readonly string[]): AnyDescription {
  const own = learner.describe() as AnyDescription;
  adoptNames(own.target, names);
  return own;
}

const mismatch = (where: string, difference: string, advice: string) =>
  new RivuletError(
    "checkpoint.mismatch",
    `${where} was saved with a different configuration: ${difference}; ${advice}name another checkpoint.directory to begin anew, or put the config back`,
  );

/** What became of a checkpoint whose learner was carried over to another. */
export interface CarryOutcome extends Carried {
  /** Fields and classes that the new learner does not have. */
  removed: string[];
  /** Settings that are others now, in a sentence. */
  settings: Changes;
}

/**
 * Lets `learner`, which has not learned anything, go on from a checkpoint of another as far as names allow.
 * @throws RivuletError naming what stands in the way, with nothing changed
 */
export function carryOver(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): CarryOutcome {
  const before = learnerFrom(checkpoint, where);
  const stored = before.describe() as AnyDescription;
  const names = namesIn(stored.target).names ?? [];
  const own = describedWith(learner, names);
  const obstacle = obstacleTo(own, stored);
  if (obstacle !== null) throw mismatch(where, obstacle, "");
  learner.adoptClassNames(names);
  const outcome = carryLearner(learner, before);
  if (!isEnsemble(own.model)) applyRate(learner as Learner, own, stored);
  const removed = stored.fields.filter((name) => !own.fields.includes(name));
  return { ...outcome, removed, settings: settingsChanged(own, stored) };
}

const helpOf = (where: string) =>
  `rivulet migrate ${dirname(where)} --config CONFIG carries over what was learned`;

/** What was carried and what begins anew, on one line. */
function carriedText({ carried, fresh, removed }: CarryOutcome): string {
  const list = (names: string[]) => (names.length === 0 ? "nothing" : names.join(", "));
  const without = removed.length === 0 ? "" : `; left out is ${removed.join(", ")}`;
  return `carried: ${list(carried)}; new: ${list(fresh)}${without}`;
}

/** Why nothing of a checkpoint can be of use to a learner, in words; null where something can. */
function obstacleTo(own: AnyDescription, stored: AnyDescription): string | null {
  if (kindOf(own.model) !== kindOf(stored.model)) {
    return `model is ${kindOf(own.model)} in the config and ${kindOf(stored.model)} in it`;
  }
  // What was learned of one horizon or column says little of another.
  if (isForecaster(own.model)) return firstDifference(own, stored, "");
  const column = firstDifference(own.target.column, stored.target.column, "target.column");
  if (column !== null) return column;
  const classesOf = ({ target }: AnyDescription) => ("classes" in target ? target.classes : null);
  const [classes, known] = [classesOf(own), classesOf(stored)];
  if ((classes === null) !== (known === null)) return firstDifference(classes, known, "target.classes");
  const before = namesIn(stored.target).names ?? [];
  const names = namesIn(own.target).names ?? before;
  if ((classes ?? 0) < (known ?? 0) || before.some((name, index) => names[index] !== name)) {
    const listed = (list: readonly string[], count: number | null) =>
      list.length > 0 ? list.join(", ") : count;
    return `target.classes is ${listed(names, classes)} in the config and ${listed(before, known)} in it, and the classes that it knows must stay the first ones`;
  }
  const { stream: ownStream = null } = own;
  const { stream: storedStream = null } = stored;
  const features =
    firstDifference(own.features, stored.features, "features") ??
    firstDifference(ownStream, storedStream, "the stream") ??
    derivedFieldsObstacle(own, stored);
  if (features !== null || isEnsemble(own.model)) return features;
  const lossOf = ({ model }: AnyDescription) => (model as ModelDescription).loss;
  const [loss, lossKnown] = [lossOf(own), lossOf(stored)];
  return firstDifference(loss, lossKnown, "model.loss");
}

/** Transforms that leave every field in its place, so that what was learned of it can be found by its name. */
const inPlace = ["standardize", "clip"];

function derivedFieldsObstacle(own: AnyDescription, stored: AnyDescription): string | null {
  const name = own.features.map((each) => (typeof each === "string" ? each : Object.keys(each)[0]));
  const derived = name.find((each) => !inPlace.includes(each));
  const fields = firstDifference(own.fields, stored.fields, "fields");
  if (derived === undefined || fields === null) return null;
  return `${fields}, and what ${derived} makes of fields is not carried over by name`;
}

/** A stored description with the settings of the learner that may change from run to run. */
function adapted(stored: AnyDescription, own: AnyDescription): AnyDescription {
  if (kindOf(own.model) !== kindOf(stored.model) || isForecaster(own.model)) return stored;
  if (isEnsemble(stored.model) && isEnsemble(own.model)) {
    const { coverage } = own.model.ensemble;
    return { ...stored, model: { ensemble: { ...stored.model.ensemble, coverage } } } as AnyDescription;
  }
  const { optimizer, clip, schedule } = own.model as ModelDescription;
  const { schedule: _, ...model } = stored.model as ModelDescription;
  const { batchSize } = own.training as LearnerDescription["training"];
  return {
    ...stored,
    model: { ...model, optimizer, clip, ...(schedule === undefined ? {} : { schedule }) },
    training: { ...stored.training, batchSize },
  } as AnyDescription;
}

/** What of the settings differs that may, as one sentence. */
function settingsChanged(own: AnyDescription, stored: AnyDescription): Changes {
  const model = (described: AnyDescription) =>
    described.model as ModelDescription & EnsembleDescription["model"];
  const settings: [string, (described: AnyDescription) => unknown][] = [
    ["model.optimizer", (described) => model(described).optimizer ?? null],
    ["model.schedule", (described) => model(described).schedule ?? null],
    ["model.clip", (described) => model(described).clip ?? null],
    ["training.batchSize", ({ training }) => ("batchSize" in training ? training.batchSize : null)],
    ["the interval's coverage", (described) => model(described).ensemble?.coverage ?? null],
  ];
  const found = settings.flatMap(
    ([path, settingIn]) => firstDifference(settingIn(own), settingIn(stored), path) ?? [],
  );
  return found.length === 0
    ? []
    : [`the settings have changed, and what was learned goes on with them: ${found.join(", ")}`];
}

/** A rate that the config changes holds from now on; one that a schedule or a recovery has changed stays. */
function applyRate(learner: Learner, own: AnyDescription, stored: AnyDescription): void {
  const settingOf = (described: AnyDescription) => [
    (described.model as ModelDescription).optimizer,
    (described.model as ModelDescription).schedule ?? null,
  ];
  if (firstDifference(settingOf(own), settingOf(stored), "") === null) return;
  learner.network.learningRate = learner.network.model.optimizer.learningRate;
}

/** The first difference between a learner, with the class names that the stored one has met, and the stored one. */
function differenceFrom(learner: PrequentialLearner, stored: AnyDescription): string | null {
  const own = learner.describe();
  const { names } = namesIn(stored.target);
  if (Array.isArray(names)) adoptNames(own.target, names);
  if (kindOf(own.model) === kindOf(stored.model)) {
    return firstDifference(withoutBalance(own), withoutBalance(stored), "");
  }
  return `model is ${kindOf(own.model)} in the config and ${kindOf(stored.model)} in it`;
}

/** Names of classes that the run before has met. */
function storedNames({ target }: { target: object | null }, where: string): string[] {
  const { names = [] } = namesIn(target ?? {}) as { names?: unknown };
  const { classes = 0 } = (target ?? {}) as { classes?: unknown };
  const areNames = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (areNames && names.length <= Math.min(Number(classes), mostClasses)) return names;
  if (areNames && names.length === 0) return names;
  throw new CheckpointError(
    "checkpoint.malformed",
    `${where} is malformed: its class names are not at most as many texts as classes; use another checkpoint`,
  );
}

/** Which class is named follows from what was learned, and changes nothing of it. */
const withoutBalance = ({ training: { balance, ...training }, ...rest }: CommonDescription) => ({
  ...rest,
  training,
});

/** Longest value that a sentence repeats. */
const longestValue = 200;

function written(value: unknown): string {
  const text = value === null ? "nothing" : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

/** The first place where two descriptions differ, in words. */
function firstDifference(config: unknown, stored: unknown, path: string): string | null {
  if (typeof config !== "object" || typeof stored !== "object" || config === null || stored === null) {
    if (Object.is(config, stored)) return null;
    return `${path} is ${written(config)} in the config and ${written(stored)} in it`;
  }
  const [kinds, storedKinds] = [Object.keys(config), Object.keys(stored)];
  // `{ adam: ... }` against `{ rmsprop: ... }`: two kinds, not one with a key missing.
  if (kinds.length === 1 && storedKinds.length === 1 && kinds[0] !== storedKinds[0]) {
    return `${path} is ${kinds[0]} in the config and ${storedKinds[0]} in it`;
  }
  for (const key of new Set([...kinds, ...storedKinds])) {
    const name = Array.isArray(config) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const difference = firstDifference(
      (config as Record<string, unknown>)[key] ?? null,
      (stored as Record<string, unknown>)[key] ?? null,
      name,
    );
    if (difference !== null) return difference;
  }
  return null;
}
