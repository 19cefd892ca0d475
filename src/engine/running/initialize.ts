import { kindOf } from "../layers/index.ts";
import type { InitialWeights, Layer } from "../model/model.ts";
import type { Random } from "../model/random.ts";
import type { PlannedParameter } from "../planning/units.ts";

/**
 * Initializes a parameter by a scheme. If the layer specifies a bound or a constant, that is used, except for the biases
 * of `uniform`.
 * @param fanIn of the weights that the parameter belongs to; null if they have none
 */
export function initialize(
  values: Float32Array,
  { name, initial, activation }: PlannedParameter,
  random: Random,
  scheme: InitialWeights,
  fanIn: number | null,
): void {
  const isDrawn = "fanIn" in initial || (name === "bias" && fanIn !== null);
  if (scheme === "zeros" && isDrawn) values.fill(0);
  else if (scheme === "uniform" && isDrawn) fillUniform(values, 1 / Math.sqrt(fanIn!), random);
  else if ("constant" in initial) values.fill(initial.constant);
  else if ("bound" in initial) fillUniform(values, initial.bound, random);
  else fillUniform(values, boundOf(scheme, initial, slopeBelowZero(activation)), random);
}

/** Returns the inputs of one unit of the parameter's layer; null if its initial weights do not depend on them. */
export function siblingFanIn(
  { fullName, name }: PlannedParameter,
  parameters: readonly PlannedParameter[],
): number | null {
  const path = fullName.slice(0, fullName.length - name.length);
  const weight = parameters.find((other) => other.fullName === `${path}weight`);
  return weight && "fanIn" in weight.initial ? weight.initial.fanIn : null;
}

function fillUniform(values: Float32Array, bound: number, random: Random): void {
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound;
}

/** Slope below zero of a (leaky) ReLU; null for any other activation, or none. */
function slopeBelowZero(activation: Layer | null): number | null {
  if (activation === null || activation.type === "residual") return null;
  return kindOf(activation).slopeBelowZero?.(activation) ?? null;
}

/**
 * Bound of the uniform distribution: He's sqrt(6 / ((1 + slope^2) fanIn)), where the slope of no ReLU is 1 (He et al.,
 * 2015), or Glorot's sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
 */
function boundOf(
  scheme: InitialWeights,
  { fanIn, fanOut }: { fanIn: number; fanOut: number },
  slope: number | null,
): number {
  const isHe = scheme === "he" || (scheme === "scaled" && slope !== null);
  return Math.sqrt(isHe ? 6 / ((1 + (slope ?? 1) ** 2) * fanIn) : 6 / (fanIn + fanOut));
}
