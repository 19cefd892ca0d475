import { Operation } from "../kernels/operation.ts";
import { option, positive } from "../model/options.ts";
import { elementLoss, loss, type Reduced, type ReducedOptions, reduced } from "./loss.ts";

export type SmoothL1 = { type: "smoothL1"; beta: number } & Reduced;

const create = (options: ReducedOptions & { beta?: number } = {}): SmoothL1 => ({
  type: "smoothL1",
  beta: 1,
  reduction: "mean",
  ...options,
});

/** Huber's loss divided by `beta`, so that its slope beyond `beta` is 1 (Girshick, 2015). */
export const smoothL1 = loss(create, {
  title: "Huber's loss divided by beta, as PyTorch's SmoothL1Loss",
  options: { beta: option("Error beyond which the loss is linear", positive), ...reduced },
  alone: "beta",
  target: "numbers",
  emit: ({ beta }, context) => elementLoss(Operation.SmoothL1, context, beta),
});
