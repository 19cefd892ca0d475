/**
 * Models that travel from one device to others. A model file is a checkpoint of which only the network is left, with the
 * statistics of its features and of its target: under `model` it has the key `published`, which no other checkpoint has.
 */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../checkpoint/format.ts";
import { type ModelDescription, optimizerStatesOf, type WrittenPart } from "../engine/model/description.ts";
import { plan } from "../engine/planning/planner.ts";
import { checkedState, type NetworkState } from "../engine/running/network-state.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { ColumnStatistic } from "../features/column-statistic.ts";
import type { StreamDescription } from "../features/extraction.ts";
import type { TransformDescription } from "../features/feature-list.ts";
import { createPipeline } from "../features/pipeline.ts";
import { Ensemble } from "../learner/ensemble.ts";
import { pipelineFor } from "../learner/ensemble-plan.ts";
import type { Learner } from "../learner/learner.ts";
import { learnerFeatures } from "../learner/learner-features.ts";
import { networkOptions } from "../learner/learner-options.ts";
import { modelFor } from "../learner/model.ts";
import type { OutsideModel, PublishedFeatures } from "../learner/outside-model.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { bytesIn, plannedGuest, plannedLearner } from "../learner/stored-plan.ts";
import { namesIn, type TargetDescription, TargetScale } from "../learner/target.ts";
import type { State } from "../state.ts";
import { firstDifference } from "./difference.ts";
import {
  type AnyDescription,
  descriptionIn,
  isEnsemble,
  isForecaster,
  learnerFrom,
  storedNames,
} from "./learner-checkpoint.ts";

/** What a model was trained for. A device refuses one that was trained for something else. */
export interface PublishedDescription {
  fields: string[];
  target: TargetDescription;
  features: TransformDescription[];
  /** Only there where features need the past. */
  stream?: StreamDescription;
  /** Of an ensemble: the layers of its replayed network, unless they are the default ones. Of a single network: all of it. */
  model: { published: "ensemble"; layers?: WrittenPart[]; inputShape?: number[] } | PublishedNetwork;
}

/** The learning rate and its schedule are the device's own. */
interface PublishedNetwork {
  published: "network";
  layers: WrittenPart[];
  inputShape: number[];
  loss: WrittenPart;
  optimizer: WrittenPart;
}

/** A model file that was read and found sound. */
export interface PublishedModel {
  description: PublishedDescription;
  model: OutsideModel;
  /** Samples that the publisher had learned from. */
  samplesSeen: number;
  createdAt: string;
  name?: string;
}

/**
 * What of an optimizer decides what it keeps for each weight: its name, or, where it keeps more or less than by its
 * defaults, as RMSprop with momentum does, its settings but for the learning rate.
 */
function kindOfOptimizer(optimizer: WrittenPart): WrittenPart {
  if (typeof optimizer !== "object" || optimizer === null) return optimizer;
  const [[name, settings]] = Object.entries(optimizer);
  const statesOf = (described: unknown) => optimizerStatesOf(described, "model.optimizer").join();
  if (statesOf(optimizer) === statesOf(name)) return name;
  const { learningRate: _, ...others } = settings as { [option: string]: unknown };
  return { [name]: others };
}

/**
 * What a model must have been trained for to be of use to the learner with this description.
 * @throws RivuletError for a forecaster, which takes none
 */
export function publishedDescription({
  fields,
  target,
  features,
  stream,
  model,
}: AnyDescription): PublishedDescription {
  const common = { fields, target, features, ...(stream === undefined ? {} : { stream }) };
  if (isForecaster(model)) {
    throw new RivuletError(
      "checkpoint.mismatch",
      "found a forecaster, expected an ensemble or a single network; the networks of a forecaster are not published",
    );
  }
  if (isEnsemble(model)) {
    const { layers, inputShape } = model.ensemble;
    const shape = inputShape === undefined ? {} : { inputShape };
    return {
      ...common,
      model: { published: "ensemble", ...(layers === undefined ? {} : { layers, ...shape }) },
    };
  }
  const { layers, inputShape, loss, optimizer } = model as ModelDescription;
  return {
    ...common,
    model: { published: "network", layers, inputShape, loss, optimizer: kindOfOptimizer(optimizer) },
  };
}

/** A model file may have this many bytes more than what its learner takes in memory: names and statistics. */
const spareBytes = 1e6;

/** The largest model file that is read for a learner, in bytes. */
export const mostModelFileBytes = ({ memory }: PrequentialLearner): number => memory.bytes + spareBytes;

/** Describes the learner in a checkpoint as a model for others, see `publishedDescription`. */
export const publishedDescriptionIn = (checkpoint: Checkpoint): PublishedDescription =>
  publishedDescription(descriptionIn(checkpoint));

/**
 * Makes a model file of a checkpoint: of an ensemble its replayed network, of a single network that, with the statistics
 * of features and target.
 * @param where name of the checkpoint, for the start of an error sentence
 * @throws RivuletError where the checkpoint is not sound, or holds no such network
 */
export function modelOf(
  checkpoint: Checkpoint,
  where = "the checkpoint",
): { description: PublishedDescription; bytes: Uint8Array } {
  const learner = learnerFrom(checkpoint, where);
  const description = publishedDescription(learner.describe() as AnyDescription);
  const { network, features, target } = outsideModelOf(learner, where);
  const { parameters, optimizerState = [], ...rest } = network;
  const { createdAt, name, step, samplesSeen, training } = checkpoint;
  const file: Checkpoint = {
    createdAt,
    ...(name === undefined ? {} : { name }),
    model: description.model as unknown as State,
    features: featuresIn(description),
    target: description.target as State,
    optimizer: null,
    training,
    step,
    samplesSeen,
    random: null,
    parameters,
    optimizerState,
    learnerState: { network: rest as unknown as State, target },
    featureState: features,
    metrics: null,
  };
  return { description, bytes: Buffer.concat(encodeCheckpoint(file)) };
}

function featuresIn({ fields, features, stream }: PublishedDescription): State {
  return { fields, transforms: features, ...(stream === undefined ? {} : { stream: stream as State }) };
}

function outsideModelOf(learner: PrequentialLearner, where: string): OutsideModel {
  if (!(learner instanceof Ensemble)) return (learner as Learner).outgoing();
  const model = learner.outgoing();
  if (model !== null) return model;
  throw new RivuletError(
    "checkpoint.mismatch",
    `${where} holds an ensemble without a replayed network, expected one with it; publish a checkpoint of effort normal or high`,
  );
}

/**
 * Reads a model file, as `modelOf` makes it, and checks all that it holds before anything of it is used.
 * @param where name of the file, for the start of an error sentence
 * @throws CheckpointError where it is damaged, is no model file, or holds what no learner can have
 */
export function readModel(bytes: Uint8Array, where: string): PublishedModel {
  const checkpoint = decodeCheckpoint(bytes, where);
  const { published } = (checkpoint.model ?? {}) as { published?: unknown };
  if (published !== "ensemble" && published !== "network") {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${where} is a checkpoint, expected a model file; publish it with rivulet models publish`,
    );
  }
  const { createdAt, name, samplesSeen } = checkpoint;
  try {
    const description = descriptionOf(checkpoint);
    const classNames = storedNames(description, where);
    const model =
      published === "ensemble"
        ? ensembleModel(checkpoint, description)
        : networkModel(checkpoint, description);
    const named = classNames.length === 0 ? model : { ...model, classNames };
    return { description, model: named, samplesSeen, createdAt, ...(name === undefined ? {} : { name }) };
  } catch (error) {
    const reason =
      error instanceof RivuletError
        ? error.message
        : "its parts have another structure than this Rivulet writes";
    throw new CheckpointError(
      "checkpoint.malformed",
      `${where} holds no model that can be trained further: ${reason.slice(0, 400)}`,
      {
        cause: error,
      },
    );
  }
}

function descriptionOf({ model, features, target }: Checkpoint): PublishedDescription {
  const { fields, transforms, stream } = features as unknown as {
    fields: string[];
    transforms: TransformDescription[];
    stream?: StreamDescription;
  };
  return {
    fields,
    target: target as TargetDescription,
    features: transforms,
    ...(stream === undefined ? {} : { stream }),
    model: model as unknown as PublishedDescription["model"],
  };
}

/** The network's tensors with all else of its state. */
function networkIn({ parameters, optimizerState, learnerState }: Checkpoint): {
  network: NetworkState;
  target: State;
} {
  const { network, target = null } = learnerState as unknown as { network: NetworkState; target?: State };
  return { network: { ...network, parameters, optimizerState }, target };
}

function ensembleModel(checkpoint: Checkpoint, { model, ...described }: PublishedDescription): OutsideModel {
  const { layers, inputShape } = model;
  const { parameters } = checkpoint;
  const options = { ...described, target: described.target as never, layers, inputShape };
  const { rows, network: planned } = plannedGuest(options, { parameters, storedBytes: bytesIn(checkpoint) });
  const { network, target } = networkIn(checkpoint);
  checkedState(plan(planned, { training: false }), planned, { ...inferenceState, ...network });
  const { statistic, pipeline } = (checkpoint.featureState ?? {}) as unknown as PublishedFeatures;
  new ColumnStatistic({ columns: rows.columns.length - 1 }).restore(statistic);
  pipelineFor(rows)?.restore(pipeline);
  requireTargetState(described.target, target);
  const { states } = network;
  return {
    network: { parameters, ...(states === undefined ? {} : { states }) },
    features: { statistic, pipeline },
    target,
  };
}

/** Counts of a network that has not learned yet. */
const inferenceState = { updates: 0, skipped: 0, learningRate: 0 };

function networkModel(checkpoint: Checkpoint, { model, ...described }: PublishedDescription): OutsideModel {
  const { published: _, ...parts } = model as PublishedNetwork;
  const { parameters } = checkpoint;
  const options = { ...described, target: described.target as never, model: parts, training: {} };
  plannedLearner(options, { parameters, storedBytes: bytesIn(checkpoint) });
  const rows = learnerFeatures(options);
  const pipeline = createPipeline(rows.transforms, rows.columns.length - 1);
  const planned = modelFor(described.target, parts, pipeline.outputs);
  const { network, target } = networkIn(checkpoint);
  checkedState(plan(planned, networkOptions(planned, {})), planned, network);
  pipeline.restore(checkpoint.featureState);
  requireTargetState(described.target, target);
  return { network, features: checkpoint.featureState, target };
}

function requireTargetState(description: TargetDescription, target: State): void {
  if ("classes" in description) new TargetScale(description).restore(null);
  else new ColumnStatistic({ columns: 1 }).restore(target);
}

/**
 * Checks that a model was trained for what a device does.
 * @throws RivuletError naming the first difference
 */
export function requireFitting(own: PublishedDescription, model: PublishedDescription, where: string): void {
  const difference = differenceBetween(own, model);
  if (difference === null) return;
  throw new RivuletError(
    "checkpoint.mismatch",
    `${where} was trained for something else: ${difference}; publish a model of a device with the same config`,
  );
}

/**
 * The first difference between what a device does and what a model was trained for; null where it fits. A stream may bring
 * names of classes one by one, so one side may know fewer of them: they must be the first names of the other side.
 */
export function differenceBetween(own: PublishedDescription, model: PublishedDescription): string | null {
  const ownNames = namesIn(own.target).names ?? [];
  const names = namesIn(model.target).names ?? [];
  const common = Math.min(ownNames.length, names.length);
  const withoutNames = ({ target, ...rest }: PublishedDescription) => ({
    ...rest,
    target: { ...target, names: null },
  });
  return (
    firstDifference(ownNames.slice(0, common), names.slice(0, common), "target.classes") ??
    firstDifference(withoutNames(own), withoutNames(model), "")
  );
}
