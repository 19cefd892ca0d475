import { Operation, Scalar } from "../kernels/operation.ts";
import {
  emitMoments,
  type Moments,
  momentOptions,
  momentStates,
  powers,
  raiseBetas,
  usualMoments,
} from "./moments.ts";
import { type OptimizerKind, type OptionsOf, optimizer } from "./optimizer.ts";

export type Adam = { type: "adam" } & Moments;
export type AdamW = { type: "adamW" } & Moments;

/** Constants: beta1, beta2, decoupled weight decay. */
function writeStepScalars(constants: Float64Array, t: number, scalars: Float64Array): void {
  raiseBetas(constants, t);
  scalars[Scalar.Decay] = 1 - scalars[Scalar.StepSize] * constants[2];
  scalars[Scalar.StepSize] /= 1 - powers[0];
  scalars[Scalar.Correction] = 1 / Math.sqrt(1 - powers[1]);
}

const common = {
  options: momentOptions,
  states: momentStates,
  squares: ["secondMoment"],
  writeStepScalars,
  comparedRate: () => 0.01,
} satisfies Partial<OptimizerKind<Moments>>;

/**
 * Kingma and Ba, 2015: m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon). Weight decay is coupled (added to the gradient).
 */
export const adam = optimizer(
  (options: OptionsOf<Adam> = {}): Adam => ({ type: "adam", ...usualMoments, weightDecay: 0, ...options }),
  {
    title: "Adam; weight decay is added to the gradient",
    ...common,
    emitUpdate: (description, context) =>
      emitMoments(Operation.Adam, description, context, description.weightDecay),
    stepConstants: ({ beta1, beta2 }) => Float64Array.of(beta1, beta2, 0),
  },
);

/** Loshchilov and Hutter, 2019: Adam with weight decay decoupled from the gradient, w -= rate weightDecay w first. */
export const adamW = optimizer(
  (options: OptionsOf<AdamW> = {}): AdamW => ({
    type: "adamW",
    ...usualMoments,
    weightDecay: 0.01,
    ...options,
  }),
  {
    title: "Adam with decoupled weight decay",
    ...common,
    emitUpdate: (description, context) => emitMoments(Operation.Adam, description, context, 0),
    stepConstants: ({ beta1, beta2, weightDecay }) => Float64Array.of(beta1, beta2, weightDecay),
  },
);
