/** Converts between a learner and its checkpoint: which part of its state has which key. */
import type { Checkpoint } from "../checkpoint/format.ts";
import type { ModelDescription } from "../engine/model/description.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { createEnsemble, Ensemble } from "../learner/ensemble.ts";
import type { EnsembleDescription } from "../learner/ensemble-plan.ts";
import {
  createNetworkLearner,
  type Learner,
  type LearnerDescription,
  type LearnerState,
} from "../learner/learner.ts";
import type { CommonDescription, PrequentialLearner } from "../learner/prequential-learner.ts";
import { namesIn } from "../learner/target.ts";
import type { State } from "../state.ts";

/**
 * The learner as it is now. Typed arrays are views: encode and write or copy it before the next sample. With `reuse`
 * the weights are in memory that is kept for the next such call, so that a daemon's memory stays as it is.
 */
export function checkpointOf(learner: PrequentialLearner, name?: string, { reuse = false } = {}): Checkpoint {
  const body =
    learner instanceof Ensemble ? ensembleBody(learner) : networkBody(learner as Learner, { reuse });
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

function ensembleBody(ensemble: Ensemble): Body {
  const { fields, target, features, stream, model, training } = ensemble.describe();
  return {
    model: model as State,
    features: describedFeatures(fields, features, stream),
    target,
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

const isEnsemble = (model: unknown): model is EnsembleDescription["model"] =>
  typeof model === "object" && model !== null && Object.hasOwn(model, "ensemble");

/** What the checkpoint says of the learner it holds. */
function descriptionIn(checkpoint: Checkpoint): LearnerDescription | EnsembleDescription {
  const { fields, transforms, stream } = checkpoint.features as unknown as {
    fields: string[];
    transforms: LearnerDescription["features"];
    stream?: LearnerDescription["stream"];
  };
  const target = checkpoint.target as LearnerDescription["target"];
  const common = { fields, target, features: transforms, ...(stream === undefined ? {} : { stream }) };
  if (isEnsemble(checkpoint.model)) {
    const training = checkpoint.training as EnsembleDescription["training"];
    return { ...common, model: checkpoint.model, training };
  }
  const model = { ...(checkpoint.model as object), optimizer: checkpoint.optimizer } as ModelDescription;
  const training = checkpoint.training as LearnerDescription["training"];
  return { ...common, model, training };
}

/** The layers that the checkpoint of an ensemble has in the replayed network's place; undefined for the usual ones. */
export const replayedLayersIn = ({ model }: Checkpoint): unknown[] | undefined =>
  isEnsemble(model) ? model.ensemble.layers : undefined;

function stateIn(checkpoint: Checkpoint): State {
  if (isEnsemble(checkpoint.model)) return checkpoint.learnerState;
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
    const reason = (error as Error).message;
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} does not hold what its own description says: ${reason}`,
      {
        cause: error,
      },
    );
  }
  return learner;
}

/**
 * The learner that a checkpoint holds.
 * @throws CheckpointError for a checkpoint of a network without a learner, or whose parts contradict each other
 */
export function learnerFrom(checkpoint: Checkpoint, where: string): PrequentialLearner {
  if (checkpoint.features === null || checkpoint.target === null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} holds a network alone, no learner; load it with loadNetwork`,
    );
  }
  let learner: PrequentialLearner;
  try {
    learner = describedLearner(descriptionIn(checkpoint));
  } catch (error) {
    const reason = (error as Error).message;
    throw new CheckpointError("checkpoint.malformed", `${where} describes no learner: ${reason}`, {
      cause: error,
    });
  }
  return restoreInto(learner, checkpoint, where);
}

function describedLearner(description: LearnerDescription | EnsembleDescription): PrequentialLearner {
  const { fields, target, features, stream, model, training } = description;
  if (!isEnsemble(model)) return createNetworkLearner(description as LearnerDescription);
  const { seed, deterministic } = training;
  return createEnsemble({
    fields,
    target,
    features,
    stream,
    seed,
    arena: { deterministic },
    ...model.ensemble,
  });
}

/**
 * Whether a checkpoint holds the learner of a description: as version 0.1.0 left that of a config without a model, which
 * was a single network.
 */
export function isOf(learner: PrequentialLearner, checkpoint: Checkpoint): boolean {
  if (checkpoint.features === null) return false;
  return firstDifference(learner.describe(), descriptionIn(checkpoint), "") === null;
}

/**
 * Continues `learner` from a checkpoint of an equal one.
 * @throws RivuletError naming what differs, before anything changes, where it is of another one
 */
export function resume(learner: PrequentialLearner, checkpoint: Checkpoint, where: string): void {
  const stored = descriptionIn(checkpoint);
  learner.adoptClassNames(namesIn(stored.target).names ?? []);
  const own = learner.describe();
  const kindOf = (model: object) => (isEnsemble(model) ? "the ensemble" : "a single network");
  const difference =
    isEnsemble(own.model) === isEnsemble(stored.model)
      ? firstDifference(own, stored, "")
      : `model is ${kindOf(own.model)} in the config and ${kindOf(stored.model)} in it`;
  if (difference !== null) {
    throw new RivuletError(
      "checkpoint.mismatch",
      `${where} was saved with a different configuration: ${difference}; name another checkpoint.directory to begin anew, or put the config back`,
    );
  }
  restoreInto(learner, checkpoint, where);
}

const written = (value: unknown) => (value === null ? "nothing" : JSON.stringify(value));

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
