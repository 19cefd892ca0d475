import { rmsprop } from "../../engine/model/model.ts";
import type { Arena, Space } from "../../engine/running/arena.ts";
import { NetworkExpert } from "./network.ts";

export interface LinearOptions {
  inputs: number;
  classes: number;
}

const optionsFor = ({ inputs, classes }: LinearOptions) => ({
  inputs,
  classes,
  layers: [],
  optimizer: rmsprop({ learningRate: 0.01, smoothing: 0.995 }),
  initialWeights: "zeros" as const,
});

/** Softmax regression [inputs -> classes] from weights of 0, by RMSprop with rate 0.01 and smoothing 0.995. */
export class LinearExpert extends NetworkExpert {
  static override space = (options: LinearOptions): Space => NetworkExpert.space(optionsFor(options));

  static override bytes = (options: LinearOptions) => NetworkExpert.bytes(optionsFor(options));

  constructor(options: LinearOptions, arena?: Arena) {
    super(optionsFor(options), arena);
  }
}
