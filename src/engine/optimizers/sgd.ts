import { Operation, Scalar } from "../kernels/operation.ts";
import { flag, fraction, option } from "../model/options.ts";
import { type OptionsOf, optimizer, stepOptions } from "./optimizer.ts";

export type Sgd = {
  type: "sgd";
  learningRate: number;
  momentum: number;
  dampening: number;
  nesterov: boolean;
  weightDecay: number;
};

const create = (options: OptionsOf<Sgd> = {}): Sgd => ({
  type: "sgd",
  learningRate: 0.01,
  momentum: 0,
  dampening: 0,
  nesterov: false,
  weightDecay: 0,
  ...options,
});

/**
 * Gradient descent: w -= rate g. With momentum b = momentum b + (1 - dampening) g (b = g at first), then w -= rate b,
 * or with Nesterov's look-ahead w -= rate (g + momentum b).
 */
export const sgd = optimizer(create, {
  title: "Gradient descent",
  options: {
    ...stepOptions,
    momentum: option("Momentum: share of the previous step that is added", fraction),
    dampening: option("Dampening: share of the gradient that momentum leaves out", fraction),
    nesterov: option("Nesterov's momentum: take the gradient ahead of the weights", flag),
  },
  states: ({ momentum: share }) => (share > 0 ? ["velocity"] : []),
  emitUpdate({ weightDecay, momentum: share, nesterov: looksAhead }, context) {
    const { emit, parameters, gradients, states, count, scalars } = context;
    const decay = { float: weightDecay };
    if (share === 0) {
      emit(Operation.GradientDescent, parameters, gradients, count, scalars, decay);
      return;
    }
    const rest = [decay, { float: share }, looksAhead ? 1 : 0];
    emit(Operation.Momentum, parameters, gradients, states["velocity"], count, scalars, ...rest);
  },
  stepConstants: ({ dampening }) => Float64Array.of(dampening),
  writeStepScalars(constants, t, scalars) {
    scalars[Scalar.Correction] = t === 1 ? 1 : 1 - constants[0];
  },
});

/** Momentum 0.9 makes steps up to ten times as long. */
const tenth = (descentRate: number) => Number((descentRate / 10).toPrecision(3));

/** Gradient descent with momentum 0.9 (Polyak's heavy ball). */
export const momentum = optimizer((options: OptionsOf<Sgd> = {}) => create({ momentum: 0.9, ...options }), {
  ...sgd.kind,
  title: "Gradient descent with momentum 0.9",
  comparedRate: tenth,
});

/** Gradient descent with Nesterov's momentum 0.9. */
export const nesterov = optimizer(
  (options: OptionsOf<Sgd> = {}) => create({ momentum: 0.9, nesterov: true, ...options }),
  { ...sgd.kind, title: "Gradient descent with Nesterov's momentum 0.9", comparedRate: tenth },
);
