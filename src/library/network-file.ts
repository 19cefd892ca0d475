/** A network without a learner as a file, in the format of a checkpoint. */
import { resolve } from "node:path";
import { readCheckpointFile } from "../checkpoint/checkpoint-file.ts";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeNamedFileDurablySync } from "../checkpoint/durable-file.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../checkpoint/format.ts";
import { describeModel, modelFromDescription } from "../engine/model/description.ts";
import { createNetwork, type Network, type NetworkOptions } from "../engine/running/network.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { bytesIn, plannedNetwork, requireLayers } from "../learner/stored-plan.ts";
import type { State } from "../state.ts";

/**
 * Saves a network to a file: after a power cut the file holds all of it, or what it held before. The optimizer's state
 * is saved too, so that training continues bit for bit.
 *
 * @throws RivuletError where the file cannot be written
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createNetwork, dense, loadNetwork, mse, saveNetwork, sgd } from "rivulet";
 *
 * const model = { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
 * const network = createNetwork(model);
 * saveNetwork(network, "network.msgpack");
 * assert.deepEqual(loadNetwork("network.msgpack").predict([1, 2]), network.predict([1, 2]));
 */
export function saveNetwork(network: Network, path: string): void {
  const { parameters, optimizerState, ...rest } = network.state();
  const { optimizer, ...model } = describeModel(network.model);
  const chunks = encodeCheckpoint({
    createdAt: new Date().toISOString(),
    model: model as State,
    optimizer: optimizer as State,
    features: null,
    target: null,
    training: { batchSize: network.batchSize },
    step: network.updates,
    samplesSeen: 0,
    random: null,
    parameters,
    optimizerState,
    learnerState: { network: rest },
    featureState: null,
    metrics: null,
  });
  try {
    writeNamedFileDurablySync(resolve(path), chunks);
  } catch (error) {
    throw diskError(error, `cannot save the network as ${path}`, resolve(path, ".."));
  }
}

/**
 * Loads a network that `saveNetwork` saved, with the batch size it had unless `options` says another.
 *
 * @throws RivuletError where the file cannot be read; CheckpointError where it is damaged, was written by a newer
 *   version, or holds a learner instead
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createNetwork, dense, loadNetwork, mse, saveNetwork, sgd } from "rivulet";
 *
 * const model = { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
 * saveNetwork(createNetwork(model, { seed: 7 }), "seven.msgpack");
 * assert.equal(loadNetwork("seven.msgpack", { batchSize: 16 }).batchSize, 16);
 */
export function loadNetwork(path: string, options: NetworkOptions = {}): Network {
  return networkFrom(decodeCheckpoint(readCheckpointFile(path, { followLinks: true }), path), path, options);
}

/** Longest reason that a sentence repeats: names and shapes in it come from the file. */
const longestReason = 400;

/**
 * Creates the network that a checkpoint holds. It is planned, and its shapes are compared with what is stored, before
 * anything is allocated.
 * @throws CheckpointError where it holds none, or one whose parts contradict each other
 */
export function networkFrom(stored: Checkpoint, path: string, options: NetworkOptions = {}): Network {
  const { network: rest } = (stored.learnerState ?? {}) as { network?: { [key: string]: State } };
  if (!rest)
    throw new CheckpointError("checkpoint.mismatch", `${path} holds no network; save one with saveNetwork`);
  // Its network answers to standardized features: with those of a sample the answers would be wrong, and look right.
  if (stored.features !== null) {
    throw new CheckpointError(
      "checkpoint.mismatch",
      `${path} holds a learner, whose network sees features and not the numbers of a sample; load it with loadLearner`,
    );
  }
  const { parameters, optimizerState } = stored;
  try {
    requireLayers((stored.model as { layers?: unknown } | null)?.layers);
    const model = modelFromDescription(
      { ...(stored.model as object), optimizer: stored.optimizer },
      `${path}: model`,
    );
    const { batchSize } = (stored.training ?? {}) as { batchSize: unknown };
    const planned = plannedNetwork(model, { parameters, storedBytes: bytesIn(stored), batchSize });
    const network = createNetwork(model, { ...planned, ...options });
    network.restore({ ...rest, parameters, optimizerState } as State);
    return network;
  } catch (error) {
    const reason =
      error instanceof RivuletError
        ? error.message.slice(0, longestReason)
        : "its parts have another structure than this Rivulet writes; use another file";
    throw new CheckpointError("checkpoint.malformed", `${path} holds no valid network: ${reason}`, {
      cause: error,
    });
  }
}
