import type { Layer } from "../model/model.ts";
import { identity, leakyRelu, logSoftmax, relu, sigmoid, softmax, tanh } from "./activation.ts";
import { batchNorm } from "./batch-norm.ts";
import { convolution } from "./convolution.ts";
import { dense } from "./dense.ts";
import { dropout } from "./dropout.ts";
import { flatten } from "./flatten.ts";
import { gru } from "./gru.ts";
import type { LayerKind } from "./layer.ts";
import { layerNorm } from "./layer-norm.ts";
import { averagePool, globalAveragePool, maxPool } from "./pooling.ts";

/** A layer that is computed by itself: every one but the residual block, which `passes.ts` takes apart. */
export type SingleLayer = Exclude<Layer, { type: "residual" }>;

/** Every kind of layer by its type. A new layer is one file and one line here. */
const kinds: { [Kind in SingleLayer["type"]]: LayerKind<Extract<SingleLayer, { type: Kind }>> } = {
  dense,
  conv1d: convolution,
  conv2d: convolution,
  maxPool1d: maxPool,
  maxPool2d: maxPool,
  averagePool1d: averagePool,
  averagePool2d: averagePool,
  globalAveragePool,
  flatten,
  dropout,
  batchNorm,
  layerNorm,
  gru,
  identity,
  sigmoid,
  tanh,
  relu,
  leakyRelu,
  softmax,
  logSoftmax,
};

/** What the layer's kind does. */
export function kindOf(layer: SingleLayer): LayerKind<SingleLayer> {
  return kinds[layer.type] as unknown as LayerKind<SingleLayer>;
}
