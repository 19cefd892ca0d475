import type { Layer } from "../model/model.ts";
import { type LayerKind, sizeOf } from "./layer.ts";

/** One axis of all: the numbers stand in the right order already, so nothing is done. */
export const flatten: LayerKind<Extract<Layer, { type: "flatten" }>> = {
  outputShape: (_, inputShape) => [sizeOf(inputShape)],
  parameters: () => [],
  isAlias: true,
  inPlace: true,
  backwardReads: () => [],
  forward() {},
  backward() {},
};
