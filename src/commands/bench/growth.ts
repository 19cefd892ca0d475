/** Measures how the cost of a sample grows with the number of parameters, the batch and the channels. */
import {
  adam,
  conv1d,
  dense,
  globalAveragePool,
  type Model,
  relu,
  softmaxCrossEntropy,
} from "../../engine/model/model.ts";
import type { Figure } from "./figure.ts";
import { measureInTurn, scaled } from "./timing.ts";
import { trainable, type Workload } from "./workloads.ts";

const common = { loss: softmaxCrossEntropy(), optimizer: adam(), clip: null };

/** Returns a model of two equal hidden layers between 16 inputs and 4 classes, with about this many parameters. */
function denseOf(parameters: number): Model {
  const width = Math.max(1, Math.round(-10 + Math.sqrt(100 + parameters)));
  return { inputShape: [16], layers: [dense(width), relu(), dense(width), relu(), dense(4)], ...common };
}

/** Returns a convolution over windows of 64 samples with this many channels. */
function convolutionOf(channels: number): Model {
  return {
    inputShape: [channels, 64],
    layers: [conv1d(channels, 5), relu(), globalAveragePool(), dense(4)],
    ...common,
  };
}

const subjects: Workload[] = [
  ...[1e2, 1e3, 1e4, 1e5, 1e6].map((parameters) => ({
    id: "parameters",
    name: `${parameters} parameters, batch 1`,
    model: denseOf(parameters),
    batchSize: 1,
  })),
  ...[1, 4, 16, 64, 256].map((batchSize) => ({
    id: "batch",
    name: `10000 parameters, batch ${batchSize}`,
    model: denseOf(1e4),
    batchSize,
  })),
  ...[1, 4, 16, 64].map((channels) => ({
    id: "channels",
    name: `conv1d of ${channels} channels over 64, batch 8`,
    model: convolutionOf(channels),
    batchSize: 8,
  })),
];

/** Measures how the time of a step grows with parameters, batch and channels, in `rounds` rounds. */
export function growthFigures(rounds: number): Figure[] {
  const networks = subjects.map((workload) => trainable(workload, { accumulate: false }));
  const spreads = measureInTurn(
    networks.map(({ train }) => train),
    { rounds },
  );
  return subjects.map(({ name, batchSize }, index) => {
    const { plan } = networks[index].network;
    const parameters = plan.parameters.reduce(
      (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1),
      0,
    );
    const perParameter = spreads[index].median / batchSize / parameters;
    return {
      group: "growth",
      name,
      value: scaled(spreads[index], 1e-3 / batchSize),
      unit: "us a sample",
      note: `${plan.totalBytes} bytes, ${parameters} parameters, ${perParameter.toFixed(2)} ns each a sample`,
    };
  });
}
