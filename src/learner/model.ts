import { sizeOf } from "../engine/layers/layer.ts";
import { lossKindOf, lossKinds } from "../engine/losses/index.ts";
import {
  clipFromDescription,
  initialWeightsFromDescription,
  layersFromDescription,
  lossFromDescription,
  type ModelPart,
  optimizerFromDescription,
  scheduleFromDescription,
} from "../engine/model/description.ts";
import {
  type Clip,
  dense,
  huber,
  type InitialWeights,
  type Layer,
  type Loss,
  type Model,
  mse,
  type Optimizer,
  rmsprop,
  softmaxCrossEntropy,
  tanh,
} from "../engine/model/model.ts";
import type { Schedule } from "../engine/model/schedule.ts";
import { unitsOf } from "../engine/planning/units.ts";
import { keyError } from "../errors/errors.ts";
import { alternatives } from "../wording/alternatives.ts";
import type { TargetDescription } from "./target.ts";

/** The parts of a model; what is left out, or null, is chosen for the task. */
export interface ModelParts {
  /** Layers and input shape are those of the ensemble's replayed network, and the ensemble learns. Default false. */
  ensemble?: boolean;
  /** Shape in which the features of a sample are given to the layers, such as [1, 8, 8]; one axis of all where left out. */
  inputShape?: readonly number[] | null;
  /** Default: one hidden layer. The last one, of the target's width, may be left out. */
  layers?: readonly ModelPart<Layer>[] | null;
  /** Default: softmax cross-entropy of classes, Huber's loss of a number that is standardized. */
  loss?: ModelPart<Loss> | null;
  optimizer?: ModelPart<Optimizer> | null;
  /** Default: the gradient is not clipped. */
  clip?: ModelPart<Clip> | null;
  /** How the learning rate changes. Default: it does not. */
  schedule?: ModelPart<Schedule> | null;
  /** How the initial weights are drawn. Default `uniform`. */
  initialWeights?: InitialWeights | null;
}

/**
 * What a stream gets when nobody chose. Measured over eight public streams, a step after every sample, means of
 * five seeds; accuracy, and R2 for the last three:
 *
 *     |               | elec2 | occupancy | phishing | image-segments | digits8x8 | bike-sharing | airfoil | trump |
 *     | RMSprop 0.005 | 0.915 |     0.992 |    0.893 |          0.895 |     0.927 |        0.782 |   0.270 | 0.305 |
 *     | Adam 0.005    | 0.842 |     0.988 |    0.888 |          0.874 |     0.912 |        0.701 |   0.256 | 0.181 |
 *     | Adam 0.001    | 0.821 |     0.985 |    0.854 |          0.758 |     0.775 |        0.535 |   0.197 | 0.102 |
 *     | no layer      | 0.857 |     0.987 |    0.885 |          0.859 |     0.927 |        0.333 |   0.125 | 0.237 |
 *
 * Samples that follow each other are alike, and momentum, Adam's too, answers them too late: hence none. Plain
 * descent at its best rate comes near, but diverges at three times that rate. A smoothing of 0.995 costs nothing on
 * independent samples of a noisy rule (0.878, Adam 0.877), where the usual 0.99 does (0.871). In the mean over the
 * streams tanh is ahead of ReLU under every optimizer, and 32 units are ahead of 16 by a point.
 */
const defaultLayers = (): Layer[] => [dense(16), tanh()];
const defaultOptimizer = () => rmsprop({ learningRate: 0.005, smoothing: 0.995 });

/**
 * Huber's loss bounds what one target far out can do to the weights. With the squared error in its place R2 is 0.762,
 * 0.274 and 0.302 on these three streams; where two targets in a thousand are 20 times too large, R2 over the others is
 * 0.760 for bike-sharing, and 0.683 with the squared error. The width is in standard deviations of the target, so a
 * target that is not standardized gets the squared error.
 */
const defaultLoss = (target: TargetDescription): Loss => {
  if ("classes" in target) return softmaxCrossEntropy();
  return "standardize" in target && target.standardize ? huber({ delta: 1 }) : mse();
};

/**
 * The model for a target: parts as described, the rest by default. Where the layers do not end in a dense one,
 * a dense one of the target's width is put after them, and after that the activation that the loss expects.
 * @throws RivuletError where a part cannot be read or does not fit the target
 */
export function modelFor(target: TargetDescription, parts: ModelParts, inputs: number): Model {
  const loss = lossFor(target, parts.loss);
  const width = outputsFor(target, loss);
  const inputShape = inputShapeFor(parts.inputShape, inputs);
  const layers = layersFor(target, parts.layers, width, loss);
  requireOneAnswer(inputShape, layers, width);
  return {
    inputShape,
    layers,
    loss,
    optimizer: isLeftOut(parts.optimizer)
      ? defaultOptimizer()
      : optimizerFromDescription(parts.optimizer, "model.optimizer"),
    clip: clipFromDescription(parts.clip, "model.clip"),
    schedule: scheduleFromDescription(parts.schedule, "model.schedule"),
    initialWeights: initialWeightsFromDescription(parts.initialWeights, "model.initialWeights"),
  };
}

function inputShapeFor(written: unknown, inputs: number): number[] {
  if (isLeftOut(written)) return [inputs];
  const isShape =
    Array.isArray(written) &&
    written.length > 0 &&
    written.every((side) => Number.isInteger(side) && side >= 1);
  if (!isShape) {
    throw keyError(
      "config.bad-value",
      "model.inputShape",
      "must be a list of whole numbers of 1 or more, such as [1, 8, 8]",
    );
  }
  const shape = written as number[];
  if (sizeOf(shape) !== inputs) {
    throw keyError(
      "model.shape",
      "model.inputShape",
      `is [${shape}], ${sizeOf(shape)} numbers, but a sample has ${inputs} features; change the shape, or the columns`,
    );
  }
  return [...shape];
}

/** A model whose output keeps several axes makes one prediction per position; the target is a single value. */
function requireOneAnswer(inputShape: number[], layers: Layer[], width: number): void {
  const units = unitsOf({ inputShape, layers });
  const { outputShape } = units[units.length - 1];
  if (outputShape.length === 1 && outputShape[0] === width) return;
  throw keyError(
    "model.shape",
    "model.layers",
    `turn a sample of shape [${inputShape}] into [${outputShape}], but the target takes [${width}]; put flatten or globalAveragePool before the last dense layer`,
  );
}

function isLeftOut(part: unknown): boolean {
  return part === null || part === undefined;
}

function lossFor(target: TargetDescription, written: unknown): Loss {
  const classifies = "classes" in target;
  if (isLeftOut(written)) return defaultLoss(target);
  const loss = lossFromDescription(written, "model.loss");
  const { target: holds } = lossKindOf(loss);
  if (classifies !== (holds !== "numbers")) {
    const fitting = classifies ? "softmaxCrossEntropy" : alternatives(lossesOfNumbers());
    const task = classifies ? "classes" : "a number";
    throw keyError("model.loss", "model.loss", `is ${loss.type} but the target is ${task}; use ${fitting}`);
  }
  if (classifies && isBinary(loss) && target.classes !== 2) {
    throw keyError(
      "model.loss",
      "model.loss",
      `is ${loss.type} but target.classes is ${target.classes}; use softmaxCrossEntropy`,
    );
  }
  return loss;
}

/** Names of the losses that take a number as target. */
const lossesOfNumbers = (): string[] =>
  Object.entries(lossKinds).flatMap(([name, { kind }]) => (kind.target === "numbers" ? [name] : []));

/** Whether the loss takes two classes as one probability. */
const isBinary = (loss: Loss): boolean => lossKindOf(loss).target === "probability";

function outputsFor(target: TargetDescription, loss: Loss): number {
  return "classes" in target && !isBinary(loss) ? target.classes : 1;
}

function layersFor(target: TargetDescription, written: unknown, width: number, loss: Loss): Layer[] {
  const layers = isLeftOut(written) ? defaultLayers() : layersFromDescription(written, "model.layers", width);
  const activation = activationUnder(loss);
  const last = layers.length - 1;
  if (layers[last]?.type === "dense") {
    requireWidth(target, layers, last, width);
    return activation ? [...layers, activation] : layers;
  }
  const answers = layers[last - 1]?.type === "dense";
  if (answers && isAnswer(layers[last], activation)) {
    requireWidth(target, layers, last - 1, width);
    return layers;
  }
  if (answers && layers[last].type === "softmax" && loss.type === "softmaxCrossEntropy") {
    throw keyError(
      "model.loss",
      `model.layers[${last}]`,
      `is softmax, but softmaxCrossEntropy takes logits and applies softmax itself; leave softmax out`,
    );
  }
  return [...layers, dense(width), ...(activation ? [activation] : [])];
}

/** The layer that must follow the last dense one for the loss to be right; null: none. */
function activationUnder(loss: Loss): Layer | null {
  const kind = lossKindOf(loss);
  return kind.target === "numbers" ? null : kind.layerBefore(loss);
}

/** Whether a layer after the last dense one is the activation that the loss expects. */
function isAnswer(layer: Layer, activation: Layer | null): boolean {
  return layer.type === (activation?.type ?? "identity");
}

function requireWidth(target: TargetDescription, layers: Layer[], index: number, width: number): void {
  const layer = layers[index];
  if (layer.type !== "dense" || layer.outputs === width) return;
  const needs = "classes" in target ? `${target.classes} classes` : "one number";
  throw keyError(
    "model.shape",
    `model.layers[${index}]`,
    `has ${layer.outputs} outputs but the target, ${needs}, takes ${width}; leave this layer out, which is then added`,
  );
}
