import { Operation } from "../kernels/operation.ts";
import { flag, frozen, option, wholePositive } from "../model/options.ts";
import { absent, type Frozen, frozenIn, lastAxis, layer, sizeOf } from "./layer.ts";

export type Dense = { type: "dense"; outputs: number; bias: boolean; frozen?: Frozen };

function create(outputs: number, options: { bias?: boolean; frozen?: Frozen } = {}): Dense {
  return { type: "dense", outputs, bias: options.bias ?? true, ...frozenIn(options) };
}

/** Fully connected layer: y = x W^T + b with `outputs` outputs, on the last axis. W is stored as [inputs, outputs]. */
export const dense = layer(create, {
  title: "Fully connected layer",
  options: {
    outputs: option("Number of outputs", wholePositive),
    bias: option("Add a trained bias to each output", flag),
    frozen,
  },
  alone: "outputs",
  read: ({ outputs, ...options }) => create(outputs, options),

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

  inPlace: false,
  updatesInStrips: "weight",
  backwardReads: (_, trained) => (trained.includes("weight") ? ["input"] : []),

  forward(layer, { emit, inputShape, input, output, parameters }) {
    const inputs = lastAxis(inputShape);
    const bias = parameters["bias"] ?? absent;
    const rows = sizeOf(inputShape) / inputs;
    emit(Operation.DenseForward, output, input, parameters["weight"], bias, inputs, layer.outputs, rows);
  },

  backward(layer, { emit, inputShape, outputGradient, inputGradient, parameters }) {
    if (!inputGradient) return;
    const inputs = lastAxis(inputShape);
    const weight = parameters["weight"];
    const rows = sizeOf(inputShape) / inputs;
    emit(Operation.DenseInputGradient, inputGradient, outputGradient, weight, inputs, layer.outputs, rows);
  },

  gradients(layer, { emit, inputShape, input, outputGradient, gradients }) {
    const inputs = lastAxis(inputShape);
    const rows = sizeOf(inputShape) / inputs;
    const { weight, bias } = gradients;
    if (weight) {
      emit(Operation.DenseWeightGradient, weight, input, outputGradient, inputs, layer.outputs, rows);
    }
    if (bias) emit(Operation.DenseBiasGradient, bias, outputGradient, layer.outputs, rows);
  },

  requireBounded(_, { emit, inputShape, outputShape, input, outputGradient, gradients }) {
    const rows = sizeOf(inputShape) / lastAxis(inputShape);
    const [inputs, outputs] = [sizeOf(inputShape), sizeOf(outputShape)];
    const { weight, bias } = gradients;
    if (weight) emit(Operation.RequireBounded, input, inputs, outputGradient, outputs, rows);
    if (bias) emit(Operation.RequireBounded, outputGradient, outputs, absent, 0, rows);
  },
});
