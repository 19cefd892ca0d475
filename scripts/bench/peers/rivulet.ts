import type { KernelVariant } from "../../../src/engine/kernels/kernels.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";
import { serve } from "./serve.ts";
import { dataOf } from "./workloads.ts";

await serve((workload, kernels) => {
  const { input, target, parameters } = dataOf(workload);
  const { model, batchSize } = workload;
  const network = createNetwork(model, { batchSize, kernels: kernels as KernelVariant });
  network.setParameters(parameters);
  network.input.set(input);
  network.target.set(target);
  return {
    train(times) {
      for (let i = 0; i < times; i++) network.step();
    },
    loss: () => network.loss,
  };
});
