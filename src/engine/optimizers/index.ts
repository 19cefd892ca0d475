import * as kinds from "./kinds.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** How a gradient becomes an update. */
export type Optimizer = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/**
 * Every kind of optimizer by its name in `kinds.ts`. For each type there is one of that name; others, such as
 * `momentum`, make values of the same type with other defaults.
 */
export const optimizerKinds = kinds satisfies { [Name in Optimizer["type"]]: unknown };

/** What the optimizer's kind does. */
export function optimizerKindOf(optimizer: Optimizer): OptimizerKind<Optimizer> {
  return optimizerKinds[optimizer.type].kind as unknown as OptimizerKind<Optimizer>;
}
