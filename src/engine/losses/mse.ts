import { Operation } from "../kernels/operation.ts";
import { elementLoss, loss, type Reduced, type ReducedOptions, reduced } from "./loss.ts";

export type Mse = { type: "mse" } & Reduced;

const create = (options: ReducedOptions = {}): Mse => ({ type: "mse", reduction: "mean", ...options });

/** Mean squared error: e^2. */
export const mse = loss(create, {
  title: "Mean squared error",
  options: reduced,
  target: "numbers",
  emit: (_, context) => elementLoss(Operation.SquaredError, context),
});
