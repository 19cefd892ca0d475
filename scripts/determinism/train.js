/**
 * Trains three networks for 1,000 steps with `deterministic: true` and prints the SHA-256 of their weights as JSON.
 * Plain JavaScript over the built library: it runs on any Node, also one that is emulated.
 */
import { createHash } from "node:crypto";
import {
  adam,
  batchNorm,
  conv1d,
  createNetwork,
  createRandom,
  dense,
  dropout,
  globalAveragePool,
  gru,
  layerNorm,
  maxPool1d,
  momentum,
  mse,
  relu,
  sigmoid,
  softmaxCrossEntropy,
  tanh,
} from "../../dist/index.js";

const steps = 1000;
const classes = 3;

const models = {
  dense: {
    inputShape: [13],
    layers: [dense(17), tanh(), dropout(0.2), dense(9), layerNorm(), sigmoid(), dense(classes)],
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.005 }),
    clip: { type: "norm", maximum: 1 },
  },
  conv1d: {
    inputShape: [3, 21],
    layers: [
      conv1d(5, 3, { padding: 1 }),
      batchNorm(),
      relu(),
      maxPool1d(2),
      conv1d(7, 3, { stride: 2, groups: 1 }),
      relu(),
      globalAveragePool(),
      dense(classes),
    ],
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.005 }),
  },
  gru: {
    inputShape: [7, 3],
    layers: [gru(6, { carry: true }), dense(1)],
    loss: mse(),
    optimizer: momentum({ learningRate: 0.01 }),
    clip: { type: "value", maximum: 0.5 },
  },
};

/** Digits that depend on the samples in a way that can be learned, with noise. */
function fill(network, random) {
  const { input, target, inputs } = network;
  for (let i = 0; i < input.length; i++) input[i] = 2 * random.uniform() - 1;
  for (let row = 0; row < network.batchSize; row++) {
    const sum = input[row * inputs] + input[row * inputs + 1] * input[row * inputs + 2];
    const noisy = sum + 0.2 * random.uniform();
    target[row] = network.outputs === 1 ? noisy : noisy < -0.3 ? 0 : noisy < 0.4 ? 1 : 2;
  }
}

const hashes = {};
let kernels;
for (const [name, model] of Object.entries(models)) {
  const network = createNetwork(model, { batchSize: name === "gru" ? 1 : 5, seed: 7, deterministic: true });
  const random = createRandom(3);
  for (let step = 0; step < steps; step++) {
    fill(network, random);
    if (!network.step()) throw new Error(`step ${step} of ${name} was not finite`);
  }
  if (network.updates !== steps) throw new Error(`${name} made ${network.updates} updates, not ${steps}`);
  const hash = createHash("sha256");
  for (const { data } of [...network.parameters(), ...network.states()]) hash.update(data);
  hashes[name] = hash.digest("hex");
  kernels = network.kernels;
}
console.log(JSON.stringify({ node: process.version, arch: process.arch, kernels, hashes }));
