import {
  adamW,
  batchNorm,
  conv1d,
  dense,
  dropout,
  gru,
  layerNorm,
  maxPool1d,
  mse,
  relu,
  residual,
  tanh,
} from "../../../src/engine/model/model.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";

const network = createNetwork(
  {
    inputShape: [2, 8],
    layers: [
      conv1d(4, 3, { padding: 1 }),
      batchNorm(),
      relu(),
      maxPool1d(2),
      residual([layerNorm(), tanh()]),
      dropout(0.2),
      gru(5, { carry: true }),
      dense(1),
    ],
    loss: mse({ sampleWeights: true }),
    optimizer: adamW(),
  },
  { batchSize: 2, accumulate: false, recompute: true },
);

/** Steps through layers of every kind, updated in place, with a prediction before each. */
export default function repeat(): void {
  for (let i = 0; i < 200_000; i++) {
    network.input[i % 32] = (i % 7) - 3;
    network.target[i % 2] = i % 3;
    network.infer();
    network.step();
  }
}
