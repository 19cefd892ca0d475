import * as kinds from "./kinds.ts";
import type { LossKind } from "./loss.ts";

/** Every kind of loss by its type, which is its name in `kinds.ts`; the compiler refuses another name. */
export const lossKinds = kinds satisfies {
  [Name in keyof typeof kinds]: (...options: never[]) => { type: Name };
};

/** What the network is to make small. */
export type Loss = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/** What the loss's kind does. */
export function lossKindOf(loss: Loss): LossKind<Loss> {
  return lossKinds[loss.type].kind as unknown as LossKind<Loss>;
}
