import type { Layer } from "../model.ts";
import { identity, leakyRelu, logSoftmax, relu, sigmoid, softmax, tanh } from "./activation.ts";
import { dense } from "./dense.ts";
import type { LayerKind } from "./layer.ts";

/** Every kind of layer by its type. A new layer is one file and one line here. */
const kinds: { [Kind in Layer["type"]]: LayerKind<Extract<Layer, { type: Kind }>> } = {
  dense,
  identity,
  sigmoid,
  tanh,
  relu,
  leakyRelu,
  softmax,
  logSoftmax,
};

/** What the layer's kind does. */
export function kindOf(layer: Layer): LayerKind<Layer> {
  return kinds[layer.type] as LayerKind<Layer>;
}
