import { describe, expect, test } from "vitest";
import {
  adam,
  conv1d,
  conv2d,
  dense,
  flatten,
  type Layer,
  type Model,
  relu,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import { Arena, bytesOf, float32, float64 } from "../../../src/engine/running/arena.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";

const model = {
  inputShape: [3],
  layers: [dense(6), tanh(), dense(5), relu(), dense(4)],
  loss: softmaxCrossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
};

describe("an arena", () => {
  test("holds blocks and networks one behind the other, each on a boundary of 16 bytes", () => {
    const blocks = { a: float32(3), b: float64(2, 3) };
    const bytes = bytesOf(blocks);
    expect(bytes).toBe(16 + 48);
    const { totalBytes } = plan(model, { batchSize: 2 });
    const arena = new Arena(2 * totalBytes + bytes, { kernels: "scalar" });
    const options = { batchSize: 2, arena, kernels: "scalar" as const };
    const first = createNetwork(model, options);
    const { a, b } = arena.place(blocks);
    const second = createNetwork(model, { ...options, seed: 2 });
    const alone = createNetwork(model, { batchSize: 2, seed: 2, kernels: "scalar" });
    expect(arena.used).toBe(arena.bytes);
    a.fill(7);
    b.fill(8);
    const { uniform } = createRandom(3);
    for (let step = 0; step < 20; step++) {
      const inputs = Float32Array.from({ length: 6 }, uniform);
      for (const network of [second, alone]) {
        network.input.set(inputs);
        network.target.set([step % 4, (step + 1) % 4]);
        network.step();
      }
      first.input.fill(9);
      first.step();
    }
    expect(second.parameters()).toEqual(alone.parameters());
    expect([...a, ...b]).toEqual([7, 7, 7, 8, 8, 8, 8, 8, 8]);
    expect(() => arena.reserve(16)).toThrow(/found 0 bytes left/);
  });

  test("takes no network with shards", () => {
    const arena = new Arena(1e6);
    expect(() => createNetwork(model, { batchSize: 16, shards: 2, arena })).toThrow(/shards/);
  });
});

/** Slope of the mean loss of four classes by each input, by central differences. */
function slopesOf(network: Network, inputs: Float32Array, targets: readonly number[]): number[] {
  const lossOf = (x: ArrayLike<number>): number => {
    network.input.set(x);
    network.infer();
    return targets.reduce(
      (sum, target, row) => sum - Math.log(network.prediction[row * 4 + target]) / targets.length,
      0,
    );
  };
  return Array.from(inputs, (_, i) => {
    const moved = [0.01, -0.01].map((by) => lossOf(inputs.map((x, j) => (i === j ? x + by : x))));
    return (moved[0] - moved[1]) / 0.02;
  });
}

describe("the gradient by the inputs", () => {
  test.each(["scalar", "simd"] as const)("is the slope of the loss (%s)", (kernels) => {
    const network = createNetwork(model, { batchSize: 3, inputGradient: true, kernels });
    const { uniform } = createRandom(1);
    const inputs = Float32Array.from({ length: 9 }, () => uniform() - 0.5);
    const targets = [0, 3, 1];
    const slopes = slopesOf(network, inputs, targets);
    network.input.set(inputs);
    network.target.set(targets);
    network.step();
    expect(network.inputGradient.length).toBe(9);
    for (const [i, slope] of slopes.entries()) expect(network.inputGradient[i]).toBeCloseTo(slope, 4);
    // It is a buffer of its own: neither the update nor a prediction writes over it.
    const kept = [...network.inputGradient];
    network.infer();
    expect([...network.inputGradient]).toEqual(kept);
  });

  const convolutions: [string, number[], Layer[]][] = [
    ["conv1d", [2, 8], [conv1d(3, 3, { stride: 2, padding: 1 }), tanh(), flatten(), dense(4)]],
    ["conv1d in groups", [2, 8], [conv1d(4, 3, { groups: 2, dilation: 2 }), tanh(), flatten(), dense(4)]],
    ["conv2d", [1, 4, 5], [conv2d(3, 3, { padding: 1 }), tanh(), flatten(), dense(4)]],
  ];
  test.each(convolutions.flatMap((each) => [[...each, "scalar"] as const, [...each, "simd"] as const]))(
    "is the slope of the loss where %s of %j comes first",
    (_, inputShape, layers, kernels) => {
      const each: Model = { ...model, inputShape, layers };
      const network = createNetwork(each, { batchSize: 4, inputGradient: true, kernels, seed: 5 });
      const { uniform } = createRandom(2);
      const inputs = Float32Array.from({ length: network.input.length }, () => uniform() - 0.5);
      const targets = [0, 3, 1, 2];
      const slopes = slopesOf(network, inputs, targets);
      network.input.set(inputs);
      network.target.set(targets);
      network.step();
      for (const [i, slope] of slopes.entries()) expect(network.inputGradient[i]).toBeCloseTo(slope, 4);
    },
  );

  test("goes through layers that are frozen, and changes nothing in what is learned", () => {
    const frozen = { ...model, layers: [dense(6, { frozen: true }), ...model.layers.slice(1)] };
    for (const each of [model, frozen]) {
      const without = createNetwork(each, { batchSize: 1, kernels: "scalar" });
      const network = createNetwork(each, { batchSize: 1, inputGradient: true, kernels: "scalar" });
      for (const one of [without, network]) {
        one.input.set([0.1, -0.4, 0.8]);
        one.target[0] = 2;
        one.step();
      }
      expect(network.parameters()).toEqual(without.parameters());
      expect(without.inputGradient.length).toBe(0);
      expect(network.inputGradient.some((slope) => slope !== 0)).toBe(true);
    }
  });
});
