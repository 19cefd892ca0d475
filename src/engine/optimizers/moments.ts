/** What Adam and its kin share: running means of gradients and of their squares, and how an update reads them. */
import type { Operation } from "../kernels/operation.ts";
import { fraction, option, positive } from "../model/options.ts";
import { raiseToPower } from "../model/power.ts";
import { stepOptions, type UpdateContext } from "./optimizer.ts";

export type Moments = {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
};

export const usualMoments = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export const momentOptions = {
  ...stepOptions,
  beta1: option("Decay of the running mean of gradients", fraction),
  beta2: option("Decay of the running mean of their squares", fraction),
  epsilon: option("Added to the divisor", positive),
};

export const momentStates = () => ["firstMoment", "secondMoment"];

/** Emits an update that reads both means. `coupledDecay`: weight decay that is added to the gradient. */
export function emitMoments(
  operation: Operation.Adam | Operation.RAdam,
  { beta1, beta2, epsilon }: Moments,
  { emit, parameters, gradients, states, count, scalars }: UpdateContext,
  coupledDecay: number,
): void {
  emit(
    operation,
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

/** [beta1^t, beta2^t] of the update that is being prepared: an array, because V8 would allocate returned numbers. */
export const powers: Float64Array = new Float64Array(2);

/** Writes beta1^t and beta2^t, of constants that begin with beta1 and beta2, into `powers`. */
export function raiseBetas(constants: Float64Array, t: number): void {
  for (let i = 0; i < 2; i++) {
    power[0] = constants[i];
    raiseToPower(power, t);
    powers[i] = power[0];
  }
}

/** [1]: in which powers are computed. */
const power = new Float64Array(1);
