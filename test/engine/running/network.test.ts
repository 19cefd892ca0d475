import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import {
  adam,
  adamW,
  batchNorm,
  binaryCrossEntropy,
  dense,
  type InitialWeights,
  type Model,
  momentum,
  mse,
  type Optimizer,
  relu,
  rmsprop,
  sgd,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";
import type { State } from "../../../src/state.ts";

function classifier(options: Partial<Model> = {}): Model {
  const layers = [dense(7), tanh(), dense(3)];
  return { inputShape: [5], layers, loss: softmaxCrossEntropy(), optimizer: adam(), clip: null, ...options };
}

/** Fills input and target with the given batch of a fixed stream. */
function fill(network: Network, batch: number): void {
  const random = createRandom(batch + 1);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) network.target[i] = random.below(3);
}

function train(network: Network, batches: number, from = 0): Network {
  for (let batch = from; batch < from + batches; batch++) {
    fill(network, batch);
    network.step();
  }
  return network;
}

const weights = (network: Network) => network.parameters().map(({ data }) => [...data]);

describe("a network", () => {
  test("trained twice from the same seed has the same weights bit for bit", () => {
    const [a, b] = [0, 1].map(() => train(createNetwork(classifier(), { batchSize: 4, seed: 9 }), 50));
    expect(weights(a)).toEqual(weights(b));
  });

  test("starts elsewhere from another seed", () => {
    expect(weights(createNetwork(classifier(), { seed: 1 }))).not.toEqual(
      weights(createNetwork(classifier(), { seed: 2 })),
    );
  });

  /** Largest sizes of the weights and biases of two dense layers of 200 and 100 units behind 5 inputs. */
  const largestOfStart = (initialWeights?: InitialWeights) =>
    createNetwork(classifier({ layers: [dense(200), relu(), dense(100)], initialWeights }))
      .parameters()
      .map(({ data }) => data.reduce((max, x) => Math.max(max, Math.abs(x)), 0));

  test.each<[string, InitialWeights | undefined, number[]]>([
    [
      "uniform within 1 / sqrt(fanIn), biases too",
      undefined,
      [1 / 5, 1 / 5, 1 / 200, 1 / 200].map(Math.sqrt),
    ],
    ["with He's bounds before a ReLU, Glorot's elsewhere", "scaled", [6 / 5, 0, 6 / 300, 0].map(Math.sqrt)],
    ["with He's bounds", "he", [6 / 5, 0, 3 / 200, 0].map(Math.sqrt)],
    ["with Glorot's bounds", "glorot", [6 / 205, 0, 6 / 300, 0].map(Math.sqrt)],
    ["with zeros", "zeros", [0, 0, 0, 0]],
  ])("starts %s", (_, scheme, bounds) => {
    const largest = largestOfStart(scheme);
    for (const [index, bound] of bounds.entries()) {
      expect(largest[index]).toBeLessThanOrEqual(bound);
      expect(largest[index]).toBeGreaterThanOrEqual(0.95 * bound);
    }
  });

  test("gives probabilities as prediction and logits as output", () => {
    const network = createNetwork(classifier(), { batchSize: 2 });
    fill(network, 0);
    network.infer();
    const sums = [0, 1].map((row) => network.prediction.slice(row * 3, row * 3 + 3).reduce((a, b) => a + b));
    for (const sum of sums) expect(sum).toBeCloseTo(1, 6);
    const logits = network.output.slice(0, 3);
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    expect(network.prediction[0]).toBeCloseTo(Math.exp(logits[0]) / total, 6);
  });

  test("gives the probability of yes for binary cross-entropy on logits", () => {
    const network = createNetwork(classifier({ layers: [dense(1)], loss: binaryCrossEntropy() }));
    fill(network, 0);
    network.infer();
    expect(network.prediction[0]).toBeCloseTo(1 / (1 + Math.exp(-network.output[0])), 6);
  });

  test("predicts the same for a row alone and within a batch", () => {
    const network = train(createNetwork(classifier(), { batchSize: 4 }), 10);
    fill(network, 99);
    const x = network.input.slice();
    const together = network.predict(x).slice();
    for (let row = 0; row < 4; row++) {
      const alone = network.predict(x.slice(row * 5, row * 5 + 5));
      expect([...alone]).toEqual([...together.slice(row * 3, row * 3 + 3)]);
    }
  });

  test("learns a rule that no line can draw", () => {
    const network = createNetwork(
      {
        inputShape: [2],
        layers: [dense(8), tanh(), dense(2)],
        loss: softmaxCrossEntropy(),
        optimizer: adam({ learningRate: 0.05 }),
        clip: null,
      },
      { batchSize: 4 },
    );
    network.input.set([0, 0, 0, 1, 1, 0, 1, 1]);
    network.target.set([0, 1, 1, 0]);
    for (let step = 0; step < 300; step++) network.step();
    expect(network.loss).toBeLessThan(0.02);
  });

  test("has no gradient of a class so improbable that its square would be a subnormal number", () => {
    for (const kernels of availableVariants()) {
      const network = createNetwork(classifier({ layers: [dense(4)] }), { accumulate: true, kernels });
      const [weight, bias] = network.parameters();
      const certain = [
        { ...weight, data: new Float32Array(20) },
        { ...bias, data: Float32Array.of(0, -30, -40, -100) },
      ];
      network.input.fill(0.5);
      const slopesOf = (label: number) => {
        network.setParameters(certain);
        network.target[0] = label;
        network.step();
        return [...network.gradients()[1].data];
      };
      const usual = slopesOf(0);
      expect(usual[1]).toBeCloseTo(Math.exp(-30), 18);
      expect(usual.slice(2), kernels).toEqual([0, 0]);
      // The truth is never left out, however improbable it was.
      expect(slopesOf(3).slice(2), kernels).toEqual([0, -1]);
    }
  });

  test("clips the gradient to its bound before the update", () => {
    const step = (clip: Model["clip"]) => {
      const network = createNetwork(classifier({ optimizer: sgd({ learningRate: 1 }), clip }), {
        batchSize: 4,
      });
      const before = network.parameters();
      train(network, 1);
      const moved = network
        .parameters()
        .flatMap(({ data }, i) => [...data].map((x, j) => x - before[i].data[j]));
      return { norm: Math.hypot(...moved), largest: Math.max(...moved.map(Math.abs)) };
    };
    expect(step(null).norm).toBeGreaterThan(0.1);
    expect(step({ type: "norm", maximum: 0.1 }).norm).toBeCloseTo(0.1, 4);
    expect(step({ type: "value", maximum: 0.01 }).largest).toBeCloseTo(0.01, 5);
  });

  test("refuses rows outside its plan and numbers that make no rows", () => {
    const network = createNetwork(classifier(), { batchSize: 4 });
    expect(() => network.step(5)).toThrow("found 5 rows, expected 1 to 4");
    expect(() => network.infer(0)).toThrow("found 0 rows, expected 1 to 4");
    expect(() => network.predict([1, 2, 3])).toThrow(
      "found 3 numbers to predict from, expected 1 to 4 samples of 5",
    );
  });
});

describe("an update accumulated in parts", () => {
  const optimizers: [string, Optimizer][] = [
    ["sgd", sgd()],
    ["adam", adam()],
  ];
  test.each(optimizers)("is the update of the whole batch, with %s", (_, optimizer) => {
    const whole = createNetwork(classifier({ optimizer }), { batchSize: 8 });
    const parts = createNetwork(classifier({ optimizer }), { batchSize: 3 });
    for (let batch = 0; batch < 5; batch++) {
      fill(whole, batch);
      whole.step();
      for (const [from, rows] of [
        [0, 3],
        [3, 3],
        [6, 2],
      ]) {
        parts.input.set(whole.input.subarray(from * 5, (from + rows) * 5));
        parts.target.set(whole.target.subarray(from, from + rows));
        parts.step(rows, 8);
      }
    }
    expect(parts.updates).toBe(5);
    for (const [i, row] of weights(parts).entries()) {
      for (const [j, x] of row.entries()) expect(x).toBeCloseTo(weights(whole)[i][j], 6);
    }
  });

  test("changes no weight before it is complete", () => {
    const network = createNetwork(classifier(), { batchSize: 4 });
    const before = weights(network);
    fill(network, 0);
    network.step(4, 8);
    expect(weights(network)).toEqual(before);
    network.step(4, 8);
    expect(weights(network)).not.toEqual(before);
  });

  test("must be finished before one of another size", () => {
    const network = createNetwork(classifier(), { batchSize: 4 });
    fill(network, 0);
    network.step(4, 8);
    expect(() => network.step(4, 12)).toThrow("gradient accumulation over 8 samples is unfinished");
    expect(() => network.step(4, 6)).toThrow("is unfinished");
  });
});

describe.each(availableVariants())("a poisoned value, on %s kernels,", (kernels) => {
  const poisons: [string, (network: Network) => void][] = [
    ["NaN in a sample", (network) => network.input.fill(Number.NaN, 2, 3)],
    ["infinity in a sample", (network) => network.input.fill(Number.POSITIVE_INFINITY, 2, 3)],
    ["NaN in a target", (network) => network.target.fill(Number.NaN, 1, 2)],
    ["class that does not exist", (network) => network.target.fill(3, 1, 2)],
  ];
  test.each(poisons)("%s, changes nothing and is counted", (_, poison) => {
    const network = train(createNetwork(classifier(), { batchSize: 4, kernels }), 10);
    const before = JSON.stringify(network.state());
    fill(network, 50);
    poison(network);
    expect(network.step()).toBe(false);
    expect(network.skipped).toBe(1);
    network.skipped = 0;
    expect(JSON.stringify(network.state())).toBe(before);
    fill(network, 51);
    expect(network.step()).toBe(true);
  });

  test.each(poisons)("%s, leaves out the whole update that it is a part of, and no other", (_, poison) => {
    const network = createNetwork(classifier(), { batchSize: 4, kernels });
    const before = weights(network);
    fill(network, 0);
    network.step(4, 12);
    poison(network);
    expect(network.step(4, 12)).toBe(false);
    fill(network, 1);
    expect(network.step(4, 12)).toBe(false);
    expect([network.updates, network.skipped]).toEqual([0, 1]);
    expect(weights(network)).toEqual(before);
    const other = createNetwork(classifier(), { batchSize: 4, kernels });
    for (const each of [network, other]) {
      for (const batch of [2, 3, 4]) {
        fill(each, batch);
        expect(each.step(4, 12)).toBe(true);
      }
    }
    expect(weights(network)).toEqual(weights(other));
  });
});

describe.each(availableVariants())("what overflows, on %s kernels,", (kernels) => {
  const layers = [dense(7), batchNorm(), tanh(), dense(3)];

  test("stays out of the running statistics of a batch normalization", () => {
    const network = train(createNetwork(classifier({ layers }), { batchSize: 4, kernels }), 10);
    const states = network.states();
    // Squares of activations of 1e30 are infinite in float32; what is normalized by them is not.
    const weight = network.parameters()[0].data.fill(1e30, 0, 5);
    network.setParameters([{ ...network.parameters()[0], data: weight }, ...network.parameters().slice(1)]);
    fill(network, 50);
    expect(network.step()).toBe(true);
    const [means, variances] = network.states().map(({ data }) => data);
    expect([means[0], variances[0]]).toEqual([states[0].data[0], states[1].data[0]]);
    expect(means[1]).not.toBe(states[0].data[1]);
    expect(network.states().every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  const overflowing: [string, Optimizer][] = [
    ["adam", adam({ learningRate: 1 })],
    ["momentum", momentum({ learningRate: 10 })],
    ["centered rmsprop with momentum", rmsprop({ learningRate: 10, centered: true, momentum: 0.9 })],
  ];
  test.each(overflowing)("by moments of %s, is told, and only a recovery mends it", (_, optimizer) => {
    const created = () =>
      createNetwork(classifier({ optimizer }), { batchSize: 4, kernels, snapshot: true, seed: 3 });
    const healthy = train(created(), 20).state();
    // Those of the first layer: behind the tanh all losses and gradients stay finite, and tell nothing.
    const optimizerState = healthy.optimizerState.map((tensor) =>
      /^0\.weight\.(firstMoment|velocity|momentum)/.test(tensor.name)
        ? { ...tensor, data: tensor.data.slice().fill(3e38) }
        : tensor,
    );
    const network = created();
    network.restore({ ...healthy, optimizerState });
    const told = () => network.snapshot?.hasOverflowed();
    expect(told()).toBe(false);
    train(network, 1, 20);
    expect(told()).toBe(true);
    const before = weights(network);
    const state = network.state();
    expect(weights(network)).toEqual(before);
    expect(() => created().restore(state)).toThrow(/expected a finite number/);
    train(network, 300, 21);
    expect(told()).toBe(true);
    network.recover();
    expect(told()).toBe(false);
    const recovered = network.state();
    expect(recovered.parameters.map(({ data }) => data)).toEqual(recovered.snapshot?.map(({ data }) => data));
    expect(() => created().restore(recovered)).not.toThrow();
  });
});

describe("the state", () => {
  const optimizers: [string, Optimizer][] = [
    ["momentum", momentum()],
    ["centered rmsprop", rmsprop({ centered: true, momentum: 0.9 })],
    ["adamW", adamW()],
  ];
  test.each(optimizers)("continues bit for bit, with %s", (_, optimizer) => {
    const straight = train(createNetwork(classifier({ optimizer }), { batchSize: 4 }), 40);
    const half = train(createNetwork(classifier({ optimizer }), { batchSize: 4 }), 20);
    const resumed = createNetwork(classifier({ optimizer }), { batchSize: 4, seed: 77 });
    resumed.restore(half.state());
    train(resumed, 20, 20);
    expect(resumed.state()).toEqual(straight.state());
  });

  test("continues bit for bit from within an update", () => {
    const straight = createNetwork(classifier(), { batchSize: 4 });
    const resumed = createNetwork(classifier(), { batchSize: 4, seed: 77 });
    fill(straight, 0);
    straight.step(4, 8);
    resumed.restore(structuredClone(straight.state()));
    for (const network of [straight, resumed]) {
      fill(network, 1);
      network.step(4, 8);
    }
    expect(resumed.state()).toEqual(straight.state());
  });

  test("continues an update that is lost already, and the count of those skipped", () => {
    const straight = createNetwork(classifier(), { batchSize: 4 });
    for (const batch of [0, 1]) {
      fill(straight, batch);
      straight.target.fill(3);
      straight.step(4, batch === 0 ? 4 : 8);
    }
    const resumed = createNetwork(classifier(), { batchSize: 4, seed: 77 });
    resumed.restore(structuredClone(straight.state()));
    for (const network of [straight, resumed]) {
      fill(network, 2);
      expect(network.step(4, 8)).toBe(false);
      expect([network.updates, network.skipped]).toEqual([0, 2]);
    }
  });

  test("of another shape is refused before anything changes", () => {
    const network = createNetwork(classifier());
    const before = weights(network);
    const other = createNetwork(classifier({ layers: [dense(8), tanh(), dense(3)] })).state();
    expect(() => network.restore(other)).toThrow('"0.weight" has shape [8,5], expected [7,5]');
    const missing = { ...network.state(), optimizerState: [] } as State;
    expect(() => network.restore(missing)).toThrow('has no "0.weight.firstMoment"');
    expect(weights(network)).toEqual(before);
  });

  test("hands out weights in PyTorch's layout", () => {
    const network = createNetwork({
      inputShape: [2],
      layers: [dense(3, { bias: false })],
      loss: mse(),
      optimizer: sgd(),
      clip: null,
    });
    network.setParameters([{ name: "0.weight", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]);
    expect([...network.predict([10, 1])]).toEqual([12, 34, 56]);
    expect([...network.parameters()[0].data]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
