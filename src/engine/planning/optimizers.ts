import { Operation, Scalar } from "../kernels/operation.ts";
import { absent, type BufferReference, type Emit } from "../layers/layer.ts";
import type { Optimizer } from "../model/model.ts";
import { raiseToPower } from "../model/power.ts";

/** Names of the numbers an optimizer keeps for every weight. */
export function optimizerStates(optimizer: Optimizer): string[] {
  switch (optimizer.type) {
    case "sgd":
      return optimizer.momentum > 0 ? ["velocity"] : [];
    case "adagrad":
      return ["squares"];
    case "rmsprop": {
      const states = ["squares"];
      if (optimizer.centered) states.push("mean");
      if (optimizer.momentum > 0) states.push("velocity");
      return states;
    }
    case "adam":
    case "adamW":
      return ["firstMoment", "secondMoment"];
  }
}

/** What the state of the given name starts from. */
export function initialState(optimizer: Optimizer, name: string): number {
  return optimizer.type === "adagrad" && name === "squares" ? optimizer.initialAccumulator : 0;
}

/** Emits the update of `count` weights (a multiple of 4) that stand together, as their gradients and states do. */
export function emitUpdate(
  optimizer: Optimizer,
  emit: Emit,
  parameters: BufferReference,
  gradients: BufferReference,
  states: Record<string, BufferReference>,
  count: number,
  scalars: BufferReference,
): void {
  const weightDecay = { float: optimizer.weightDecay };
  switch (optimizer.type) {
    case "sgd": {
      if (optimizer.momentum === 0) {
        emit(Operation.GradientDescent, parameters, gradients, count, scalars, weightDecay);
        return;
      }
      const velocity = states["velocity"];
      const nesterov = optimizer.nesterov ? 1 : 0;
      const momentum = { float: optimizer.momentum };
      emit(
        Operation.Momentum,
        parameters,
        gradients,
        velocity,
        count,
        scalars,
        weightDecay,
        momentum,
        nesterov,
      );
      return;
    }
    case "adagrad": {
      const epsilon = { float: optimizer.epsilon };
      const squares = states["squares"];
      emit(Operation.Adagrad, parameters, gradients, squares, count, scalars, weightDecay, epsilon);
      return;
    }
    case "rmsprop":
      emit(
        Operation.RmsProp,
        parameters,
        gradients,
        states["squares"],
        states["mean"] ?? absent,
        states["velocity"] ?? absent,
        count,
        scalars,
        weightDecay,
        { float: optimizer.smoothing },
        { float: 1 - optimizer.smoothing },
        { float: optimizer.epsilon },
        { float: optimizer.momentum },
      );
      return;
    case "adam":
    case "adamW":
      emit(
        Operation.Adam,
        parameters,
        gradients,
        states["firstMoment"],
        states["secondMoment"],
        count,
        scalars,
        optimizer.type === "adam" ? weightDecay : { float: 0 },
        { float: optimizer.beta1 },
        { float: 1 - optimizer.beta1 },
        { float: optimizer.beta2 },
        { float: 1 - optimizer.beta2 },
        { float: optimizer.epsilon },
      );
      return;
  }
}

/** [1]: where powers are taken. */
const power = new Float64Array(1);

/**
 * The numbers of an optimizer that `writeStepScalars` needs, in the order in which it takes them. They are read from
 * here at every update: V8 puts a number on the heap that it reads from objects of several shapes.
 */
export function stepConstants(optimizer: Optimizer): Float64Array {
  switch (optimizer.type) {
    case "sgd":
      return Float64Array.of(optimizer.dampening);
    case "adagrad":
      return Float64Array.of(optimizer.learningRateDecay);
    case "rmsprop":
      return new Float64Array(0);
    case "adam":
      return Float64Array.of(optimizer.beta1, optimizer.beta2, 0);
    case "adamW":
      return Float64Array.of(optimizer.beta1, optimizer.beta2, optimizer.weightDecay);
  }
}

/**
 * Turns the learning rate, which stands in `Scalar.StepSize` of the arena's scalars, into all that changes from update
 * to update. `constants` are those of the optimizer, `t` counts updates from 1.
 */
export function writeStepScalars(
  type: Optimizer["type"],
  constants: Float64Array,
  t: number,
  scalars: Float64Array,
): void {
  switch (type) {
    case "sgd":
      scalars[Scalar.Correction] = t === 1 ? 1 : 1 - constants[0];
      break;
    case "adagrad":
      scalars[Scalar.StepSize] /= 1 + (t - 1) * constants[0];
      break;
    case "adam":
    case "adamW":
      scalars[Scalar.Decay] = 1 - scalars[Scalar.StepSize] * constants[2];
      power[0] = constants[0];
      raiseToPower(power, t);
      scalars[Scalar.StepSize] /= 1 - power[0];
      power[0] = constants[1];
      raiseToPower(power, t);
      scalars[Scalar.Correction] = 1 / Math.sqrt(1 - power[0]);
      break;
  }
}
