import { Operation } from "../kernels/operation.ts";
import { fraction, option } from "../model/options.ts";
import { type LayerContext, layer, sizeOf } from "./layer.ts";

export type Dropout = { type: "dropout"; probability: number };

const create = (probability = 0.5): Dropout => ({ type: "dropout", probability });

/** [inputs] of 0 and 1 for each sample. */
const maskOf = ({ keep, inputShape }: LayerContext) => keep("mask", inputShape, { role: "mask" });

/**
 * Training: y = x mask / (1 - p), with each number of the mask 0 with `probability` p, else 1, drawn from the network's
 * seed. Evaluation: y = x (Srivastava et al., 2014).
 */
export const dropout = layer(create, {
  title: "Dropout, in training only",
  options: { probability: option("Probability that a number is set to 0", fraction) },
  alone: "probability",
  read: ({ probability }) => create(probability),
  outputShape: (_, inputShape) => inputShape,
  inPlace: true,
  isTransparent: true,
  hasModes: () => true,
  backwardReads: () => [],

  forward(layer, context) {
    const { emit, training, inputShape, input, output, givenMasks, scalars, key } = context;
    const count = sizeOf(inputShape);
    if (!training) {
      if (output.buffer !== input.buffer) emit(Operation.Copy, output, input, count);
      return;
    }
    const mask = maskOf(context);
    // At most the largest of 32 bits: a probability next to 1 would round to 2^32, whose bits are those of 0.
    const threshold = Math.min(Math.round(layer.probability * 2 ** 32), 2 ** 32 - 1);
    // As the bits of a 32-bit integer, which is what the operand is.
    if (!givenMasks) emit(Operation.DrawMask, mask, count, threshold | 0, key, scalars);
    emit(Operation.Mask, output, input, mask, count, { float: 1 / (1 - layer.probability) });
  },

  backward(layer, context) {
    const { emit, inputShape, outputGradient, inputGradient } = context;
    if (!inputGradient) return;
    const factor = { float: 1 / (1 - layer.probability) };
    emit(Operation.Mask, inputGradient, outputGradient, maskOf(context), sizeOf(inputShape), factor);
  },
});
