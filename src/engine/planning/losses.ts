import { keyError } from "../../errors/errors.ts";
import { Operation } from "../kernels/operation.ts";
import { absent, type BufferReference, type Emit, lastAxis, type Operand, sizeOf } from "../layers/layer.ts";
import type { Loss } from "../model/model.ts";
import type { PassHost } from "./plan.ts";

/** What a loss needs to know of an output of the given shape (of one sample). */
export interface LossShape {
  /** Numbers in the target of one sample: one class index a row, or a number for every output. */
  targets: number;
  /** Losses that one sample adds to the sum, by which a mean divides. */
  elements: number;
}

function isClassLoss(loss: Loss): boolean {
  return loss.type === "softmaxCrossEntropy" || loss.type === "negativeLogLikelihood";
}

/** Shape of the target, and the divisor of a mean. */
export function lossShape(loss: Loss, outputShape: number[]): LossShape {
  const elements = isClassLoss(loss) ? sizeOf(outputShape) / lastAxis(outputShape) : sizeOf(outputShape);
  return { targets: elements, elements };
}

/** Emits loss and gradient with respect to the output, each sample and class weighted as the loss says. */
export function emitLoss(
  loss: Loss,
  outputShape: number[],
  host: PassHost,
  { gradient, output, target }: Record<"gradient" | "output" | "target", BufferReference>,
): void {
  const { emit, scalars } = host;
  const count = sizeOf(outputShape);
  const width = lastAxis(outputShape);
  const weights = emitWeights(loss, outputShape, host, target);
  const ofElements = (operation: Operation, edge = 0) =>
    emit(operation, gradient, output, target, scalars, count, { float: edge }, ...weights);
  const ofRows = (operation: Operation) =>
    emit(operation, gradient, output, target, scalars, width, count / width, ...weights);
  switch (loss.type) {
    case "mse":
      ofElements(Operation.SquaredError);
      break;
    case "mae":
      ofElements(Operation.AbsoluteError);
      break;
    case "huber":
      ofElements(Operation.Huber, loss.delta);
      break;
    case "smoothL1":
      ofElements(Operation.SmoothL1, loss.beta);
      break;
    case "binaryCrossEntropy":
      ofElements(loss.on === "logits" ? Operation.BinaryCrossEntropyOnLogits : Operation.BinaryCrossEntropy);
      break;
    case "softmaxCrossEntropy":
      ofRows(Operation.SoftmaxCrossEntropy);
      break;
    case "negativeLogLikelihood":
      ofRows(Operation.NegativeLogLikelihood);
      break;
  }
}

/** The buffer of weights of a loss and how many losses in a row share one; nothing where all count alike. */
function emitWeights(loss: Loss, outputShape: number[], host: PassHost, target: BufferReference): Operand[] {
  const { elements } = lossShape(loss, outputShape);
  const ofSamples = loss.sampleWeights ? host.hold("sampleWeight", "target", [host.batchSize]) : null;
  if (!loss.classWeights) return ofSamples ? [ofSamples, elements] : [absent, 1];
  if (!isClassLoss(loss) && loss.type !== "binaryCrossEntropy") {
    throw keyError(
      "model.loss",
      "model.loss",
      `is ${loss.type}, which has no classes to weigh; leave classWeights out`,
    );
  }
  const classes = loss.classWeights.length;
  const needed = isClassLoss(loss) ? lastAxis(outputShape) : 2;
  if (classes !== needed) {
    throw keyError(
      "model.loss",
      "model.loss",
      `has ${classes} classWeights but the output has ${needed} classes; give one a class`,
    );
  }
  const ofClasses = host.hold("classWeight", "constant", [classes], "f32", loss.classWeights);
  const weights = host.share("loss.weight", "activation gradient", [host.batchSize, elements]);
  const blend = isClassLoss(loss) ? 0 : 1;
  host.emit(
    Operation.ClassWeights,
    weights,
    target,
    ofClasses,
    classes,
    ofSamples ?? absent,
    elements,
    blend,
  );
  return [weights, 1];
}

/** Whether the output is a logit that a prediction must still turn into a probability. */
export function predictsFromLogits(loss: Loss): boolean {
  return loss.type === "softmaxCrossEntropy" || (loss.type === "binaryCrossEntropy" && loss.on === "logits");
}

/** Emits the probabilities that the logits of a cross-entropy stand for. */
export function emitPrediction(
  loss: Loss,
  outputShape: number[],
  emit: Emit,
  prediction: BufferReference,
  output: BufferReference,
): void {
  const count = sizeOf(outputShape);
  const width = lastAxis(outputShape);
  if (loss.type === "softmaxCrossEntropy") {
    emit(Operation.SoftmaxForward, prediction, output, width, count / width);
  } else {
    emit(Operation.SigmoidForward, prediction, output, count);
  }
}
