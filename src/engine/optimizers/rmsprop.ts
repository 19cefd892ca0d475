import { Operation } from "../kernels/operation.ts";
import { absent } from "../layers/layer.ts";
import { flag, fraction, option, positive } from "../model/options.ts";
import { type OptionsOf, optimizer, stepOptions } from "./optimizer.ts";

export type RmsProp = {
  type: "rmsprop";
  learningRate: number;
  smoothing: number;
  epsilon: number;
  momentum: number;
  centered: boolean;
  weightDecay: number;
};

const create = (options: OptionsOf<RmsProp> = {}): RmsProp => ({
  type: "rmsprop",
  learningRate: 0.01,
  smoothing: 0.99,
  epsilon: 1e-8,
  momentum: 0,
  centered: false,
  weightDecay: 0,
  ...options,
});

/**
 * Tieleman and Hinton, 2012; `smoothing` a is the decay of the running mean of squares: s = a s + (1 - a) g^2;
 * u = g / (sqrt(s) + epsilon), if `centered` with s minus the squared mean of g; w -= rate u, or with momentum
 * b = momentum b + u, w -= rate b.
 */
export const rmsprop = optimizer(create, {
  title: "RMSprop",
  options: {
    ...stepOptions,
    smoothing: option("Decay of the running mean of squared gradients", fraction),
    epsilon: option("Added to the divisor", positive),
    momentum: option("Momentum: share of the previous step that is added", fraction),
    centered: option("Centered: divide by the standard deviation of the gradients", flag),
  },
  states: ({ centered, momentum }) => [
    "squares",
    ...(centered ? ["mean"] : []),
    ...(momentum > 0 ? ["velocity"] : []),
  ],
  squares: ["squares"],
  emitUpdate(
    { weightDecay, smoothing, epsilon, momentum },
    { emit, parameters, gradients, states, count, scalars },
  ) {
    emit(
      Operation.RmsProp,
      parameters,
      gradients,
      states["squares"],
      states["mean"] ?? absent,
      states["velocity"] ?? absent,
      count,
      scalars,
      { float: weightDecay },
      { float: smoothing },
      { float: 1 - smoothing },
      { float: epsilon },
      { float: momentum },
    );
  },
  comparedRate: () => 0.01,
});
