import { Operation } from "../kernels/operation.ts";
import { option, positive } from "../model/options.ts";
import { elementLoss, loss, type Reduced, type ReducedOptions, reduced } from "./loss.ts";

export type Huber = { type: "huber"; delta: number } & Reduced;

const create = (options: ReducedOptions & { delta?: number } = {}): Huber => ({
  type: "huber",
  delta: 1,
  reduction: "mean",
  ...options,
});

/**
 * Quadratic up to an error of `delta`, linear beyond it: a squared error that is robust to outliers (Huber, 1964).
 * e^2 / 2 where |e| is at most delta, else delta (|e| - delta / 2).
 */
export const huber = loss(create, {
  title: "Huber's loss: squared error up to delta, then linear",
  options: { delta: option("Error beyond which the loss is linear", positive), ...reduced },
  alone: "delta",
  target: "numbers",
  emit: ({ delta }, context) => elementLoss(Operation.Huber, context, delta),
});
