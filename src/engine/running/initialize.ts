import { kindOf } from "../layers/index.ts";
import type { Layer } from "../model/model.ts";
import type { Random } from "../model/random.ts";
import type { PlannedParameter } from "../planning/units.ts";

/**
 * Initial weights of dense layers and convolutions. `scaled`: by the activation that follows, biases 0. `uniform`:
 * weights and biases uniform within 1 / sqrt(fanIn), as in PyTorch. `zeros`: all 0, for a network without hidden
 * layers.
 */
export type InitialWeights = "scaled" | "uniform" | "zeros";

/**
 * Initializes a parameter. `scaled`: weights are uniform in [-bound, bound], before a (leaky) ReLU by He's scheme,
 * bound = sqrt(6 / ((1 + slope^2) fanIn)) (He et al., 2015), else by Glorot's, bound = sqrt(6 / (fanIn + fanOut))
 * (Glorot and Bengio, 2010). If the layer specifies a bound or a constant, that is used, except for the biases of
 * `uniform`.
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
  else fillUniform(values, scaledBound(initial.fanIn, initial.fanOut, activation), random);
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

function scaledBound(fanIn: number, fanOut: number, activation: Layer | null): number {
  if (activation && activation.type !== "residual") {
    const slope = kindOf(activation).slopeBelowZero?.(activation);
    if (slope !== undefined) return Math.sqrt(6 / ((1 + slope ** 2) * fanIn));
  }
  return Math.sqrt(6 / (fanIn + fanOut));
}
