import * as kinds from "./kinds.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** An optimizer: how gradients update the weights. */
export type Optimizer = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/**
 * Every kind of optimizer by its name in `kinds.ts`. For each type there is one of that name; others, such as
 * `momentum`, make values of the same type with other defaults.
 */
export const optimizerKinds = kinds satisfies { [Name in Optimizer["type"]]: unknown };

/** Returns the kind of an optimizer. */
export function optimizerKindOf(optimizer: Optimizer): OptimizerKind<Optimizer> {
  return optimizerKinds[optimizer.type].kind as unknown as OptimizerKind<Optimizer>;
}
