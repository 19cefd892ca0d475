import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import {
  adagrad,
  adam,
  adamW,
  batchNorm,
  conv1d,
  dense,
  flatten,
  gru,
  type Layer,
  layerNorm,
  type Model,
  momentum,
  mse,
  nesterov,
  type Optimizer,
  radam,
  relu,
  rmsprop,
  sgd,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";

const optimizers: [string, Optimizer][] = [
  ["gradient descent", sgd({ weightDecay: 0.01 })],
  ["momentum", momentum()],
  ["Nesterov's momentum", nesterov()],
  ["Adagrad", adagrad()],
  ["RMSprop", rmsprop()],
  ["centered RMSprop with momentum", rmsprop({ centered: true, momentum: 0.5 })],
  ["Adam", adam({ weightDecay: 0.01 })],
  ["AdamW", adamW()],
  ["RAdam", radam({ beta2: 0.5, weightDecay: 0.01 })],
];

/** Wide enough for its first gradient to be computed in several strips, the last one smaller. */
const wide: Model = {
  inputShape: [301],
  layers: [dense(37), tanh(), dense(5), layerNorm(), dense(3)],
  loss: softmaxCrossEntropy(),
  optimizer: sgd(),
};

function fill(network: Network, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) network.target[i] = random.below(network.outputs);
}

describe("updates in place", () => {
  test.each(optimizers)("by %s give the weights of accumulated ones, bit for bit", (_, optimizer) => {
    for (const clip of [null, { type: "value", maximum: 0.01 } as const]) {
      for (const batchSize of [1, 3]) {
        const networks = [true, false].map((accumulate) =>
          createNetwork({ ...wide, optimizer, clip }, { batchSize, accumulate }),
        );
        expect(networks.map((network) => network.plan.accumulate)).toEqual([true, false]);
        for (const network of networks) {
          for (let step = 0; step < 5; step++) {
            fill(network, step);
            expect(network.step()).toBe(true);
          }
        }
        expect(networks[1].state().optimizerState).toEqual(networks[0].state().optimizerState);
        expect(networks[1].parameters()).toEqual(networks[0].parameters());
      }
    }
  });

  test("plan 561-64-32-6 under Adam at batch 1 in 470 KiB, where accumulated gradients take 601", () => {
    const layers = [dense(64), relu(), dense(32), relu(), dense(6)];
    const model = { inputShape: [561], layers, loss: softmaxCrossEntropy(), optimizer: adam() };
    expect(plan(model, { accumulate: false }).totalBytes).toBeLessThanOrEqual(470 * 1024);
    expect(Math.floor(plan(model).totalBytes / 1024)).toBe(601);
  });

  test("are not planned where accumulating takes less", () => {
    const model = { inputShape: [2], layers: [dense(2), tanh(), dense(1)], loss: mse(), optimizer: sgd() };
    const planned = plan(model, { batchSize: 4096, accumulate: false });
    expect(planned.accumulate).toBe(true);
  });

  test.each<[string, (network: Network) => void]>([
    ["a target that is not a number", (network) => network.target.fill(Number.NaN)],
    ["a sample that is infinite", (network) => network.input.fill(Number.POSITIVE_INFINITY)],
    [
      "a sample whose gradient overflows",
      (network) => {
        network.input.fill(1e20);
        network.target.fill(1e30);
      },
    ],
  ])("change nothing at %s", (_, poison) => {
    const layers: Layer[] = [dense(40), dense(3)];
    const model = { inputShape: [60], layers, loss: mse({ reduction: "sum" }), optimizer: adam() };
    const network = createNetwork(model, { accumulate: false });
    expect(network.plan.accumulate).toBe(false);
    fill(network, 1);
    network.step();
    const before = JSON.stringify([network.parameters(), network.state().optimizerState]);
    poison(network);
    expect(network.step()).toBe(false);
    expect(network.skipped).toBeGreaterThan(0);
    expect(JSON.stringify([network.parameters(), network.state().optimizerState])).toBe(before);
  });

  test("refuse to accumulate, to clip by the norm and to show gradients, in a sentence", () => {
    const network = createNetwork(wide, { batchSize: 2, accumulate: false });
    fill(network, 1);
    expect(() => network.step(1, 2)).toThrow("updates are made in place; plan with accumulate: true");
    expect(() => network.gradients()).toThrow("found no gradients to return: updates are made in place");
    expect(() => plan({ ...wide, clip: { type: "norm", maximum: 1 } }, { accumulate: false })).toThrow(
      "clipping by norm needs the whole gradient; remove `accumulate: false` or clip by value",
    );
  });
});

describe("freezing", () => {
  const layers = (frozen?: true): Layer[] => [
    conv1d(4, 3, { frozen }),
    batchNorm({ frozen }),
    tanh(),
    flatten(),
    dense(5, { frozen }),
    relu(),
    dense(3),
  ];
  const model = (stack: Layer[]): Model => ({
    inputShape: [2, 9],
    layers: stack,
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
  });

  test("leaves frozen weights and statistics as they are and trains the rest", () => {
    const network = createNetwork(model(layers(true)), { batchSize: 4 });
    const before = [...network.parameters(), ...network.states()];
    for (let step = 0; step < 10; step++) {
      fill(network, step);
      network.step();
    }
    const after = [...network.parameters(), ...network.states()];
    const changed = before
      .filter(({ data }, index) => `${data}` !== `${after[index].data}`)
      .map(({ name }) => name);
    expect(changed).toEqual(["6.weight", "6.bias"]);
  });

  test("costs no gradient, no optimizer state and no kept activation before the first trained layer", () => {
    const frozen = plan(model(layers(true)), { batchSize: 4 });
    const names = frozen.buffers.map(({ name }) => name);
    expect(names.filter((name) => /^[0-5]\.(weight|bias)\./.test(name))).toEqual([]);
    expect(names.filter((name) => /inputGradient/.test(name))).toEqual([]);
    const whole = plan(model(layers()), { batchSize: 4 });
    expect(frozen.totalBytes).toBeLessThan(whole.totalBytes / 2);
  });

  test("of weights alone trains the biases alone", () => {
    const only: Layer[] = [dense(5, { frozen: ["weight"] }), tanh(), dense(3, { frozen: ["weight"] })];
    const network = createNetwork({ ...model(only), inputShape: [4] });
    const before = network.parameters();
    fill(network, 1);
    network.step();
    const changed = network
      .parameters()
      .filter(({ data }, index) => `${data}` !== `${before[index].data}`)
      .map(({ name }) => name);
    expect(changed).toEqual(["0.bias", "2.bias"]);
    expect(network.gradients().map(({ name }) => name)).toEqual(["0.bias.gradient", "2.bias.gradient"]);
  });

  test("refuses a model in which nothing is left to train, and a parameter that is none", () => {
    const all = model([flatten(), dense(3, { frozen: true })]);
    expect(() => plan(all)).toThrow("model.layers are all frozen");
    expect(() => plan(all, { training: false })).not.toThrow();
    expect(() => plan(model([gru(3, { frozen: ["weight"] })]))).toThrow(
      'model.layers[0] (gru) has "weight" in frozen, expected weight_ih or weight_hh',
    );
  });
});

test("a batch accumulated from parts in a small arena gives the updates of the whole batch", () => {
  const model: Model = {
    ...wide,
    optimizer: momentum({ learningRate: 0.05 }),
    clip: { type: "norm", maximum: 1 },
  };
  const whole = createNetwork(model, { batchSize: 256 });
  const small = createNetwork(model, { batchSize: 8 });
  for (let update = 0; update < 4; update++) {
    fill(whole, update);
    whole.step();
    for (let part = 0; part < 256; part += 8) {
      small.input.set(whole.input.subarray(part * 301, (part + 8) * 301));
      small.target.set(whole.target.subarray(part, part + 8));
      small.step(8, 256);
    }
  }
  expect(small.updates).toBe(4);
  expect(small.plan.totalBytes).toBeLessThan(whole.plan.totalBytes / 3);
  for (const [index, { data }] of whole.parameters().entries()) {
    const found = small.parameters()[index].data;
    for (const [i, weight] of data.entries()) expect(Math.abs(found[i] - weight)).toBeLessThan(1e-5);
  }
});

describe.each(optimizers.filter(([name]) => /omentum|RMSprop|Adam/.test(name)))(
  "what %s keeps of a weight whose gradient has stayed zero",
  (_, optimizer) => {
    test.each([
      ["accumulated", true],
      ["in place", false],
    ])("becomes zero and never stays a subnormal number, %s", (_way, accumulate) => {
      const model: Model = { inputShape: [160], layers: [dense(8)], loss: mse(), optimizer };
      const undecayed = { ...model, optimizer: { ...optimizer, weightDecay: 0 } as Optimizer };
      for (const kernels of availableVariants()) {
        const network = createNetwork(undecayed, { accumulate, kernels });
        expect(network.plan.accumulate).toBe(accumulate);
        fill(network, 1);
        // Small enough for the moving average of squares to fade within the test.
        network.input.fill(1e-17);
        network.step();
        network.input.fill(0);
        for (let step = 1; step < 20 * 256; step++) network.step();
        for (const { name, data } of network.state().optimizerState) {
          if (!name.startsWith("0.weight")) continue;
          expect(Math.max(...data.map(Math.abs)), `${name}, ${kernels}`).toBe(0);
        }
      }
    });
  },
);
