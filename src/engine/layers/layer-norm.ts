import { Operation } from "../kernels/operation.ts";
import { frozen, option, positive } from "../model/options.ts";
import { absent, type Frozen, frozenIn, type LayerContext, lastAxis, layer, sizeOf } from "./layer.ts";

export type LayerNorm = { type: "layerNorm"; epsilon: number; frozen?: Frozen };

function create(options: { epsilon?: number; frozen?: Frozen } = {}): LayerNorm {
  return { type: "layerNorm", epsilon: options.epsilon ?? 1e-5, ...frozenIn(options) };
}

const rowsOf = (shape: number[]) => sizeOf(shape) / lastAxis(shape);

/** [rows, 2]: mean and 1 / standard deviation of each row. */
const statisticsOf = ({ keep, inputShape }: LayerContext) => keep("statistics", [rowsOf(inputShape), 2]);

/**
 * Normalizes the last axis of each sample, in training and evaluation alike (Ba, Kiros and Hinton, 2016):
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
 */
export const layerNorm = layer(create, {
  title: "Layer normalization along the last axis",
  options: { epsilon: option("Added to the variance", positive), frozen },

  outputShape: (_, inputShape) => inputShape,

  parameters(_, inputShape) {
    const shape = [lastAxis(inputShape)];
    return [
      { name: "weight", shape, stored: "as shaped", initial: { constant: 1 } },
      { name: "bias", shape, stored: "as shaped", initial: { constant: 0 } },
    ];
  },

  inPlace: false,
  isTransparent: true,
  backwardReads: () => ["input"],

  forward(layer, context) {
    const { emit, inputShape, input, output, parameters } = context;
    const { weight, bias } = parameters;
    const width = lastAxis(inputShape);
    const epsilon = { float: layer.epsilon };
    const statistics = statisticsOf(context);
    emit(
      Operation.LayerNormForward,
      output,
      input,
      statistics,
      weight,
      bias,
      width,
      rowsOf(inputShape),
      epsilon,
    );
  },

  backward(_, context) {
    const { emit, inputShape, input, outputGradient, inputGradient, parameters } = context;
    if (!inputGradient) return;
    const { weight } = parameters;
    const statistics = statisticsOf(context);
    const width = lastAxis(inputShape);
    emit(
      Operation.LayerNormBackward,
      inputGradient,
      outputGradient,
      input,
      statistics,
      weight,
      width,
      rowsOf(inputShape),
    );
  },

  gradients(_, context) {
    const { emit, inputShape, input, outputGradient, gradients } = context;
    const statistics = statisticsOf(context);
    const width = lastAxis(inputShape);
    emit(
      Operation.LayerNormGradients,
      gradients["weight"] ?? absent,
      gradients["bias"] ?? absent,
      outputGradient,
      input,
      statistics,
      width,
      rowsOf(inputShape),
    );
  },
});
