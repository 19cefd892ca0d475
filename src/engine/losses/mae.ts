import { Operation } from "../kernels/operation.ts";
import { elementLoss, loss, type Reduced, type ReducedOptions, reduced } from "./loss.ts";

export type Mae = { type: "mae" } & Reduced;

const create = (options: ReducedOptions = {}): Mae => ({ type: "mae", reduction: "mean", ...options });

/** Mean absolute error: |e|, with gradient 0 at 0. */
export const mae = loss(create, {
  title: "Mean absolute error",
  options: reduced,
  target: "numbers",
  emit: (_, context) => elementLoss(Operation.AbsoluteError, context),
});
