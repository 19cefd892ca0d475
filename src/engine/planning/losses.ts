/** Plans the loss: the shape of its target, the instructions of the loss and of the prediction. */
import { keyError } from "../../errors/errors.ts";
import { Operation } from "../kernels/operation.ts";
import { absent, type BufferReference, type Emit, lastAxis, type Operand, sizeOf } from "../layers/layer.ts";
import { type Loss, lossKindOf } from "../losses/index.ts";
import type { PassHost } from "./plan.ts";

/** The sizes of a loss on an output of a given shape (of one sample). */
export interface LossShape {
  /** Numbers in the target of one sample: one class index a row, or a number for every output. */
  targets: number;
  /** Number of losses that one sample adds to the sum; a mean divides by it. */
  elements: number;
}

/** Returns the shape of the target, and the divisor of a mean. */
export function lossShape(loss: Loss, outputShape: number[]): LossShape {
  const numbers = sizeOf(outputShape);
  const elements = lossKindOf(loss).target === "classes" ? numbers / lastAxis(outputShape) : numbers;
  return { targets: elements, elements };
}

/** Emits the loss and its gradient with respect to the output, with the sample and class weights of the loss. */
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

/** Returns the buffer of weights of a loss, and how many losses in a row share one; absent if there are no weights. */
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
      `is ${loss.type} with classWeights, expected a loss with classes; leave classWeights out`,
    );
  }
  const classes = loss.classWeights.length;
  const needed = holds === "classes" ? lastAxis(outputShape) : 2;
  if (classes !== needed) {
    throw keyError(
      "model.loss",
      "model.loss",
      `has ${classes} classWeights, expected ${needed} for the classes of the output; give one for each class`,
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

/** Whether the outputs are logits that a prediction must convert to probabilities. */
export function predictsFromLogits(loss: Loss): boolean {
  return Boolean(lossKindOf(loss).probabilities?.(loss));
}

/** Emits the conversion of the logits of a cross-entropy to probabilities. */
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
