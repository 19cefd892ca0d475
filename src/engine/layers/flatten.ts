import { layer, sizeOf } from "./layer.ts";

/** Combines all axes into one, row-major. The numbers are in this order already, so it costs nothing. */
export const flatten = layer((): { type: "flatten" } => ({ type: "flatten" }), {
  title: "All numbers along one axis",
  options: {},
  outputShape: (_, inputShape) => [sizeOf(inputShape)],
  isAlias: true,
  inPlace: true,
  isTransparent: true,
  backwardReads: () => [],
  forward() {},
  backward() {},
});
