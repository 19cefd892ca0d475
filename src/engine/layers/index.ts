import * as kinds from "./kinds.ts";
import type { LayerKind } from "./layer.ts";

/** Every kind of layer by its type, which is its name in `kinds.ts`; the compiler refuses another name. */
export const layerKinds = kinds satisfies {
  [Name in keyof typeof kinds]: (...options: never[]) => { type: Name };
};

/** A layer that is computed by itself: every one but the residual block, which `planning/passes.ts` takes apart. */
export type SingleLayer = ReturnType<(typeof kinds)[keyof typeof kinds]>;

/** What the layer's kind does. */
export function kindOf(layer: SingleLayer): LayerKind<SingleLayer> {
  return layerKinds[layer.type].kind as unknown as LayerKind<SingleLayer>;
}
