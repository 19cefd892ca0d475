import * as kinds from "./kinds.ts";
import type { LossKind } from "./loss.ts";

/** Every kind of loss by its type, which is its name in `kinds.ts`; the compiler refuses another name. */
export const lossKinds = kinds satisfies {
  [Name in keyof typeof kinds]: (...options: never[]) => { type: Name };
};

/** A loss: what training minimizes. */
export type Loss = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/** Returns the kind of a loss. */
export function lossKindOf(loss: Loss): LossKind<Loss> {
  return lossKinds[loss.type].kind as unknown as LossKind<Loss>;
}
