import { kindOf } from "../layers/index.ts";
import type { Layer } from "../model/model.ts";
import type { Random } from "../model/random.ts";
import type { PlannedParameter } from "../planning/units.ts";

/**
 * Fills a parameter with what it starts from. Weights are uniform in [-bound, bound]: before a (leaky) ReLU
 * He's scheme, bound = sqrt(6 / ((1 + slope^2) fanIn)) (He et al., 2015); else Glorot's,
 * bound = sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010); or within the bound that the layer says. Biases of
 * dense layers and convolutions start at 0.
 */
export function initialize(
  values: Float32Array,
  { initial, activation }: PlannedParameter,
  random: Random,
): void {
  if ("constant" in initial) {
    values.fill(initial.constant);
    return;
  }
  const bound = "bound" in initial ? initial.bound : boundFor(initial.fanIn, initial.fanOut, activation);
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound;
}

function boundFor(fanIn: number, fanOut: number, activation: Layer | null): number {
  if (activation && activation.type !== "residual") {
    const slope = kindOf(activation).slopeBelowZero?.(activation);
    if (slope !== undefined) return Math.sqrt(6 / ((1 + slope ** 2) * fanIn));
  }
  return Math.sqrt(6 / (fanIn + fanOut));
}
