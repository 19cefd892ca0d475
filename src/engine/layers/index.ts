import * as kinds from "./kinds.ts";
import type { LayerKind } from "./layer.ts";

/** Every kind of layer by its type, which is its name in `kinds.ts`; the compiler refuses another name. */
export const layerKinds = kinds satisfies {
  [Name in keyof typeof kinds]: (...options: never[]) => { type: Name };
};

/** A layer that is computed by itself: all but the residual block, whose layers `planning/passes.ts` plans. */
export type SingleLayer = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/** Returns the kind of a layer. */
export function kindOf(layer: SingleLayer): LayerKind<SingleLayer> {
  return layerKinds[layer.type].kind as unknown as LayerKind<SingleLayer>;
}
