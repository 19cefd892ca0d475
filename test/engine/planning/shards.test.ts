import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import {
  adam,
  batchNorm,
  conv1d,
  dense,
  dropout,
  flatten,
  gru,
  type Layer,
  layerNorm,
  type Model,
  maxPool1d,
  momentum,
  mse,
  relu,
  residual,
  sgd,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import { createNetwork, type Network, type NetworkOptions } from "../../../src/engine/running/network.ts";
import { threads } from "../../../src/library/threads.ts";
import { needing } from "../../needs.ts";
import { allAsleep, fill } from "../running/worker.ts";

const classifier: Model = {
  inputShape: [784],
  layers: [dense(128), relu(), dense(10)],
  loss: softmaxCrossEntropy(),
  optimizer: momentum(),
};

function digest(network: Network): string {
  const hash = createHash("sha256");
  const { parameters, optimizerState } = network.state();
  for (const { data } of [...parameters, ...optimizerState]) hash.update(new Uint8Array(data.buffer));
  return hash.digest("hex");
}

function trained(network: Network, steps: number, rows = network.batchSize): Network {
  for (let step = 0; step < steps; step++) {
    fill(network, step);
    expect(network.step(rows)).toBe(true);
  }
  return network;
}

function expectClose(found: Network, expected: Network, tolerance: number): void {
  for (const [index, { name, data }] of found.parameters().entries()) {
    const other = expected.parameters()[index].data;
    const apart = data.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
    expect(apart, name).toBeLessThan(tolerance);
  }
}

const withSimd = needing(availableVariants().includes("simd"), "a processor with SIMD");

describe("the results of a batch in shards", () => {
  test("do not depend on the number of threads: pinned for 784-128-10", withSimd, async () => {
    for (const count of [1, 2, 3, 4]) {
      const network = createNetwork(classifier, {
        batchSize: 256,
        workers: threads(count),
        deterministic: true,
      });
      await allAsleep(network, count);
      trained(network, 50);
      expect(digest(network), `${count} threads`).toBe(
        "bb6a1aa46559e30e23fa183ff71630d7e9aa40afea2dbbba49487bc6af6a752c",
      );
      network.close();
    }
  });

  test("are those of the scalar twin, bit for bit", withSimd, () => {
    const clip = { type: "norm", maximum: 0.05 } as const;
    const model = { ...classifier, inputShape: [13], layers: [dropout(0.2), ...classifier.layers], clip };
    const [vector, scalar] = (["simd", "scalar"] as const).map((kernels) =>
      trained(createNetwork(model, { batchSize: 50, shards: 4, kernels }), 5),
    );
    expect(digest(vector)).toBe(digest(scalar));
  });

  const kinds: Record<string, Partial<Model>> = {
    momentum: {},
    "Adam with weight decay": { optimizer: adam({ weightDecay: 0.01 }) },
    "a bound on the norm": { clip: { type: "norm", maximum: 0.05 } },
    "a bound on each value": { clip: { type: "value", maximum: 0.001 } },
    dropout: { layers: [dropout(0.3), dense(128), relu(), dropout(0.5), dense(10)] },
    "a frozen layer": { layers: [dense(32, { frozen: true }), tanh(), dense(10, { frozen: ["bias"] })] },
    "weighted classes": {
      loss: softmaxCrossEntropy({ classWeights: Array.from({ length: 10 }, (_, index) => 1 + index / 3) }),
    },
    "weighted samples": { loss: softmaxCrossEntropy({ sampleWeights: true }) },
    "the sum of the losses": {
      loss: softmaxCrossEntropy({ reduction: "sum" }),
      optimizer: sgd({ learningRate: 1e-4 }),
    },
    convolutions: {
      inputShape: [3, 20],
      layers: [conv1d(6, 3), relu(), maxPool1d(2), flatten(), layerNorm(), dense(10)],
    },
    "a recurrent layer": { inputShape: [7, 5], layers: [gru(9), dense(10)] },
    "a residual block": { inputShape: [24], layers: [residual([dense(24), tanh()]), dense(10)] },
    numbers: { inputShape: [24], layers: [dense(9), tanh(), dense(1)], loss: mse() },
  };
  describe.each(Object.entries(kinds))("with %s", (_, parts) => {
    const model: Model = { ...classifier, ...parts };

    test("are those of the uncut batch, but for the order of sums", () => {
      const [cut, whole] = [4, 1].map((shards) => createNetwork(model, { batchSize: 64, shards, seed: 5 }));
      expect(cut.plan.shards).toMatchObject({ count: 4, rows: 16 });
      for (const network of [cut, whole]) {
        for (let i = 0; i < network.sampleWeight.length; i++) network.sampleWeight[i] = 0.5 + (i % 3);
        trained(network, 8);
      }
      expect(cut.loss).toBeCloseTo(whole.loss, 5);
      expect(cut.gradientNorm).toBeCloseTo(whole.gradientNorm, 5);
      expectClose(cut, whole, 2e-4);
      for (const network of [cut, whole]) network.infer();
      expect(cut.prediction.every((value, i) => Math.abs(value - whole.prediction[i]) < 1e-3)).toBe(true);
    });

    test("are the same for two threads as for one", async () => {
      const options: NetworkOptions = { batchSize: 64, seed: 5 };
      const alone = trained(createNetwork(model, { ...options, shards: 4 }), 20);
      const network = createNetwork(model, { ...options, workers: threads(2) });
      await allAsleep(network, 2);
      trained(network, 20);
      expect(digest(network)).toBe(digest(alone));
      network.close();
    });
  });

  test("follow the uncut batch for any sizes, recomputed or not", () => {
    const model: Model = {
      ...classifier,
      inputShape: [11],
      layers: [dense(7), tanh(), dense(6), relu(), dense(3)],
    };
    fc.assert(
      fc.property(
        fc.record({
          batchSize: fc.integer({ min: 1, max: 41 }),
          shards: fc.integer({ min: 2, max: 9 }),
          given: fc.integer({ min: 1, max: 41 }),
          recompute: fc.boolean(),
        }),
        ({ batchSize, shards, given, recompute }) => {
          const rows = Math.min(given, batchSize);
          const [cut, whole] = [shards, 1].map((each) =>
            trained(createNetwork(model, { batchSize, shards: each, recompute }), 3, rows),
          );
          expect(cut.loss).toBeCloseTo(whole.loss, 5);
          expectClose(cut, whole, 1e-5);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("an update in shards", () => {
  test("is left out whole for one number in one shard that is not finite", () => {
    const network = trained(createNetwork(classifier, { batchSize: 64, shards: 4 }), 2);
    const before = digest(network);
    fill(network, 9);
    network.input[50 * 784 + 3] = Number.NaN;
    expect(network.step()).toBe(false);
    fill(network, 9);
    network.target[20] = 10;
    expect(network.step()).toBe(false);
    expect(digest(network)).toBe(before);
    expect([network.updates, network.skipped]).toEqual([2, 2]);
    trained(network, 1);
    expect(digest(network)).not.toBe(before);
  });

  test("is left out whole where finite gradients of the shards have no finite sum", () => {
    const model: Model = {
      inputShape: [1],
      layers: [dense(1, { bias: false })],
      loss: mse({ reduction: "sum" }),
      optimizer: sgd(),
    };
    const network = createNetwork(model, { batchSize: 8, shards: 2 });
    network.setParameters([{ name: "0.weight", shape: [1, 1], data: Float32Array.of(0) }]);
    const before = digest(network);
    // Each shard's gradient is 2.4e38 then.
    network.input.fill(0);
    network.input[0] = 1e19;
    network.input[4] = 1e19;
    network.target.fill(1.2e19);
    expect(network.step()).toBe(false);
    expect(digest(network)).toBe(before);
  });

  test("accumulates parts of a batch, and continues bit for bit from a state in between", () => {
    const options = { batchSize: 32, shards: 4 };
    const accumulated = createNetwork(classifier, options);
    const restored = createNetwork(classifier, { ...options, seed: 8 });
    const whole = createNetwork(classifier, { batchSize: 80, shards: 4 });
    fill(whole, 3);
    const part = (network: Network, from: number, rows: number) => {
      network.input.set(whole.input.subarray(from * 784, (from + rows) * 784));
      network.target.set(whole.target.subarray(from, from + rows));
      expect(network.step(rows, 80)).toBe(true);
    };
    part(accumulated, 0, 32);
    part(accumulated, 32, 32);
    restored.restore(accumulated.state());
    for (const network of [accumulated, restored]) part(network, 64, 16);
    whole.step();
    expect(digest(restored)).toBe(digest(accumulated));
    expectClose(accumulated, whole, 1e-6);
  });
});

describe("the plan of a batch in shards", () => {
  test("shows what all share and each shard's own, and takes as many bytes as it says", () => {
    const planned = plan(classifier, { batchSize: 256, shards: 4 });
    const named = (name: string) => planned.buffers.find((buffer) => buffer.name === name)!;
    expect(planned.shards).toEqual({ count: 4, rows: 64, blocks: 13 });
    expect(named("0.weight").shape).toEqual([784, 128]);
    expect(named("input").shape).toEqual([256, 784]);
    for (const shard of [0, 1, 2, 3]) expect(named(`shard ${shard}/0.output`).shape).toEqual([64, 128]);
    for (const shard of [1, 2, 3])
      expect(named(`shard ${shard}/0.weight.gradient`).bytes).toBe(784 * 128 * 4);
    const network = createNetwork(classifier, { batchSize: 256, shards: 4, kernels: "scalar" });
    expect(network.input.buffer.byteLength).toBe(planned.totalBytes);
    expect(Math.max(...planned.buffers.map(({ offset, bytes }) => offset + bytes))).toBeLessThanOrEqual(
      planned.totalBytes,
    );
  });

  test("gives no two buffers of one place that are there at the same time", () => {
    const model = { ...classifier, layers: [dense(20), dropout(0.5), relu(), dense(10)] };
    const { buffers } = plan(model, { batchSize: 37, shards: 3 });
    for (const [index, a] of buffers.entries()) {
      expect(a.offset % 16).toBe(0);
      for (const b of buffers.slice(index + 1)) {
        const meet = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        if (!meet) continue;
        // Only buffers of one shard share space, and only one after the other.
        expect(a.name.split("/")[0]).toBe(b.name.split("/")[0]);
        const [first, second] = [a.lifetime!, b.lifetime!];
        expect(first.last < second.first || second.last < first.first).toBe(true);
      }
    }
  });

  test("leaves a batch whole that is too small to be cut", () => {
    expect(plan(classifier, { batchSize: 4, shards: 4 }).shards).toBeNull();
    expect(plan(classifier, { batchSize: 5, shards: 4 }).shards).toMatchObject({ count: 2, rows: 4 });
    expect(plan(classifier, { batchSize: 256 }).shards).toBeNull();
  });

  const carrying: Layer[] = [gru(4, { carry: true }), dense(2)];
  test.each<[string, Layer[], number[], RegExp]>([
    [
      "batch norm",
      [dense(4), batchNorm(), dense(2)],
      [3],
      /model\.layers\[1\] \(batchNorm\) normalizes by the whole batch/,
    ],
    ["a carried state", carrying, [5, 3], /model\.layers\[0\] \(gru\) carries its state/],
  ])("refuses %s", (_, layers, inputShape, sentence) => {
    expect(() => plan({ ...classifier, inputShape, layers }, { batchSize: 32, shards: 2 })).toThrow(sentence);
  });

  test("takes batch norm that is frozen, or only predicts", () => {
    const layers = [dense(4), batchNorm({ frozen: true }), dense(2)];
    const model = { ...classifier, inputShape: [3], layers };
    const network = trained(createNetwork(model, { batchSize: 32, shards: 2 }), 2);
    expectClose(network, trained(createNetwork(model, { batchSize: 32 }), 2), 1e-5);
    const trainable = { ...model, layers: [dense(4), batchNorm(), dense(2)] };
    expect(plan(trainable, { batchSize: 32, shards: 2, training: false }).shards).not.toBeNull();
  });

  test.each([0, 1.5, 65])("refuses %s shards", (shards) => {
    expect(() => plan(classifier, { batchSize: 256, shards })).toThrow(
      `found ${shards} shards, expected a whole number from 1 to 64; correct shards`,
    );
  });
});
