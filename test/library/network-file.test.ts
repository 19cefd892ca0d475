import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import {
  adam,
  batchNorm,
  createNetwork,
  createRandom,
  dense,
  dropout,
  flatten,
  gru,
  type Model,
  type Network,
  reduceOnPlateau,
  relu,
  softmaxCrossEntropy,
  tanh,
} from "../../src/index.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { loadNetwork, saveNetwork } from "../../src/library/network-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rivulet-network-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function exclusiveOr(): Network {
  const network = createNetwork(
    { inputShape: [2], layers: [dense(8), tanh(), dense(2)], loss: softmaxCrossEntropy(), optimizer: adam() },
    { batchSize: 4 },
  );
  return feed(network);
}

function feed(network: Network): Network {
  network.input.set([0, 0, 0, 1, 1, 0, 1, 1]);
  network.target.set([0, 1, 1, 0]);
  return network;
}

describe("a network in a file", () => {
  test("continues its training bit for bit", () => {
    const network = exclusiveOr();
    for (let i = 0; i < 20; i++) network.step();
    saveNetwork(network, join(folder, "xor.msgpack"));
    const again = feed(loadNetwork(join(folder, "xor.msgpack")));
    for (const each of [network, again]) for (let i = 0; i < 20; i++) each.step();
    expect(again.state()).toEqual(network.state());
  });

  test("continues running statistics, carried states, masks and schedule bit for bit", () => {
    const model: Model = {
      inputShape: [4, 3],
      layers: [
        gru(5, { returns: "sequence", carry: true }),
        batchNorm(),
        dropout(0.3),
        flatten(),
        dense(6, { frozen: ["bias"] }),
        relu(),
        dense(2),
      ],
      loss: softmaxCrossEntropy({ classWeights: [1, 2] }),
      optimizer: adam({ learningRate: 0.01 }),
      schedule: reduceOnPlateau({ window: 2, patience: 1 }),
    };
    const network = createNetwork(model, { batchSize: 3, seed: 5 });
    const random = createRandom(1);
    const train = (...networks: Network[]) => {
      for (let step = 0; step < 25; step++) {
        const inputs = Float32Array.from({ length: 36 }, () => random.uniform());
        for (const each of networks) {
          each.input.set(inputs);
          each.target.set([0, 1, 1]);
          expect(each.step()).toBe(true);
        }
      }
    };
    train(network);
    const path = join(folder, "stream.msgpack");
    saveNetwork(network, path);
    const again = loadNetwork(path);
    train(network, again);
    expect(again.state()).toEqual(network.state());
    const predicting = loadNetwork(path, { training: false });
    expect(predicting.plan.totalBytes).toBeLessThan(network.plan.totalBytes / 2);
    expect(() => predicting.step()).toThrow("planned without training");
  });

  test("may be loaded for another batch size", () => {
    saveNetwork(exclusiveOr(), join(folder, "xor.msgpack"));
    expect(loadNetwork(join(folder, "xor.msgpack"), { batchSize: 1 }).batchSize).toBe(1);
  });

  test("is refused when damaged", () => {
    const path = join(folder, "xor.msgpack");
    saveNetwork(exclusiveOr(), path);
    const bytes = readFileSync(path);
    bytes[100] ^= 4;
    writeFileSync(path, bytes);
    expect(() => loadNetwork(path)).toThrow(path);
  });

  test("says where it cannot be written or read", () => {
    expect(() => saveNetwork(exclusiveOr(), join(folder, "no/such/folder.msgpack"))).toThrow(
      "cannot save the network",
    );
    const absent = join(folder, "none.msgpack");
    expect(() => loadNetwork(absent)).toThrow(`${absent} cannot be read: there is no such file`);
  });
});

test("the network of a learner is not loaded without its features", () => {
  const learner = createLearner({
    fields: ["a", "label"],
    target: { column: "label", classes: 2 },
    model: {},
  });
  const path = join(folder, "learner.msgpack");
  writeFileSync(path, Buffer.concat(encodeCheckpoint(checkpointOf(learner))));
  expect(() => loadNetwork(path)).toThrow(`${path} holds a learner, whose network sees features`);
});
