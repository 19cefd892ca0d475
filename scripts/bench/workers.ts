/**
 * What a second thread gains: training steps in shards on one thread and on two, side by side with the uncut batch,
 * and the break-even: the smallest step, in multiply-adds, that two threads make faster than one does uncut.
 */
import type { Figure } from "../../src/commands/bench/figure.ts";
import { measureInTurn, type Spread, scaled, spreadOf } from "../../src/commands/bench/timing.ts";
import { operationsPerStep, trainable, type Workload } from "../../src/commands/bench/workloads.ts";
import {
  adam,
  dense,
  type Layer,
  momentum,
  type Optimizer,
  relu,
  softmaxCrossEntropy,
} from "../../src/engine/model/model.ts";
import { threads } from "../../src/library/threads.ts";

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
  optimizer: Optimizer = adam(),
): Workload {
  const model = { inputShape: [inputs], layers, loss: softmaxCrossEntropy(), optimizer };
  return { id: "", name, model, batchSize };
}

/**
 * Milliseconds of one measurement: short, so that some find both cores free on a machine with other work, and long beside
 * the waking of a thread.
 */
const milliseconds = 4;

interface Gain {
  workload: Workload;
  two: Spread;
  /** Uncut over two threads: of the medians, and of the smallest, which are nearest to a machine with nothing else to do. */
  gain: number;
  gainOfMinima: number;
  uncut: Spread;
}

function measure(workload: Workload, rounds: number): Gain {
  const options = [{}, { workers: threads(2) }];
  const trained = options.map((each) => trainable(workload, each));
  const [uncut, two] = measureInTurn(
    trained.map(({ train }) => train),
    { rounds, milliseconds },
  );
  for (const { network } of trained) network.close();
  return {
    workload,
    two,
    uncut,
    gain: uncut.median / two.median,
    gainOfMinima: uncut.minimum / two.minimum,
  };
}

/** Microseconds of a step on two threads, beside those of a batch that is not cut on one; measured in many short rounds. */
export function workersFigures(rounds: number): Figure[] {
  const often = 6 * rounds;
  const gains = workloads.map((each) => measure(each, often));
  const steps = ladder.map((each) => measure(each, often));
  const breakEven = steps.find((_, index) => steps.slice(index).every(({ gain }) => gain > 1));
  const figures = [...gains, ...steps].map(({ workload, two, uncut, gain, gainOfMinima }) => ({
    group: "two threads",
    name: workload.name,
    value: scaled(two, 1e-3),
    unit: "us",
    reference: {
      name: "one thread, uncut",
      value: uncut.median / 1000,
      unit: "us",
      share: two.median / uncut.median,
    },
    note: `${gain.toFixed(2)} times as fast, of the smallest ${gainOfMinima.toFixed(2)}; ${operationsPerStep(workload) / 2} multiply-adds`,
  }));
  if (breakEven) {
    const value = operationsPerStep(breakEven.workload) / 2;
    figures.push({
      ...figures[figures.length - 1],
      name: "break-even: from here on two threads were always faster",
      value: spreadOf([value]),
      unit: "multiply-adds",
      note: breakEven.workload.name,
    });
  }
  return figures;
}
