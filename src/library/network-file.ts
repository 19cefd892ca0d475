/** A network alone as a file, for those who use the engine as a library: the checkpoint format without a learner. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../checkpoint/format.ts";
import { describeModel, modelFromDescription } from "../engine/model/description.ts";
import { createNetwork, type Network, type NetworkOptions } from "../engine/running/network.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import type { State } from "../state.ts";

/**
 * Writes the network to a file: all of it, or, where the power goes meanwhile, what stood there before.
 * Optimizer state is kept, so training continues bit for bit.
 * @throws RivuletError where the file cannot be written
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
    writeFileDurablySync(resolve(path), chunks);
  } catch (error) {
    throw diskError(error, `cannot save the network as ${path}`, resolve(path, ".."));
  }
}

/**
 * Reads a network back, with the batch size it had unless `options` says another.
 * @throws RivuletError where the file cannot be read; CheckpointError where it is damaged, from a newer version, or
 *   holds no network of its own
 */
export function loadNetwork(path: string, options: NetworkOptions = {}): Network {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new RivuletError(
      "checkpoint.unreadable",
      `cannot read ${path}: ${reasonOf(error)}; name a file that saveNetwork wrote`,
      {
        cause: error,
      },
    );
  }
  const stored = decodeCheckpoint(bytes, path);
  const { network: rest } = (stored.learnerState ?? {}) as { network?: { [key: string]: State } };
  if (!rest)
    throw new CheckpointError("checkpoint.mismatch", `${path} holds no network; save one with saveNetwork`);
  const model = modelFromDescription(
    { ...(stored.model as object), optimizer: stored.optimizer },
    `${path}: model`,
  );
  const { batchSize } = stored.training as { batchSize: number };
  const network = createNetwork(model, { batchSize, ...options });
  const { parameters, optimizerState } = stored;
  network.restore({ ...rest, parameters, optimizerState } as State);
  return network;
}
