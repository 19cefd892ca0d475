import { Operation } from "../kernels/operation.ts";
import { notNegative, option } from "../model/options.ts";
import { activation } from "./activation.ts";
import { layer, sizeOf } from "./layer.ts";

export type Elu = { type: "elu"; alpha: number };

const create = (alpha = 1): Elu => ({ type: "elu", alpha });

/** Exponential linear unit (Clevert, Unterthiner and Hochreiter, 2016): y = x above 0, else alpha (e^x - 1). */
export const elu = layer(create, {
  title: "Exponential linear unit",
  options: { alpha: option("Magnitude of the most negative output", notNegative) },
  alone: "alpha",
  read: ({ alpha }) => create(alpha),
  ...activation<Elu>(Operation.EluForward, Operation.EluBackward, ({ alpha }, shape) => [
    sizeOf(shape),
    { float: alpha },
  ]),
});
