import { adam, dense, softmaxCrossEntropy, tanh } from "../../../src/engine/model/model.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";
import { threads } from "../../../src/library/threads.ts";

const network = createNetwork(
  {
    inputShape: [4],
    layers: [dense(6), tanh(), dense(3)],
    loss: softmaxCrossEntropy(),
    optimizer: adam(),
    clip: { type: "norm", maximum: 1 },
  },
  { batchSize: 16, workers: threads(2) },
);
for (let i = 0; i < network.input.length; i++) network.input[i] = ((i * 7) % 11) / 5 - 1;

// The thread comes up while this runs, and compiled code on a busy machine no sooner.
for (let warmUp = 0; warmUp < 2; warmUp++) repeat();

/** 200,000 steps on two threads, each with a prediction before it. */
export default function repeat(): void {
  for (let i = 0; i < 200_000; i++) {
    const rows = 1 + (i % 16);
    network.target[i % 16] = i % 3;
    network.infer(rows);
    network.step(rows);
  }
}
