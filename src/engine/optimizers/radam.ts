import { Operation, Scalar } from "../kernels/operation.ts";
import { fraction, option, positive } from "../model/options.ts";
import { raiseToPower } from "../model/power.ts";
import { type OptionsOf, optimizer, stepOptions } from "./optimizer.ts";

export type RAdam = {
  type: "radam";
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
};

const create = (options: OptionsOf<RAdam> = {}): RAdam => ({
  type: "radam",
  learningRate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  ...options,
});

/** [1]: in which powers are computed. */
const power = new Float64Array(1);

/**
 * Rectified Adam (Liu et al., 2020), which needs no warm-up: with m and v as in Adam, rho_inf = 2 / (1 - beta2) - 1 and
 * rho = rho_inf - 2 t beta2^t / (1 - beta2^t), the variance of the step is known well enough once rho is above 5. Then
 * w -= rate / (1 - beta1^t) m r sqrt(1 - beta2^t) / (sqrt(v) + epsilon) with
 * r^2 = (rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho); until then w -= rate / (1 - beta1^t) m.
 * Weight decay is coupled (added to the gradient).
 */
export const radam = optimizer(create, {
  title: "Adam whose step grows as the variance of the gradients becomes known",
  options: {
    ...stepOptions,
    beta1: option("Decay of the running mean of gradients", fraction),
    beta2: option("Decay of the running mean of their squares", fraction),
    epsilon: option("Added to the divisor", positive),
  },
  states: () => ["firstMoment", "secondMoment"],
  emitUpdate(
    { weightDecay, beta1, beta2, epsilon },
    { emit, parameters, gradients, states, count, scalars },
  ) {
    emit(
      Operation.RAdam,
      parameters,
      gradients,
      states["firstMoment"],
      states["secondMoment"],
      count,
      scalars,
      { float: weightDecay },
      { float: beta1 },
      { float: 1 - beta1 },
      { float: beta2 },
      { float: 1 - beta2 },
      { float: epsilon },
    );
  },
  stepConstants: ({ beta1, beta2 }) => Float64Array.of(beta1, beta2),
  writeStepScalars(constants, t, scalars) {
    power[0] = constants[0];
    raiseToPower(power, t);
    scalars[Scalar.StepSize] /= 1 - power[0];
    power[0] = constants[1];
    raiseToPower(power, t);
    const limit = 2 / (1 - constants[1]) - 1;
    const rho = limit - (2 * t * power[0]) / (1 - power[0]);
    scalars[Scalar.Correction] = rho > 5 ? 1 : 0;
    if (rho <= 5) return;
    const rectified = ((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho);
    scalars[Scalar.StepSize] *= Math.sqrt(rectified * (1 - power[0]));
  },
  comparedRate: () => 0.01,
});
