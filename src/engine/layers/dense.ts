import { Operation } from "../kernels/operation.ts";
import type { Layer } from "../model.ts";
import { absent, type LayerKind, lastAxis, sizeOf } from "./layer.ts";

type Dense = Extract<Layer, { type: "dense" }>;

/** `y = x W^T + b` on the last axis, whatever stands before it. W is kept as [inputs, outputs]. */
export const dense: LayerKind<Dense> = {
  outputShape(layer, inputShape) {
    return [...inputShape.slice(0, -1), layer.outputs];
  },

  parameters(layer, inputShape) {
    const inputs = lastAxis(inputShape);
    const weight = {
      name: "weight",
      shape: [layer.outputs, inputs],
      stored: "transposed" as const,
      initial: { fanIn: inputs, fanOut: layer.outputs },
    };
    if (!layer.bias) return [weight];
    return [weight, { name: "bias", shape: [layer.outputs], stored: "as shaped", initial: { constant: 0 } }];
  },

  backwardReads: "input",
  inPlace: false,

  forward(layer, { emit, inputShape, input, output, parameters }) {
    const inputs = lastAxis(inputShape);
    const rows = sizeOf(inputShape) / inputs;
    const bias = parameters["bias"] ?? absent;
    emit(Operation.DenseForward, output, input, parameters["weight"], bias, inputs, layer.outputs, rows);
  },

  backward(layer, context) {
    const { emit, inputShape, input, outputGradient, inputGradient, parameters, gradients } = context;
    const inputs = lastAxis(inputShape);
    const outputs = layer.outputs;
    const rows = sizeOf(inputShape) / inputs;
    if (inputGradient) {
      const weight = parameters["weight"];
      emit(Operation.DenseInputGradient, inputGradient, outputGradient, weight, inputs, outputs, rows);
    }
    const weight = gradients["weight"];
    emit(Operation.DenseWeightGradient, weight, input, outputGradient, inputs, outputs, rows);
    if (layer.bias) emit(Operation.DenseBiasGradient, gradients["bias"], outputGradient, outputs, rows);
  },
};
