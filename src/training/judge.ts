import { type Model, sgd } from "../engine/model/model.ts";
import { createNetwork, type Tensor } from "../engine/running/network.ts";
import { type Rows, rowOrder } from "./descent.ts";

/** The mean loss over rows with given weights. */
export type Judge = (parameters: readonly Tensor[]) => number;

/** A judge of weights by rows, which must be at least one. `order`: the numbers of those that count, all where left out. */
export function createJudge(
  model: Model,
  rows: Rows,
  deterministic: boolean,
  order: Uint32Array = rowOrder(rows.count),
): Judge {
  // A step of rate 0 changes nothing, and gives the loss just as training counts it.
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
