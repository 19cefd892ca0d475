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
import { type OptionsOf, optimizer } from "./optimizer.ts";

export type RAdam = { type: "radam" } & Moments;

const create = (options: OptionsOf<RAdam> = {}): RAdam => ({
  type: "radam",
  ...usualMoments,
  weightDecay: 0,
  ...options,
});

/**
 * Rectified Adam (Liu et al., 2020), which needs no warm-up: with m and v as in Adam, rho_inf = 2 / (1 - beta2) - 1 and
 * rho = rho_inf - 2 t beta2^t / (1 - beta2^t), the variance of the step is known well enough once rho is above 5. Then
 * w -= rate / (1 - beta1^t) m r sqrt(1 - beta2^t) / (sqrt(v) + epsilon) with
 * r^2 = (rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho); until then w -= rate / (1 - beta1^t) m.
 * Weight decay is coupled (added to the gradient).
 */
export const radam = optimizer(create, {
  title: "Rectified Adam: steps grow as the variance of the gradients becomes known",
  options: momentOptions,
  states: momentStates,
  squares: ["secondMoment"],
  emitUpdate: (description, context) =>
    emitMoments(Operation.RAdam, description, context, description.weightDecay),
  stepConstants: ({ beta1, beta2 }) => Float64Array.of(beta1, beta2),
  writeStepScalars(constants, t, scalars) {
    raiseBetas(constants, t);
    scalars[Scalar.StepSize] /= 1 - powers[0];
    const limit = 2 / (1 - constants[1]) - 1;
    const rho = limit - (2 * t * powers[1]) / (1 - powers[1]);
    scalars[Scalar.Correction] = rho > 5 ? 1 : 0;
    if (rho <= 5) return;
    const rectified = ((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho);
    scalars[Scalar.StepSize] *= Math.sqrt(rectified * (1 - powers[1]));
  },
  comparedRate: () => 0.01,
});
