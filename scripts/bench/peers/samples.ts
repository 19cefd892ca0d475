import type { Workload } from "../../../src/commands/bench/workloads.ts";
import { dataOf } from "./workloads.ts";

/** One row of a batch. */
export interface Sample {
  input: Float32Array;
  /** Numbers, or 1 for the class and 0 for the others. */
  output: Float32Array;
  /** Of class losses, else 0. */
  classIndex: number;
}

/** The batch one by one, for libraries that take no batches. */
export function samplesOf(workload: Workload): Sample[] {
  const { model, batchSize } = workload;
  const { input, target } = dataOf(workload);
  const inputs = input.length / batchSize;
  const targets = target.length / batchSize;
  const classes = model.loss.type === "mse" ? 0 : denseWidths(workload).at(-1)!;
  return Array.from({ length: batchSize }, (_, row) => {
    const given = target.slice(row * targets, (row + 1) * targets);
    const oneHot = Float32Array.from({ length: classes }, (_, index) => (index === given[0] ? 1 : 0));
    return {
      input: input.slice(row * inputs, (row + 1) * inputs),
      output: classes > 0 ? oneHot : given,
      classIndex: classes > 0 ? given[0] : 0,
    };
  });
}

/** Outputs of the dense layers, one behind the other. */
export function denseWidths({ model }: Workload): number[] {
  return model.layers.flatMap((layer) => (layer.type === "dense" ? [layer.outputs] : []));
}

/** The activation between the dense layers. */
export function activationOf({ model }: Workload): "relu" | "tanh" | "sigmoid" {
  const found = model.layers.find(({ type }) => type === "relu" || type === "tanh" || type === "sigmoid");
  return (found?.type ?? "sigmoid") as "relu" | "tanh" | "sigmoid";
}

/** What a library without biases to leave out, batches and the like does instead, in a few words. */
export function differences({ model, batchSize }: Workload, ...further: string[]): string {
  const unbiased = model.layers.some((layer) => layer.type === "dense" && !layer.bias);
  return [
    ...(batchSize > 1 ? ["updates after every sample"] : []),
    ...(unbiased ? ["with biases"] : []),
    ...further,
  ].join(", ");
}
