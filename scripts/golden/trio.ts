import { availableVariants, type KernelVariant } from "../../src/engine/kernels/kernels.ts";
import { createNetwork, type Network } from "../../src/engine/running/network.ts";
import { BatchEpoch, descendEpoch, type Regime, updatesPerEpoch } from "../../src/training/descent.ts";
import { modelOf } from "./model.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";
import { compareTensors, loadInitial } from "./trace.ts";

const regimes: [key: string, regime: Regime][] = [
  ["batch", "batch"],
  ["stochastic", "stochastic"],
  ["minibatch", "mini-batch"],
];

/** One golden-trio/1: the textbook's three regimes, on every build of the kernels that runs here. */
export function runTrio(trace: Trace): Outcome {
  for (const kernels of availableVariants()) {
    for (const [key, regime] of regimes) {
      const difference = runRegime(kernels, trace, trace[key], regime);
      if (difference) return `${regime} on ${kernels} kernels, ${difference}`;
    }
  }
  return null;
}

function runRegime(kernels: KernelVariant, trace: Trace, expected: Trace, regime: Regime): string | null {
  const rows = {
    count: trace.xShape[0],
    inputs: Float32Array.from(trace.x),
    targets: Float32Array.from(trace.y),
  };
  const model = modelOf(trace, { type: "sgd", lr: trace.lr });
  const { batchSize } = expected;
  const { weightsAfterEpoch, lossAfterEpoch, lossPerUpdate } = expected.f64;
  // Batch descent runs through a batch buffer of 4 rows, smaller than the data.
  const network = createNetwork(model, { batchSize: regime === "batch" ? 4 : batchSize, kernels });
  loadInitial(network, trace);
  const whole = createNetwork(model, { batchSize: rows.count, kernels });

  for (let epoch = 0; epoch < trace.epochs; epoch++) {
    let meanLoss: number;
    if (regime === "batch") {
      const pass = new BatchEpoch(network, rows.count);
      for (let row = 0; row < rows.count; row++) {
        network.input.set(
          rows.inputs.subarray(row * network.inputs, (row + 1) * network.inputs),
          pass.row * network.inputs,
        );
        network.target.set(
          rows.targets.subarray(row * network.targets, (row + 1) * network.targets),
          pass.row * network.targets,
        );
        pass.add();
      }
      meanLoss = pass.end();
    } else {
      const order = Uint32Array.from(trace.orders[epoch]);
      meanLoss = descendEpoch(network, rows, batchSize, order, null);
    }
    const losses = lossPerUpdate.slice(
      epoch * expected.updatesPerEpoch,
      (epoch + 1) * expected.updatesPerEpoch,
    );
    const after = `after epoch ${epoch + 1}`;
    const difference =
      compareTensors(after, network.parameters(), trace, weightsAfterEpoch[epoch], 1e-4) ??
      compareNumbers(`loss ${after}`, [lossOver(whole, network, rows)], [lossAfterEpoch[epoch]], 1e-3) ??
      compareNumbers(`mean loss ${after}`, [meanLoss], [meanOver(losses, batchSize, rows.count)], 1e-3);
    if (difference) return difference;
  }
  const updates = trace.epochs * updatesPerEpoch(regime, rows.count, batchSize);
  if (updates !== expected.updates || network.updates !== expected.updates) {
    return `${network.updates} updates made and ${updates} foreseen, expected ${expected.updates}`;
  }
  return null;
}

/** Mean loss of the rows, from the mean of each group, the last one smaller. */
function meanOver(losses: number[], batchSize: number, count: number): number {
  const sizes = losses.map((_, index) => Math.min(batchSize, count - index * batchSize));
  return losses.reduce((sum, loss, index) => sum + loss * sizes[index], 0) / count;
}

/** Loss over all rows with the network's weights, from a step of a network that is thrown away. */
function lossOver(
  whole: Network,
  network: Network,
  rows: { inputs: Float32Array; targets: Float32Array },
): number {
  whole.setParameters(network.parameters());
  whole.input.set(rows.inputs);
  whole.target.set(rows.targets);
  whole.step();
  return whole.loss;
}
