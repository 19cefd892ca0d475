import { Operation } from "../kernels/operation.ts";
import { elementLoss, loss, type Reduced, type ReducedOptions, reduced } from "./loss.ts";

export type LogCosh = { type: "logCosh" } & Reduced;

const create = (options: ReducedOptions = {}): LogCosh => ({
  type: "logCosh",
  reduction: "mean",
  ...options,
});

/**
 * log(cosh(e)), with slope tanh(e): about e^2 / 2 near 0 and |e| - log 2 far from it, like Huber's loss with delta 1
 * but smooth everywhere.
 */
export const logCosh = loss(create, {
  title:
    "Logarithm of the hyperbolic cosine of the error: like squared error near 0, like absolute error far from 0",
  options: reduced,
  target: "numbers",
  emit: (_, context) => elementLoss(Operation.LogCosh, context),
});
