/** The workloads of `rivulet bench`, with data and weights that every subject can be given. */
import type { Workload } from "../../../src/commands/bench/workloads.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";
import type { Tensor } from "../../../src/engine/running/network-state.ts";

/** The batch that is trained on again and again, and the weights from which all start. */
export interface WorkloadData {
  /** [batchSize, ...inputShape] */
  input: Float32Array;
  /** [batchSize]: class indices, or numbers for mean squared error. */
  target: Float32Array;
  /** In PyTorch's layout. */
  parameters: Tensor[];
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
