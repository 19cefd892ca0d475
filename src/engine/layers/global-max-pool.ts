import { Operation } from "../kernels/operation.ts";
import { type LayerContext, layer, type Operand, type Pair } from "./layer.ts";
import { packed, reducedToChannels, sidesOf } from "./window.ts";

const step: Pair = [1, 1];

/** Channels, size, kernel and stride of a pool whose only window is a whole channel. */
function wholeChannels(inputShape: number[]): Operand[] {
  const size = packed(sidesOf(inputShape));
  return [inputShape[0], size, size, packed(step)];
}

/** Index of the largest element of each channel. */
const winners = ({ keep, outputShape }: LayerContext) => keep("index", outputShape, { dtype: "i32" });

/** Maximum of each channel: [channels, ...] becomes [channels]. The first of equal elements receives the gradient. */
export const globalMaxPool = layer((): { type: "globalMaxPool" } => ({ type: "globalMaxPool" }), {
  title: "Largest number of each channel",
  options: {},
  outputShape: (_, inputShape) => reducedToChannels(inputShape),
  inPlace: false,
  backwardReads: () => [],
  forward(_, context) {
    const { emit, inputShape, input, output } = context;
    emit(Operation.MaxPoolForward, output, winners(context), input, ...wholeChannels(inputShape));
  },
  backward(_, context) {
    const { emit, inputShape, outputGradient, inputGradient } = context;
    if (!inputGradient) return;
    const rest = wholeChannels(inputShape);
    emit(Operation.MaxPoolBackward, inputGradient, outputGradient, winners(context), ...rest);
  },
});
