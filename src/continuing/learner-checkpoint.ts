/** Converts between a learner and its checkpoint: which part of its state has which key. */
import type { Checkpoint } from "../checkpoint/format.ts";
import type { ModelDescription } from "../engine/model/description.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { restoreDiscardable } from "../features/restore.ts";
import { createEnsemble, Ensemble } from "../learner/ensemble.ts";
import type { EnsembleDescription, EnsembleOptions } from "../learner/ensemble-plan.ts";
import { createForecaster, Forecaster, type ForecasterDescription } from "../learner/forecast/forecaster.ts";
import { hasGuest } from "../learner/guest.ts";
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
import { mostClasses, namesIn } from "../learner/target.ts";
import type { State } from "../state.ts";

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

/** Features as a checkpoint holds them. */
export interface StoredFeatures {
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

/** Whether the model of a checkpoint or of a description is that of a forecaster. */
export const isForecaster = (model: unknown): model is ForecasterDescription["model"] =>
  typeof model === "object" && model !== null && Object.hasOwn(model, "forecast");

/** Whether it is that of an ensemble. */
export const isEnsemble = (model: unknown): model is EnsembleDescription["model"] =>
  typeof model === "object" && model !== null && Object.hasOwn(model, "ensemble");

/** What a learner of any kind says of itself. */
export type AnyDescription = LearnerDescription | EnsembleDescription | ForecasterDescription;

/** What the checkpoint says of the learner it holds. */
export function descriptionIn(checkpoint: Checkpoint): AnyDescription {
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

/**
 * Names of classes that the run before has met.
 * @throws CheckpointError where they are none
 */
export function storedNames({ target }: { target: object | null }, where: string): string[] {
  const { names = [] } = namesIn(target ?? {}) as { names?: unknown };
  const { classes = 0 } = (target ?? {}) as { classes?: unknown };
  const areNames = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (areNames && names.length <= Math.min(Number(classes), mostClasses)) return names;
  if (areNames && names.length === 0) return names;
  throw new CheckpointError(
    "checkpoint.malformed",
    `${where} is malformed: it has class names that are not text, or more of them than classes; use another checkpoint`,
  );
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
export function restoreInto(
  learner: PrequentialLearner,
  checkpoint: Checkpoint,
  where: string,
): PrequentialLearner {
  try {
    learner.restore(stateIn(checkpoint));
  } catch (error) {
    throw malformed(error, `${where} does not hold what its own description says`);
  }
  return learner;
}

/** What a checkpoint has of a network beside the one in use. */
export interface NetworkBeside {
  /** How the two compare, and by which number held samples know them. */
  outside: State;
  /** Null where only one is in use. */
  learner: Learner | null;
}

/**
 * What the checkpoint of a single network with room for another has of that; null where it had no room.
 * @throws CheckpointError where the network beside is not of the checkpoint's description
 */
export function networkBesideIn(checkpoint: Checkpoint, where: string): NetworkBeside | null {
  const { outside, beside } = (checkpoint.learnerState ?? {}) as { outside?: State; beside?: State };
  if (outside === undefined) return null;
  if (beside === undefined) return { outside, learner: null };
  const learner = describedLearner(checkpoint, undefined) as Learner;
  try {
    restoreDiscardable(() => learner.restore(beside));
  } catch (error) {
    throw malformed(error, `${where} holds another network beside the one in use than its description says`);
  }
  return { outside, learner };
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
 * @param options `experts`: of the user's own, which an ensemble had beside the others
 * @throws CheckpointError for a checkpoint of a network without a learner, or whose parts contradict each other
 */
export function learnerFrom(
  checkpoint: Checkpoint,
  where: string,
  { experts }: Pick<EnsembleOptions, "experts"> = {},
): Ensemble | Forecaster | Learner {
  if (checkpoint.features !== null && checkpoint.target === null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} was saved by a daemon that watches for anomalies and predicts nothing; continue it with rivulet run`,
    );
  }
  if (checkpoint.features === null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} holds only a network and no learner; load it with loadNetwork`,
    );
  }
  requireOwnExperts(checkpoint, where, experts);
  let learner: Ensemble | Forecaster | Learner;
  try {
    learner = describedLearner(checkpoint, experts);
  } catch (error) {
    throw malformed(error, `${where} describes no learner`);
  }
  // One that fails is not used, so nothing of it need be kept meanwhile.
  restoreDiscardable(() => restoreInto(learner, checkpoint, where));
  return learner;
}

/** An expert of the user's own is a program, of which a checkpoint holds the name and the state alone. */
function requireOwnExperts({ model }: Checkpoint, where: string, experts: EnsembleOptions["experts"]): void {
  const { own = [] } = isEnsemble(model) ? model.ensemble : {};
  const given = (experts ?? []).map(({ name }) => name);
  if (Array.isArray(own) && own.join("\n") === given.join("\n")) return;
  const listed = (names: unknown) => (Array.isArray(names) && names.length > 0 ? names.join(", ") : "none");
  throw new CheckpointError(
    "checkpoint.mismatch",
    `${where} holds other experts of your own: found ${listed(given)} in the options, expected ${listed(own)}; name these as \`experts\`, in this order`,
  );
}

/** The keys of an ensemble that this version knows: others are passed over. */
const partsOf = ({ ensemble }: EnsembleDescription["model"]) => {
  const { effort, without, coverage, layers, inputShape, eviction } = ensemble;
  return { effort, without, coverage, layers, inputShape, eviction };
};

/** The learner that a checkpoint describes, planned before it is allocated. */
function describedLearner(
  checkpoint: Checkpoint,
  experts: EnsembleOptions["experts"],
): Ensemble | Forecaster | Learner {
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
  const guest = hasGuest(checkpoint.learnerState);
  const options = {
    fields,
    target,
    features,
    stream,
    seed,
    balance,
    arena,
    experts,
    guest,
    ...partsOf(model),
  };
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
