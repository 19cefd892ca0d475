import { Operation } from "../kernels/operation.ts";
import type { Layer } from "../model/model.ts";
import { absent, type LayerContext, type LayerKind, lastAxis, sizeOf } from "./layer.ts";

type LayerNorm = Extract<Layer, { type: "layerNorm" }>;

const rowsOf = (shape: number[]) => sizeOf(shape) / lastAxis(shape);

/** [rows, 2]: mean and 1 / standard deviation of each row. */
const statisticsOf = ({ keep, inputShape }: LayerContext) => keep("statistics", [rowsOf(inputShape), 2]);

/** y = gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis of each sample (Ba et al., 2016). */
export const layerNorm: LayerKind<LayerNorm> = {
  outputShape: (_, inputShape) => inputShape,

  parameters(_, inputShape) {
    const shape = [lastAxis(inputShape)];
    return [
      { name: "weight", shape, stored: "as shaped", initial: { constant: 1 } },
      { name: "bias", shape, stored: "as shaped", initial: { constant: 0 } },
    ];
  },

  inPlace: false,
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
};
