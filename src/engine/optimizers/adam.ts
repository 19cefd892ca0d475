import { Operation, Scalar } from "../kernels/operation.ts";
import { fraction, option, positive } from "../model/options.ts";
import { raiseToPower } from "../model/power.ts";
import {
  type OptimizerKind,
  type OptionsOf,
  optimizer,
  stepOptions,
  type UpdateContext,
} from "./optimizer.ts";

type Moments = {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
};

export type Adam = { type: "adam" } & Moments;
export type AdamW = { type: "adamW" } & Moments;

const usual = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Emits Adam's update with the given coupled weight decay. */
function emitAdam(
  { beta1, beta2, epsilon }: Moments,
  { emit, parameters, gradients, states, count, scalars }: UpdateContext,
  coupledDecay: number,
): void {
  emit(
    Operation.Adam,
    parameters,
    gradients,
    states["firstMoment"],
    states["secondMoment"],
    count,
    scalars,
    { float: coupledDecay },
    { float: beta1 },
    { float: 1 - beta1 },
    { float: beta2 },
    { float: 1 - beta2 },
    { float: epsilon },
  );
}

/** [1]: in which powers are computed. */
const power = new Float64Array(1);

/** Constants: beta1, beta2, decoupled weight decay. */
function writeStepScalars(constants: Float64Array, t: number, scalars: Float64Array): void {
  scalars[Scalar.Decay] = 1 - scalars[Scalar.StepSize] * constants[2];
  power[0] = constants[0];
  raiseToPower(power, t);
  scalars[Scalar.StepSize] /= 1 - power[0];
  power[0] = constants[1];
  raiseToPower(power, t);
  scalars[Scalar.Correction] = 1 / Math.sqrt(1 - power[0]);
}

const common = {
  options: {
    ...stepOptions,
    beta1: option("Decay of the running mean of gradients", fraction),
    beta2: option("Decay of the running mean of their squares", fraction),
    epsilon: option("Added to the divisor", positive),
  },
  states: () => ["firstMoment", "secondMoment"],
  writeStepScalars,
  comparedRate: () => 0.01,
} satisfies Partial<OptimizerKind<Moments>>;

/**
 * Kingma and Ba, 2015: m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon). Weight decay is coupled (added to the gradient).
 */
export const adam = optimizer(
  (options: OptionsOf<Adam> = {}): Adam => ({ type: "adam", ...usual, weightDecay: 0, ...options }),
  {
    title: "Adam; weight decay is added to the gradient",
    ...common,
    emitUpdate: (description, context) => emitAdam(description, context, description.weightDecay),
    stepConstants: ({ beta1, beta2 }) => Float64Array.of(beta1, beta2, 0),
  },
);

/** Loshchilov and Hutter, 2019: Adam with weight decay decoupled from the gradient, w -= rate weightDecay w first. */
export const adamW = optimizer(
  (options: OptionsOf<AdamW> = {}): AdamW => ({ type: "adamW", ...usual, weightDecay: 0.01, ...options }),
  {
    title: "Adam with decoupled weight decay",
    ...common,
    emitUpdate: (description, context) => emitAdam(description, context, 0),
    stepConstants: ({ beta1, beta2, weightDecay }) => Float64Array.of(beta1, beta2, weightDecay),
  },
);
