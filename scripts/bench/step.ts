/**
 * What one training step costs: forward, backward and update of four networks, side by side with the
 * 128-bit multiply-add peak of the same core in the same run.
 */
import { availableVariants } from "../../src/engine/kernels/kernels.ts";
import {
  adam,
  dense,
  type Layer,
  type Model,
  momentum,
  mse,
  relu,
  sgd,
  softmaxCrossEntropy,
  tanh,
} from "../../src/engine/model.ts";
import { createNetwork, type Network } from "../../src/engine/network.ts";
import { createRandom } from "../../src/engine/random.ts";
import { peaks } from "./peak.ts";
import { createTimer, type Spread, spreadOf } from "./timing.ts";

interface Workload {
  name: string;
  model: Model;
  batchSize: number;
}

const classifier = [dense(64), relu(), dense(32), relu(), dense(6)];

/** The same four as in the trial that set the goal. */
const workloads: Workload[] = [
  {
    name: "W1 8-16-1 tanh, MSE, SGD, batch 1",
    model: model(8, [dense(16), tanh(), dense(1)], { loss: mse(), optimizer: sgd() }),
    batchSize: 1,
  },
  { name: "W2 64-64-32-6 ReLU, CE, Adam, batch 1", model: model(64, classifier), batchSize: 1 },
  { name: "W3 561-64-32-6 ReLU, CE, Adam, batch 32", model: model(561, classifier), batchSize: 32 },
  {
    name: "W4 784-128-10 ReLU, CE, momentum, batch 256",
    model: model(784, [dense(128), relu(), dense(10)], { optimizer: momentum() }),
    batchSize: 256,
  },
];

function model(inputs: number, layers: Layer[], options: Partial<Model> = {}): Model {
  const rest = { loss: softmaxCrossEntropy(), optimizer: adam(), clip: null, ...options };
  return { inputShape: [inputs], layers, ...rest };
}

/** Multiplications and additions of the matrix products of one step; the first layer needs no input gradient. */
function operationsPerStep({ model, batchSize }: Workload): number {
  let inputs = model.inputShape[0];
  let operations = 0;
  let products = 2;
  for (const layer of model.layers) {
    if (layer.type !== "dense") continue;
    operations += products * 2 * batchSize * inputs * layer.outputs;
    inputs = layer.outputs;
    products = 3;
  }
  return operations;
}

function filled(network: Network): Network {
  const random = createRandom(1);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  const classes = network.outputs === 1 ? 2 : network.outputs;
  for (let i = 0; i < network.target.length; i++) network.target[i] = random.below(classes);
  return network;
}

/** Bytes on V8's heap per step, over many steps without a forced collection. */
function allocatedPerStep(network: Network, steps: number): number {
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < steps; i++) network.step();
  return Math.round((process.memoryUsage().heapUsed - before) / steps);
}

export interface StepFigures {
  workload: string;
  kernels: string;
  nanoseconds: Spread;
  gigaflops: number;
  /**
   * Share of the multiply-add peak of these kernels' instructions; null where the kernels outrun it: V8 13.6 (Node 24)
   * makes poor code of the peak's loop, and what is no upper bound is no peak.
   */
  percentOfPeak: number | null;
  bytesPerStep: number;
}

/** Measures all workloads on all kernels in turn, `rounds` times, so that a drift of the machine meets all alike. */
export function benchStep(rounds = 9): { peaks: Record<string, number>; figures: StepFigures[] } {
  const peakTimers = peaks().map((peak) => ({
    peak,
    timer: createTimer(peak.run, 20),
    times: [] as number[],
  }));
  const subjects = workloads.flatMap((workload) =>
    availableVariants().map((kernels) => {
      const network = filled(createNetwork(workload.model, { batchSize: workload.batchSize, kernels }));
      const repeat = (times: number) => {
        for (let i = 0; i < times; i++) network.step();
      };
      return { workload, kernels, network, timer: createTimer(repeat, 50), times: [] as number[] };
    }),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { timer, times } of [...peakTimers, ...subjects]) times.push(timer());
  }
  const peakRates = Object.fromEntries(
    peakTimers.map(({ peak, times }) => [peak.name, peak.operationsPerTurn / spreadOf(times).median]),
  );
  const figures = subjects.map(({ workload, kernels, network, times }) => {
    const nanoseconds = spreadOf(times);
    const gigaflops = operationsPerStep(workload) / nanoseconds.median;
    const peak = peakRates[kernels];
    return {
      workload: workload.name,
      kernels,
      nanoseconds,
      gigaflops,
      percentOfPeak: peak >= gigaflops ? (100 * gigaflops) / peak : null,
      bytesPerStep: allocatedPerStep(network, Math.max(500, Math.ceil(2e7 / nanoseconds.median))),
    };
  });
  return { peaks: peakRates, figures };
}

/** The figures as a table for people. */
export function printStep({ peaks: rates, figures }: ReturnType<typeof benchStep>): void {
  console.log(`Node ${process.version}, ${process.arch}. Medians of 9 rounds in turn (smallest to largest).`);
  for (const [name, rate] of Object.entries(rates)) {
    console.log(`Multiply-add peak of one core, ${name}: ${rate.toFixed(1)} GFLOP/s`);
  }
  console.log();
  console.log(
    "workload                                      kernels            ns per step                     GFLOP/s  of peak  bytes/step",
  );
  for (const { workload, kernels, nanoseconds, gigaflops, percentOfPeak, bytesPerStep } of figures) {
    const { median, minimum, maximum } = nanoseconds;
    const time = `${median.toFixed(0)} (${minimum.toFixed(0)} to ${maximum.toFixed(0)})`;
    const share = percentOfPeak === null ? "" : `${percentOfPeak.toFixed(0)} %`;
    console.log(
      [
        workload.padEnd(45),
        kernels.padEnd(13),
        time.padStart(34),
        gigaflops.toFixed(2).padStart(10),
        share.padStart(8),
        String(bytesPerStep).padStart(11),
      ].join(" "),
    );
  }
}
