import { adam, dense, softmaxCrossEntropy, tanh } from "../../../src/engine/model/model.ts";
import {
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
} from "../../../src/engine/model/schedule.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";

const schedules: Record<string, Schedule> = {
  step: stepDecay({ every: 10_000 }),
  exponential: exponentialDecay({ factor: 0.99999, warmUp: 1000 }),
  cosine: cosineDecay({ updates: 500_000, minimum: 0.1 }),
  plateau: reduceOnPlateau({ window: 10 }),
};

const network = createNetwork({
  inputShape: [4],
  layers: [dense(6), tanh(), dense(3)],
  loss: softmaxCrossEntropy(),
  optimizer: adam(),
  // The address of this module ends in the schedule's name: `?cosine`.
  schedule: schedules[new URL(import.meta.url).search.slice(1)],
});
network.input.set([0.1, -0.2, 0.3, 0.4]);

/** Three hundred thousand steps. */
export default function repeat(): void {
  for (let i = 0; i < 300_000; i++) {
    network.input[0] = (i % 7) - 3;
    network.target[0] = i % 3;
    network.step(1);
  }
}
