import { Operation } from "../kernels/operation.ts";
import { sigmoid } from "../layers/activation.ts";
import { oneOf, option } from "../model/options.ts";
import {
  type ClassReducedOptions,
  classified,
  elementLoss,
  loss,
  type PredictionContext,
  type Reduced,
} from "./loss.ts";

export type BinaryCrossEntropy = { type: "binaryCrossEntropy"; on: "logits" | "probabilities" } & Reduced;

const create = (
  options: ClassReducedOptions & { on?: "logits" | "probabilities" } = {},
): BinaryCrossEntropy => ({ type: "binaryCrossEntropy", on: "logits", reduction: "mean", ...options });

const sigmoids = ({ emit, prediction, output, count }: PredictionContext) =>
  emit(Operation.SigmoidForward, prediction, output, count);

/**
 * Cross-entropy of yes-or-no targets (0 or 1): -(y log p + (1 - y) log(1 - p)), on logits, of which p is the sigmoid,
 * or on probabilities p that a sigmoid layer computed.
 */
export const binaryCrossEntropy = loss(create, {
  title: "Cross-entropy of one output, for two classes",
  options: { on: option("What the last layer computes", oneOf("logits", "probabilities")), ...classified },
  target: "probability",
  emit: ({ on }, context) =>
    elementLoss(
      on === "logits" ? Operation.BinaryCrossEntropyOnLogits : Operation.BinaryCrossEntropy,
      context,
    ),
  probabilities: ({ on }) => (on === "logits" ? sigmoids : null),
  reading: ({ on }) => (on === "logits" ? "logit" : "probability"),
  layerBefore: ({ on }) => (on === "logits" ? null : sigmoid()),
});
