import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adam, createNetwork, dense, type Network, softmaxCrossEntropy, tanh } from "../src/index.ts";
import { loadNetwork, saveNetwork } from "../src/network-file.ts";

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
    expect(() => loadNetwork(join(folder, "none.msgpack"))).toThrow("cannot read");
  });
});
