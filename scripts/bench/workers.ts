/**
 * What a second thread gains: training steps in shards on one thread and on two, side by side with the uncut batch,
 * and the break-even: the smallest step, in multiply-adds, that two threads make faster than one does uncut.
 */
import {
  adam,
  dense,
  type Layer,
  type Model,
  momentum,
  relu,
  softmaxCrossEntropy,
} from "../../src/engine/model.ts";
import { createNetwork, type Network } from "../../src/engine/network.ts";
import { createRandom } from "../../src/engine/random.ts";
import { threads } from "../../src/threads.ts";
import { type Spread, spreadOf } from "./timing.ts";

interface Workload {
  name: string;
  model: Model;
  batchSize: number;
}

const classifier = [dense(64), relu(), dense(32), relu(), dense(6)];

const workloads: Workload[] = [
  workload("W2 64-64-32-6, Adam, batch 32", 64, classifier, 32),
  workload("W3 561-64-32-6, Adam, batch 32", 561, classifier, 32),
  workload("W3 561-64-32-6, Adam, batch 128", 561, classifier, 128),
  workload("W4 784-128-10, momentum, batch 256", 784, [dense(128), relu(), dense(10)], 256, momentum()),
  workload(
    "784-512-256-10, momentum, batch 256",
    784,
    [dense(512), relu(), dense(256), relu(), dense(10)],
    256,
    momentum(),
  ),
];

/** Steps of growing size: a hidden layer as wide as its input, batch 32. */
const ladder: Workload[] = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384].map((width) =>
  workload(
    `${width}-${width}-4, momentum, batch 32`,
    width,
    [dense(width), relu(), dense(4)],
    32,
    momentum(),
  ),
);

function workload(
  name: string,
  inputs: number,
  layers: Layer[],
  batchSize: number,
  optimizer = adam(),
): Workload {
  return { name, model: { inputShape: [inputs], layers, loss: softmaxCrossEntropy(), optimizer }, batchSize };
}

/** Multiply-adds of the matrix products of one step; the first layer needs no input gradient. */
function multiplyAdds({ model, batchSize }: Workload): number {
  let inputs = model.inputShape[0];
  let total = 0;
  let products = 2;
  for (const layer of model.layers) {
    if (layer.type !== "dense") continue;
    total += products * batchSize * inputs * layer.outputs;
    inputs = layer.outputs;
    products = 3;
  }
  return total;
}

function filled(network: Network): Network {
  const random = createRandom(1);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) network.target[i] = random.below(network.outputs);
  return network;
}

/** Microseconds of a step. */
export interface WorkersFigures {
  workload: string;
  multiplyAdds: number;
  /** Not cut into shards. */
  uncut: Spread;
  /** In shards, by the number of threads. */
  one: Spread;
  two: Spread;
  /** Uncut over two threads: of the medians, and of the smallest, which are nearest to a machine with nothing else to do. */
  gain: number;
  gainOfMinima: number;
}

/** Milliseconds of one measurement: short, so that some find both cores free on a machine with other work. */
const millisecondsEach = 4;

function measure(workload: Workload, rounds: number): WorkersFigures {
  const { model, batchSize } = workload;
  const networks = [
    createNetwork(model, { batchSize }),
    createNetwork(model, { batchSize, workers: threads(1) }),
    createNetwork(model, { batchSize, workers: threads(2) }),
  ].map(filled);
  const time = (network: Network, steps: number) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < steps; i++) network.step();
    return Number(process.hrtime.bigint() - start) / 1000 / steps;
  };
  let steps = 1;
  while (time(networks[0], steps) * steps < 1000 * millisecondsEach) steps *= 2;
  const times = networks.map((network) => {
    time(network, 200);
    return [] as number[];
  });
  for (let round = 0; round < rounds; round++) {
    for (const [index, network] of networks.entries()) {
      // Wakes the thread.
      network.step();
      times[index].push(time(network, steps));
    }
  }
  for (const network of networks) network.close();
  const [uncut, one, two] = times.map(spreadOf);
  return {
    workload: workload.name,
    multiplyAdds: multiplyAdds(workload),
    uncut,
    one,
    two,
    gain: uncut.median / two.median,
    gainOfMinima: uncut.minimum / two.minimum,
  };
}

/** Measures all workloads; the three ways of each in turn, `rounds` times. */
export function benchWorkers(rounds = 51) {
  const figures = workloads.map((each) => measure(each, rounds));
  const steps = ladder.map((each) => measure(each, rounds));
  const breakEven = steps.find((_, index) => steps.slice(index).every(({ gain }) => gain > 1));
  return { rounds, figures, ladder: steps, breakEven: breakEven?.multiplyAdds ?? null };
}

/** The figures as a table for people. */
export function printWorkers({ rounds, figures, ladder, breakEven }: ReturnType<typeof benchWorkers>): void {
  console.log(
    `Node ${process.version}, ${process.arch}. Microseconds a step: medians of ${rounds} rounds in turn (the smallest).\n`,
  );
  console.log(
    `${"workload".padEnd(36)} ${["multiply-adds", "uncut", "shards, 1 thread", "shards, 2 threads"].map((title) => title.padStart(18)).join("")}   gain (of the smallest)`,
  );
  for (const { workload, multiplyAdds, uncut, one, two, gain, gainOfMinima } of [...figures, ...ladder]) {
    const spreads = [uncut, one, two].map(({ median, minimum }) =>
      `${median.toFixed(1)} (${minimum.toFixed(1)})`.padStart(18),
    );
    console.log(
      `${workload.padEnd(36)} ${String(multiplyAdds).padStart(18)}${spreads.join("")}   ${gain.toFixed(2)} (${gainOfMinima.toFixed(2)})`,
    );
  }
  console.log(
    breakEven === null
      ? "\nNo size from which on two threads are always faster."
      : `\nBreak-even: from ${breakEven} multiply-adds a step on, two threads are faster than one that does not cut the batch.`,
  );
}
