import { Operation } from "../kernels/operation.ts";
import { logSoftmax } from "../layers/activation.ts";
import { type ClassReducedOptions, classified, loss, type Reduced, rowLoss } from "./loss.ts";

export type NegativeLogLikelihood = { type: "negativeLogLikelihood" } & Reduced;

const create = (options: ClassReducedOptions = {}): NegativeLogLikelihood => ({
  type: "negativeLogLikelihood",
  reduction: "mean",
  ...options,
});

/** Cross-entropy on log-probabilities, as a `logSoftmax` layer computes them: -z[y]. */
export const negativeLogLikelihood = loss(create, {
  title: "Cross-entropy of log-probabilities, as logSoftmax makes them",
  options: classified,
  target: "classes",
  emit: (_, context) => rowLoss(Operation.NegativeLogLikelihood, context),
  reading: () => "log-probabilities",
  layerBefore: () => logSoftmax(),
});
