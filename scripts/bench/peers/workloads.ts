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
} from "../../../src/engine/model.ts";
import { createNetwork, type Tensor } from "../../../src/engine/network.ts";
import { createRandom } from "../../../src/engine/random.ts";

/** What all subjects train, as each can be told it. */
export interface Workload {
  id: string;
  name: string;
  model: Model;
  batchSize: number;
}

/** The batch that is trained on again and again, and the weights from which all start. */
export interface WorkloadData {
  /** [batchSize, ...inputShape] */
  input: Float32Array;
  /** [batchSize]: class indices, or numbers for mean squared error. */
  target: Float32Array;
  /** In PyTorch's layout. */
  parameters: Tensor[];
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
    name: "conv1d 9x128: 16 k5, pool, 32 k5, CE, Adam, 16",
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
  return { inputShape, layers, loss, optimizer };
}

/** The same numbers in every process. */
export function dataOf({ model, batchSize }: Workload): WorkloadData {
  const network = createNetwork(model, { batchSize, kernels: "scalar" });
  const random = createRandom(1);
  const input = network.input.map(() => 2 * random.uniform() - 1);
  const classes = network.outputs === 1 ? 2 : network.outputs;
  const target = network.target.map(() => random.below(classes));
  return { input, target, parameters: network.parameters() };
}

/**
 * With a learning rate below the resolution of the weights, so that they stay where they are however long is measured.
 * At full rate the network learns its one batch by heart; moments then decay into numbers too small to be normal, with
 * which the processor is several times slower, and the subjects would be timed on those.
 */
export function standingStill(workload: Workload): Workload {
  const optimizer = { ...workload.model.optimizer, learningRate: 1e-12 };
  return { ...workload, model: { ...workload.model, optimizer } };
}
