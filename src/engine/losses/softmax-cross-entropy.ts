import { Operation } from "../kernels/operation.ts";
import {
  type ClassReducedOptions,
  classified,
  loss,
  type PredictionContext,
  type Reduced,
  rowLoss,
} from "./loss.ts";

export type SoftmaxCrossEntropy = { type: "softmaxCrossEntropy" } & Reduced;

const create = (options: ClassReducedOptions = {}): SoftmaxCrossEntropy => ({
  type: "softmaxCrossEntropy",
  reduction: "mean",
  ...options,
});

const softmaxes = ({ emit, prediction, output, count, width }: PredictionContext) =>
  emit(Operation.SoftmaxForward, prediction, output, width, count / width);

/** Cross-entropy of one class out of many, on logits: log(sum(e^z)) - z[y]. The target is one class index a sample. */
export const softmaxCrossEntropy = loss(create, {
  title: "Cross-entropy of logits, for any number of classes",
  options: classified,
  target: "classes",
  emit: (_, context) => rowLoss(Operation.SoftmaxCrossEntropy, context),
  probabilities: () => softmaxes,
  reading: () => "probabilities",
  layerBefore: () => null,
});
