import { describe, expect, test } from "vitest";
import {
  averagePool1d,
  averagePool2d,
  batchNorm,
  binaryCrossEntropy,
  conv1d,
  conv2d,
  dense,
  dropout,
  elu,
  flatten,
  globalAveragePool,
  globalMaxPool,
  gru,
  huber,
  identity,
  type Layer,
  type Loss,
  layerNorm,
  leakyRelu,
  logCosh,
  logSoftmax,
  type Model,
  mae,
  maxPool1d,
  maxPool2d,
  mse,
  negativeLogLikelihood,
  relu,
  residual,
  sgd,
  sigmoid,
  smoothL1,
  softmax,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";

const rows = 5;

function trained(inputShape: number[], layers: Layer[], loss: Loss): Network {
  const optimizer = sgd({ learningRate: 0.5 });
  // Wide enough that no difference of the weights changes which value of a pool is the largest.
  const model: Model = { inputShape, layers, loss, optimizer, initialWeights: "scaled" };
  return createNetwork(model, { batchSize: rows, seed: 3 });
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
  // A layer that lost its signal would pass below: the gradient of nothing is nothing.
  const [first] = gradients;
  expect(Math.max(...first.data.map(Math.abs)), `gradient of ${first.name}`).toBeGreaterThan(1e-4);
  const h = 2e-3;
  for (const { name, data } of weights) {
    const gradient = gradients.find((candidate) => candidate.name === `${name}.gradient`);
    if (!gradient) continue;
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
      const found: number = gradient.data[i];
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
    ["elu", elu(0.7)],
    ["leaky relu", leakyRelu(0.2)],
    ["softmax", softmax()],
    ["log-softmax", logSoftmax()],
  ])("through a %s layer, inside and at the end", (_, layer) => {
    const network = trained([3], [dense(7), layer, dense(5, { bias: false }), layer], mse());
    fill(network, number);
    checkGradients(network);
  });

  // A dense layer in front: its weights' gradients are right only if the layer's input gradient is.
  test.each<[string, number[], Layer[]]>([
    ["a convolution", [2, 7], [conv1d(3, 3), tanh()]],
    ["a strided, padded convolution", [3, 7], [conv1d(2, 5, { stride: 2, padding: 3, bias: false }), tanh()]],
    ["a dilated convolution", [1, 7], [conv1d(3, 3, { dilation: 2, padding: 1 }), tanh()]],
    ["a depthwise convolution", [3, 7], [conv1d(6, 3, { groups: 3 }), tanh()]],
    ["a convolution of images", [2, 5, 7], [conv2d(3, [3, 2], { stride: [2, 1], padding: [1, 0] }), tanh()]],
    ["a depthwise convolution of images", [3, 5, 4], [conv2d(3, 3, { groups: 3, padding: 1 }), tanh()]],
    [
      "a grouped, dilated convolution of images",
      [4, 5, 7],
      [conv2d(2, 2, { groups: 2, dilation: 2 }), tanh()],
    ],
    ["two convolutions", [2, 9], [conv1d(3, 3), tanh(), conv1d(2, 3), tanh()]],
    ["max pooling", [3, 7], [maxPool1d(3, { stride: 2 })]],
    ["max pooling of images", [2, 5, 7], [maxPool2d([2, 3], { stride: [1, 2] })]],
    ["average pooling", [3, 7], [averagePool1d(2)]],
    ["average pooling of images", [2, 5, 7], [averagePool2d(3, { stride: 2 })]],
    ["global average pooling", [3, 7], [globalAveragePool()]],
    ["global max pooling", [3, 7], [globalMaxPool()]],
    ["global average pooling of images", [3, 5, 7], [globalAveragePool()]],
    ["batch norm", [7], [batchNorm(), tanh()]],
    ["batch norm of channels", [3, 7], [batchNorm(), tanh()]],
    ["batch norm of images", [3, 3, 5], [batchNorm(), tanh()]],
    ["frozen batch norm", [3, 7], [batchNorm({ frozen: true }), tanh()]],
    ["layer norm", [7], [layerNorm(), tanh()]],
    ["layer norm of several axes", [3, 5], [layerNorm(), tanh()]],
    ["a recurrent unit's last state", [5, 3], [gru(7)]],
    ["all states of a recurrent unit", [5, 3], [gru(5, { returns: "sequence" })]],
    ["recurrent units one behind the other", [5, 3], [gru(5, { returns: "sequence" }), gru(3)]],
    ["a residual block", [7], [residual([dense(7), tanh()])]],
    ["a residual block of convolutions", [3, 7], [residual([conv1d(3, 3, { padding: 1 }), tanh()])]],
    ["residual blocks within each other", [5], [tanh(), residual([dense(5), residual([tanh()]), sigmoid()])]],
    ["a residual block that begins with an activation", [5], [residual([tanh(), dense(5)])]],
  ])("through %s", (_, [...inputShape], layers) => {
    const width = inputShape[inputShape.length - 1];
    const network = trained(inputShape, [dense(width), ...layers, flatten(), dense(2)], mse());
    fill(network, number);
    checkGradients(network);
  });

  test("through dropout, for the masks of one step", () => {
    const model = {
      inputShape: [5],
      layers: [dense(7), dropout(0.4), tanh(), dense(2)],
      loss: mse(),
      optimizer: sgd(),
    };
    const network = createNetwork(model, { batchSize: rows, givenMasks: true });
    const random = createRandom(2);
    for (let i = 0; i < rows * 7; i++) network.mask("1")[i] = random.below(3) === 0 ? 0 : 1;
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
    ["log-cosh", logCosh(), [], number],
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
    ["weighted classes", softmaxCrossEntropy({ classWeights: [0.5, 1, 3] }), [], oneOfThree],
    ["weighted yes and no", binaryCrossEntropy({ classWeights: [1, 4] }), [], yesOrNo],
    ["weighted samples", huber({ sampleWeights: true }), [], number],
    [
      "weighted samples of weighted classes",
      negativeLogLikelihood({ classWeights: [0.5, 1, 3], sampleWeights: true, reduction: "sum" }),
      [logSoftmax()],
      oneOfThree,
    ],
  ])("of %s", (_, loss, last, target) => {
    const network = trained([3], [dense(5), tanh(), dense(3), ...last], loss);
    fill(network, target);
    for (let row = 0; row < network.sampleWeight.length; row++) network.sampleWeight[row] = row / 2;
    checkGradients(network);
  });
});
