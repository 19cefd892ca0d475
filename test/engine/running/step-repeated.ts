import { adam, dense, softmaxCrossEntropy, tanh } from "../../../src/engine/model/model.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";

const network = createNetwork({
  inputShape: [4],
  layers: [dense(6), tanh(), dense(3)],
  loss: softmaxCrossEntropy(),
  optimizer: adam(),
  clip: { type: "norm", maximum: 1 },
});
network.input.set([0.1, -0.2, 0.3, 0.4]);

/** A million steps, each with a prediction before it. */
export default function repeat(): void {
  for (let i = 0; i < 1_000_000; i++) {
    network.input[0] = (i % 7) - 3;
    network.target[0] = i % 3;
    network.infer(1);
    network.step(1);
  }
}
