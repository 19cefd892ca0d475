import { describe, expect, test } from "vitest";
import {
  binaryCrossEntropy,
  dense,
  huber,
  identity,
  type Layer,
  type Loss,
  leakyRelu,
  logSoftmax,
  mae,
  mse,
  negativeLogLikelihood,
  relu,
  sgd,
  sigmoid,
  smoothL1,
  softmax,
  softmaxCrossEntropy,
  tanh,
} from "../../src/engine/model.ts";
import { createNetwork, type Network } from "../../src/engine/network.ts";
import { createRandom } from "../../src/engine/random.ts";

const rows = 5;

function trained(inputShape: number[], layers: Layer[], loss: Loss): Network {
  const optimizer = sgd({ learningRate: 0.5 });
  return createNetwork({ inputShape, layers, loss, optimizer, clip: null }, { batchSize: rows, seed: 3 });
}

function fill(network: Network, target: (random: () => number) => number): void {
  const random = createRandom(11);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) network.target[i] = target(random.uniform);
}

/** The loss at the network's weights, leaving them as they are. */
function lossAt(network: Network): number {
  const before = network.parameters();
  network.step();
  network.setParameters(before);
  return network.loss;
}

/** Compares every weight's gradient with (loss(w + h) - loss(w - h)) / 2h. */
function checkGradients(network: Network): void {
  const weights = network.parameters();
  network.step();
  network.setParameters(weights);
  const gradients = network.gradients();
  const h = 2e-3;
  for (const [index, { name, data }] of weights.entries()) {
    for (let i = 0; i < data.length; i++) {
      const kept = data[i];
      data[i] = kept + h;
      const width = data[i];
      network.setParameters(weights);
      const above = lossAt(network);
      data[i] = kept - h;
      const span = width - data[i];
      network.setParameters(weights);
      const slope = (above - lossAt(network)) / span;
      data[i] = kept;
      network.setParameters(weights);
      const found = gradients[index].data[i];
      if (!(Math.abs(found - slope) <= 4e-3 * (0.1 + Math.abs(slope)))) {
        expect.fail(`gradient of ${name}[${i}] is ${found}, finite differences give ${slope}`);
      }
    }
  }
}

const number = (random: () => number) => 2 * random() - 1;
const yesOrNo = (random: () => number) => (random() < 0.5 ? 0 : 1);
const oneOfThree = (random: () => number) => Math.floor(random() * 3);

describe("the gradient equals finite differences", () => {
  test.each<[string, Layer]>([
    ["identity", identity()],
    ["sigmoid", sigmoid()],
    ["tanh", tanh()],
    ["relu", relu()],
    ["leaky relu", leakyRelu(0.2)],
    ["softmax", softmax()],
    ["log-softmax", logSoftmax()],
  ])("through a %s layer, inside and at the end", (_, layer) => {
    const network = trained([3], [dense(7), layer, dense(5, { bias: false }), layer], mse());
    fill(network, number);
    checkGradients(network);
  });

  test("through six layers", () => {
    const layers = [
      dense(5),
      tanh(),
      dense(7),
      sigmoid(),
      dense(3),
      tanh(),
      dense(5),
      relu(),
      dense(4),
      tanh(),
      dense(2),
    ];
    const network = trained([3], layers, mse());
    fill(network, number);
    checkGradients(network);
  });

  test("through a dense layer on the last of several axes", () => {
    const network = trained([3, 5], [dense(4), tanh(), dense(2)], mse());
    fill(network, number);
    expect(network.outputs).toBe(6);
    checkGradients(network);
  });

  test("through activations that stand one behind the other", () => {
    const network = trained([3], [dense(5), tanh(), identity(), sigmoid(), relu(), dense(2)], mse());
    fill(network, number);
    checkGradients(network);
  });

  test.each<[string, Loss, Layer[], (random: () => number) => number]>([
    ["mean squared error", mse(), [], number],
    ["summed squared error", mse({ reduction: "sum" }), [], number],
    ["mean absolute error", mae(), [], number],
    ["huber", huber({ delta: 0.5 }), [], number],
    ["smooth L1", smoothL1({ beta: 0.4 }), [], number],
    ["binary cross-entropy on logits", binaryCrossEntropy(), [], yesOrNo],
    [
      "binary cross-entropy on probabilities",
      binaryCrossEntropy({ on: "probabilities" }),
      [sigmoid()],
      yesOrNo,
    ],
    ["softmax cross-entropy", softmaxCrossEntropy(), [], oneOfThree],
    ["summed softmax cross-entropy", softmaxCrossEntropy({ reduction: "sum" }), [], oneOfThree],
    ["negative log-likelihood", negativeLogLikelihood(), [logSoftmax()], oneOfThree],
  ])("of %s", (_, loss, last, target) => {
    const network = trained([3], [dense(5), tanh(), dense(3), ...last], loss);
    fill(network, target);
    checkGradients(network);
  });
});
