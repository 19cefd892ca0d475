/** What is done with the network of version 0.1.0, by 0.1.0 when it was saved and by this version when it is loaded. */
import { createHash } from "node:crypto";
import type { Network } from "../../src/engine/running/network.ts";
import type { Tensor } from "../../src/engine/running/network-state.ts";

/** Rows of an update; each step takes as many as fit into the network's batch. */
export const rowsPerUpdate = 8;

/** Trains on rows `from` to `to` of a stream that is always the same, two at a time. */
export function trainOnRows(network: Network, from: number, to: number): void {
  for (let row = from; row < to; row += 2) {
    for (let i = 0; i < 2; i++) {
      let sum = 0;
      for (let c = 0; c < network.inputs; c++) {
        const value = (((row + i + 1) * (c + 3) * 7919) % 101) / 50 - 1;
        network.input[i * network.inputs + c] = value;
        sum += (c + 1) * value;
      }
      network.target[i] = Math.abs(sum) / 4;
    }
    network.step(2, rowsPerUpdate);
  }
}

/** Continues for 240 rows, and predicts one. */
export function continued(network: Network) {
  trainOnRows(network, 14, 254);
  const { updates, skipped, currentLearningRate } = network;
  const prediction = [...network.predict([0.5, -0.25, 0.125, 1])];
  const { parameters, optimizerState, states = [] } = network.state();
  const sha256 = hashes([...parameters, ...optimizerState, ...states]);
  return { updates, skipped, currentLearningRate, prediction, sha256 };
}

/** SHA-256 of each tensor's numbers, by name. */
export function hashes(tensors: readonly Pick<Tensor, "name" | "data">[]): Record<string, string> {
  return Object.fromEntries(
    tensors.map(({ name, data }) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, createHash("sha256").update(bytes).digest("hex")];
    }),
  );
}
