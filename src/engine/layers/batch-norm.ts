import { Operation } from "../kernels/operation.ts";
import { frozen, option, positive, share } from "../model/options.ts";
import { type Frozen, frozenIn, type LayerContext, layer, sizeOf } from "./layer.ts";

export type BatchNorm = { type: "batchNorm"; epsilon: number; momentum: number; frozen?: Frozen };

function create(options: { epsilon?: number; momentum?: number; frozen?: Frozen } = {}): BatchNorm {
  const { epsilon = 1e-5, momentum = 0.1 } = options;
  return { type: "batchNorm", epsilon, momentum, ...frozenIn(options) };
}

/** [3, channels]: mean, 1 / standard deviation, unbiased variance of the batch. */
const statisticsOf = ({ keep, inputShape }: LayerContext) =>
  keep("statistics", [3, inputShape[0]], { perSample: false });

/** [2, channels]: sums over the batch of gradient times normalized input, and of the gradient. */
const sumsOf = ({ keep, inputShape }: LayerContext) =>
  keep("sums", [2, inputShape[0]], { perSample: false, role: "activation gradient" });

/** If both parameters are frozen, the running statistics are constant too, and are used in training as well. */
const isFixed = (layer: BatchNorm) => layer.frozen === true;

const positionsOf = (shape: number[]) => sizeOf(shape) / shape[0];

/**
 * Normalizes each channel (the first axis of a sample) over the batch and all positions, and keeps running statistics
 * for evaluation (Ioffe and Szegedy, 2015): y = gamma (x - mean) / sqrt(variance + epsilon) + beta. A single value per
 * channel has no variance: then the running statistics are used.
 */
export const batchNorm = layer(create, {
  title: "Batch normalization of each channel",
  options: {
    epsilon: option("Added to the variance", positive),
    momentum: option("Weight of the newest batch in the running statistics", share),
    frozen,
  },

  outputShape: (_, inputShape) => inputShape,

  parameters: (_, [channels]) => [
    { name: "weight", shape: [channels], stored: "as shaped", initial: { constant: 1 } },
    { name: "bias", shape: [channels], stored: "as shaped", initial: { constant: 0 } },
  ],

  states: (_, [channels]) => [
    { name: "running_mean", shape: [channels], perSample: false, initial: 0 },
    { name: "running_var", shape: [channels], perSample: false, initial: 1, isVariance: true },
  ],

  inPlace: false,
  isTransparent: true,
  hasModes: (description) => !isFixed(description),
  mixesRows: (description, training) =>
    training && !isFixed(description)
      ? "normalizes by the whole batch, which shards would cut; leave shards and workers out, freeze the layer, or use layerNorm"
      : null,
  backwardReads: (layer) => (isFixed(layer) ? [] : ["input"]),

  forward(layer, context) {
    const { emit, training, inputShape, input, output, parameters, states } = context;
    const shared = [parameters["weight"], parameters["bias"], states["running_mean"], states["running_var"]];
    const rest = [inputShape[0], positionsOf(inputShape), { float: layer.epsilon }];
    if (training && !isFixed(layer)) {
      emit(Operation.BatchNormForward, output, input, statisticsOf(context), ...shared, ...rest);
    } else {
      emit(Operation.BatchNormEvaluate, output, input, ...shared, ...rest);
    }
  },

  backward(layer, context) {
    const { emit, inputShape, input, outputGradient, inputGradient, parameters, states } = context;
    const channels = inputShape[0];
    const positions = positionsOf(inputShape);
    const gamma = parameters["weight"];
    if (!isFixed(layer)) {
      const statistics = statisticsOf(context);
      const sums = sumsOf(context);
      const asked = inputGradient ?? 0;
      emit(
        Operation.BatchNormBackward,
        asked,
        outputGradient,
        input,
        statistics,
        gamma,
        sums,
        channels,
        positions,
      );
    } else if (inputGradient) {
      const variance = states["running_var"];
      const epsilon = { float: layer.epsilon };
      emit(
        Operation.BatchNormEvaluateBackward,
        inputGradient,
        outputGradient,
        gamma,
        variance,
        channels,
        positions,
        epsilon,
      );
    }
  },

  gradients(_, context) {
    const { emit, inputShape, gradients } = context;
    const channels = inputShape[0];
    const sums = sumsOf(context);
    const { weight, bias } = gradients;
    if (weight) emit(Operation.Accumulate, weight, sums, channels);
    if (bias) emit(Operation.Accumulate, bias, { ...sums, offset: 4 * channels }, channels);
  },

  commit(layer, context) {
    if (isFixed(layer)) return;
    const { emit, inputShape, states } = context;
    emit(
      Operation.BatchNormCommit,
      states["running_mean"],
      states["running_var"],
      statisticsOf(context),
      inputShape[0],
      positionsOf(inputShape),
      { float: layer.momentum },
    );
  },
});
