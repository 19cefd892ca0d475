/** The loss in a plan: the shape of its target, the instructions of the loss and of the prediction. */
import { keyError } from "../../errors/errors.ts";
import { Operation } from "../kernels/operation.ts";
import { absent, type BufferReference, type Emit, lastAxis, type Operand, sizeOf } from "../layers/layer.ts";
import { type Loss, lossKindOf } from "../losses/index.ts";
import type { PassHost } from "./plan.ts";

/** What a loss needs to know of an output of the given shape (of one sample). */
export interface LossShape {
  /** Numbers in the target of one sample: one class index a row, or a number for every output. */
  targets: number;
  /** Losses that one sample adds to the sum, by which a mean divides. */
  elements: number;
}

/** Shape of the target, and the divisor of a mean. */
export function lossShape(loss: Loss, outputShape: number[]): LossShape {
  const numbers = sizeOf(outputShape);
  const elements = lossKindOf(loss).target === "classes" ? numbers / lastAxis(outputShape) : numbers;
  return { targets: elements, elements };
}

/** Emits loss and gradient with respect to the output, each sample and class weighted as the loss says. */
export function emitLoss(
  loss: Loss,
  outputShape: number[],
  host: PassHost,
  buffers: Record<"gradient" | "output" | "target", BufferReference>,
): void {
  const { emit, scalars } = host;
  const weights = emitWeights(loss, outputShape, host, buffers.target);
  const [count, width] = [sizeOf(outputShape), lastAxis(outputShape)];
  lossKindOf(loss).emit(loss, { emit, scalars, ...buffers, count, width, weights });
}

/** The buffer of weights of a loss and how many losses in a row share one; absent where all count alike. */
function emitWeights(
  loss: Loss,
  outputShape: number[],
  host: PassHost,
  target: BufferReference,
): readonly [Operand, number] {
  const { elements } = lossShape(loss, outputShape);
  const ofSamples = loss.sampleWeights ? host.hold("sampleWeight", "target", [host.batchSize]) : null;
  if (!loss.classWeights) return ofSamples ? [ofSamples, elements] : [absent, 1];
  const { target: holds } = lossKindOf(loss);
  if (holds === "numbers") {
    throw keyError(
      "model.loss",
      "model.loss",
      `is ${loss.type}, which has no classes to weigh; leave classWeights out`,
    );
  }
  const classes = loss.classWeights.length;
  const needed = holds === "classes" ? lastAxis(outputShape) : 2;
  if (classes !== needed) {
    throw keyError(
      "model.loss",
      "model.loss",
      `has ${classes} classWeights but the output has ${needed} classes; give one a class`,
    );
  }
  const ofClasses = host.hold("classWeight", "constant", [classes], "f32", loss.classWeights);
  const weights = host.share("loss.weight", "activation gradient", [host.batchSize, elements]);
  const blend = holds === "classes" ? 0 : 1;
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
  return Boolean(lossKindOf(loss).probabilities?.(loss));
}

/** Emits the probabilities that the logits of a cross-entropy stand for. */
export function emitPrediction(
  loss: Loss,
  outputShape: number[],
  emit: Emit,
  prediction: BufferReference,
  output: BufferReference,
): void {
  const [count, width] = [sizeOf(outputShape), lastAxis(outputShape)];
  lossKindOf(loss).probabilities?.(loss)?.({ emit, prediction, output, count, width });
}
