import { Operation } from "./kernels/operation.ts";
import { type BufferReference, type Emit, lastAxis, sizeOf } from "./layers/layer.ts";
import type { Loss } from "./model.ts";

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

/** Emits loss and gradient with respect to the output. */
export function emitLoss(
  loss: Loss,
  outputShape: number[],
  emit: Emit,
  {
    gradient,
    output,
    target,
    scalars,
  }: Record<"gradient" | "output" | "target" | "scalars", BufferReference>,
): void {
  const count = sizeOf(outputShape);
  const width = lastAxis(outputShape);
  switch (loss.type) {
    case "mse":
      emit(Operation.SquaredError, gradient, output, target, scalars, count);
      return;
    case "mae":
      emit(Operation.AbsoluteError, gradient, output, target, scalars, count);
      return;
    case "huber":
      emit(Operation.Huber, gradient, output, target, scalars, count, { float: loss.delta });
      return;
    case "smoothL1":
      emit(Operation.SmoothL1, gradient, output, target, scalars, count, { float: loss.beta });
      return;
    case "binaryCrossEntropy": {
      const onLogits = loss.on === "logits";
      const operation = onLogits ? Operation.BinaryCrossEntropyOnLogits : Operation.BinaryCrossEntropy;
      emit(operation, gradient, output, target, scalars, count);
      return;
    }
    case "softmaxCrossEntropy":
      emit(Operation.SoftmaxCrossEntropy, gradient, output, target, scalars, width, count / width);
      return;
    case "negativeLogLikelihood":
      emit(Operation.NegativeLogLikelihood, gradient, output, target, scalars, width, count / width);
      return;
  }
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
