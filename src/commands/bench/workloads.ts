import {
  adam,
  conv1d,
  dense,
  globalAveragePool,
  type Layer,
  type Loss,
  type Model,
  maxPool1d,
  momentum,
  mse,
  type Optimizer,
  relu,
  sgd,
  sigmoid,
  softmaxCrossEntropy,
  tanh,
} from "../../engine/model/model.ts";
import { createRandom } from "../../engine/model/random.ts";
import { createNetwork, type Network, type NetworkOptions } from "../../engine/running/network.ts";

/** A fixed training step for comparisons with other libraries, machines and versions. */
export interface Workload {
  id: string;
  name: string;
  model: Model;
  batchSize: number;
}

const classifier = [dense(64), relu(), dense(32), relu(), dense(6)];

export const workloads: Workload[] = [
  {
    id: "W1",
    name: "8-16-1 tanh, MSE, SGD, batch 1",
    model: model([8], [dense(16), tanh(), dense(1)], mse(), sgd()),
    batchSize: 1,
  },
  {
    id: "W2",
    name: "64-64-32-6 ReLU, CE, Adam, batch 1",
    model: model([64], classifier, softmaxCrossEntropy(), adam()),
    batchSize: 1,
  },
  {
    id: "W3",
    name: "561-64-32-6 ReLU, CE, Adam, batch 32",
    model: model([561], classifier, softmaxCrossEntropy(), adam()),
    batchSize: 32,
  },
  {
    id: "W4",
    name: "784-128-10 ReLU, CE, momentum, batch 256",
    model: model([784], [dense(128), relu(), dense(10)], softmaxCrossEntropy(), momentum()),
    batchSize: 256,
  },
  {
    id: "W5",
    name: "4-5-1 sigmoid, no biases, MSE, SGD, batch 10",
    model: model(
      [4],
      [dense(5, { bias: false }), sigmoid(), dense(1, { bias: false }), sigmoid()],
      mse(),
      sgd({ learningRate: 0.5 }),
    ),
    batchSize: 10,
  },
  {
    id: "W6",
    name: "conv1d 9x128: 16 k5, pool, 32 k5, CE, Adam, batch 16",
    model: model(
      [9, 128],
      [conv1d(16, 5), relu(), maxPool1d(2), conv1d(32, 5), relu(), globalAveragePool(), dense(6)],
      softmaxCrossEntropy(),
      adam(),
    ),
    batchSize: 16,
  },
];

function model(inputShape: number[], layers: Layer[], loss: Loss, optimizer: Optimizer): Model {
  return { inputShape, layers, loss, optimizer, clip: null };
}

/** Creates a network of the workload with its data, and a function that makes `times` steps. */
export function trainable(
  { model, batchSize }: Workload,
  options: NetworkOptions = {},
): { network: Network; train(times: number): void } {
  const network = createNetwork(model, { batchSize, ...options });
  const random = createRandom(1);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  const { target } = network;
  const classes = network.outputs === 1 ? 2 : network.outputs;
  for (let i = 0; i < target.length; i++) target[i] = random.below(classes);
  return {
    network,
    train(times) {
      for (let step = 0; step < times; step++) {
        // Other targets in each step: a memorized batch has gradients of 0, whose computation takes a different time.
        for (let i = 0; i < target.length; i++) target[i] = target[i] + 1 === classes ? 0 : target[i] + 1;
        network.step();
      }
    },
  };
}

/**
 * Returns the floating-point operations of the matrix products of one step; the first layer needs no input gradient.
 */
export function operationsPerStep({ model, batchSize }: Workload): number {
  let [channels, length = 1] = model.inputShape;
  let operations = 0;
  let products = 2;
  for (const layer of model.layers) {
    if (layer.type === "dense") {
      operations += products * 2 * batchSize * channels * length * layer.outputs;
      [channels, length] = [layer.outputs, 1];
      products = 3;
    } else if (layer.type === "conv1d") {
      const kernel = Number(layer.kernel);
      length -= kernel - 1;
      operations += products * 2 * batchSize * channels * kernel * length * layer.outputs;
      channels = layer.outputs;
      products = 3;
    } else if (layer.type === "maxPool1d") length = Math.floor(length / Number(layer.kernel));
    else if (layer.type === "globalAveragePool") length = 1;
  }
  return operations;
}
