/**
 * A network as plain values: what to build, nothing of how. Safe to print, compare and store. All of it is public:
 * `layers/`, `losses/` and `optimizers/` hold what each kind does, and the function that makes its values.
 */
import type { SingleLayer } from "../layers/index.ts";
import type { Loss } from "../losses/index.ts";
import type { Optimizer } from "../optimizers/index.ts";
import type { Schedule } from "./schedule.ts";

export * from "../layers/kinds.ts";
export type { Frozen, Pair } from "../layers/layer.ts";
export type { Loss } from "../losses/index.ts";
export * from "../losses/kinds.ts";
export type { Optimizer } from "../optimizers/index.ts";
export * from "../optimizers/kinds.ts";

/** One layer. */
export type Layer = SingleLayer | Residual;

/** Layers whose input is added to their output. */
export type Residual = { type: "residual"; layers: Layer[] };

/** `y = x + f(x)`, with f a stack of layers that keeps the shape (He et al., 2016). */
export const residual = (layers: Layer[]): Residual => ({ type: "residual", layers });

/** Bound on the gradient of one update: on its 2-norm over all parameters, or on each element. */
export type Clip = { type: "norm"; maximum: number } | { type: "value"; maximum: number };

/**
 * Initial weights of dense layers and convolutions. `uniform`: weights and biases uniform within 1 / sqrt(fanIn), as
 * PyTorch's default has it. `he` and `glorot`: by that scheme, with biases of 0. `scaled`: He's before a (leaky) ReLU,
 * else Glorot's. `zeros`: all 0, for a network without hidden layers.
 */
export type InitialWeights = (typeof initialWeights)[number];
export const initialWeights = ["uniform", "scaled", "he", "glorot", "zeros"] as const;

/** A network and how it is trained. */
export interface Model {
  /** Shape of one sample, without the batch: `[features]`. */
  inputShape: number[];
  layers: Layer[];
  loss: Loss;
  optimizer: Optimizer;
  /** Nothing or null: gradients are not clipped. */
  clip?: Clip | null;
  /** Nothing or null: the learning rate does not change by itself. `schedule.ts` holds the formulas. */
  schedule?: Schedule | null;
  /** Default `uniform`. */
  initialWeights?: InitialWeights;
}
