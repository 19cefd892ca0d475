import { type Model, sgd } from "../engine/model/model.ts";
import { createNetwork } from "../engine/running/network.ts";
import type { Tensor } from "../engine/running/network-state.ts";
import { type Rows, rowOrder } from "./descent.ts";

/** Returns the mean loss over fixed rows with given weights; NaN where it is not finite for a row. */
export type LossEvaluator = (parameters: readonly Tensor[]) => number;

/**
 * Creates a function that evaluates weights by their mean loss over rows.
 * @param order numbers of the rows that count, at least one. Default: all
 */
export function createLossEvaluator(
  model: Model,
  rows: Rows,
  deterministic: boolean,
  order: Uint32Array = rowOrder(rows.count),
): LossEvaluator {
  // A step with a learning rate of 0 changes nothing, and its loss is the one that training counts.
  const still: Model = { ...model, optimizer: sgd({ learningRate: 0 }), clip: null };
  const network = createNetwork(still, { batchSize: Math.min(order.length, 64), deterministic });
  const { inputs, targets, batchSize } = network;
  return (parameters) => {
    network.setParameters(parameters);
    network.forgetCarried();
    let total = 0;
    for (let start = 0; start < order.length; start += batchSize) {
      const part = Math.min(batchSize, order.length - start);
      for (let row = 0; row < part; row++) {
        const from = order[start + row];
        network.input.set(rows.inputs.subarray(from * inputs, (from + 1) * inputs), row * inputs);
        network.target.set(rows.targets.subarray(from * targets, (from + 1) * targets), row * targets);
      }
      if (!network.step(part)) return Number.NaN;
      total += network.loss * part;
    }
    return total / order.length;
  };
}
