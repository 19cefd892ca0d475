import { Operation, Scalar } from "../kernels/operation.ts";
import { notNegative, option, positive } from "../model/options.ts";
import { type OptionsOf, optimizer, stepOptions } from "./optimizer.ts";

export type Adagrad = {
  type: "adagrad";
  learningRate: number;
  learningRateDecay: number;
  initialAccumulator: number;
  epsilon: number;
  weightDecay: number;
};

const create = (options: OptionsOf<Adagrad> = {}): Adagrad => ({
  type: "adagrad",
  learningRate: 0.01,
  learningRateDecay: 0,
  initialAccumulator: 0,
  epsilon: 1e-10,
  weightDecay: 0,
  ...options,
});

/** Duchi, Hazan and Singer, 2011: s += g^2; w -= rate / (1 + (t - 1) learningRateDecay) g / (sqrt(s) + epsilon). */
export const adagrad = optimizer(create, {
  title: "Adagrad",
  options: {
    ...stepOptions,
    learningRateDecay: option("Decay of the learning rate with each update", notNegative),
    initialAccumulator: option("Initial value of the sums of squares", notNegative),
    epsilon: option("Added to the divisor", positive),
  },
  states: () => ["squares"],
  squares: ["squares"],
  initialState: ({ initialAccumulator }) => initialAccumulator,
  emitUpdate({ weightDecay, epsilon }, { emit, parameters, gradients, states, count, scalars }) {
    const rest = [{ float: weightDecay }, { float: epsilon }];
    emit(Operation.Adagrad, parameters, gradients, states["squares"], count, scalars, ...rest);
  },
  stepConstants: ({ learningRateDecay }) => Float64Array.of(learningRateDecay),
  writeStepScalars(constants, t, scalars) {
    scalars[Scalar.StepSize] /= 1 + (t - 1) * constants[0];
  },
  comparedRate: () => 0.1,
});
