import type { Operation } from "../kernels/operation.ts";
import type { SingleLayer } from "../layers/index.ts";
import type { BufferReference, Emit, Operand } from "../layers/layer.ts";
import { flag, type Option, type OptionOf, oneOf, option, type Written, weights } from "../model/options.ts";

/** `mean` divides by the number of elements (by the number of samples for class targets); `sum` does not. */
export type Reduction = "mean" | "sum";

/** Weights of a loss; without them all samples and classes have equal weight. */
export interface LossWeights {
  /** Weight of each class; two numbers, for 0 and 1, in binary cross-entropy. They do not change a mean's divisor. */
  classWeights?: number[];
  /** True: every sample has a weight, in the network's `sampleWeight`. */
  sampleWeights?: boolean;
}

/** Options of every loss of numbers, and of every loss of classes. */
export type Reduced = { reduction: Reduction } & LossWeights;
export type ReducedOptions = { reduction?: Reduction; sampleWeights?: boolean };
export type ClassReducedOptions = ReducedOptions & { classWeights?: number[] };

/** Checks of the options of every loss of numbers, and of every loss of classes. */
export const reduced = {
  reduction: option("How the losses of a batch are combined", oneOf("mean", "sum")),
  sampleWeights: option("Weight each sample of a batch individually; in the library only", flag),
};
export const classified = { ...reduced, classWeights: option("Weight of each class", weights) };

/** Buffers and sizes of a loss. Shapes are of one sample. */
export interface LossContext {
  emit: Emit;
  /** Gradient of the loss with respect to the output, in its shape, to be written. */
  gradient: BufferReference;
  output: BufferReference;
  target: BufferReference;
  /** The sum of the losses is written here, and the factor of every gradient is read here. */
  scalars: BufferReference;
  /** Numbers in one output, and on its last axis. */
  count: number;
  width: number;
  /** The last operands of every loss: a buffer of weights or `absent`, and how many losses share one. */
  weights: readonly [Operand, number];
}

/** Buffers and sizes for the probabilities of logits. */
export interface PredictionContext {
  emit: Emit;
  prediction: BufferReference;
  output: BufferReference;
  /** Numbers in one output, and on its last axis. */
  count: number;
  width: number;
}

/** How outputs of the network represent the probabilities of classes. */
export type Reading = "probabilities" | "log-probabilities" | "logit" | "probability";

/** Describes a kind of loss: its written form, its target, its instruction, and its prediction. */
export type LossKind<Description> = Omit<Written<Description>, "options"> & {
  options: { readonly [Name in Exclude<OptionOf<Description>, "classWeights">]-?: Option } & {
    classWeights?: Option;
  };
  /** Emits the loss and its gradient: `elementLoss` or `rowLoss`. */
  emit(loss: Description, context: LossContext): void;
  /** Emits the conversion of logits to probabilities; null if the output is the prediction. */
  probabilities?(loss: Description): ((context: PredictionContext) => void) | null;
} & (
    | {
        /** A target holds a number for each number of the output. */
        target: "numbers";
      }
    | {
        /** A target holds the index of one class for each row of outputs, or a probability for each output. */
        target: "classes" | "probability";
        reading(loss: Description): Reading;
        /** The layer that makes outputs of logits as this loss takes them; null where it takes logits. */
        layerBefore(loss: Description): SingleLayer | null;
      }
  );

/** Creates the plain values of one kind of loss, such as `huber({ delta: 0.5 })`. */
export type LossMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: LossKind<ReturnType<Create>>;
};

/** Defines a kind of loss: the function that creates its values, with `kind` as its description. */
export function loss<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: LossKind<ReturnType<Create>>,
): LossMaker<Create> {
  return Object.assign(create, { kind });
}

/** Emits a loss of each number of the output. `edge` is the constant of the formula, if it has one. */
export function elementLoss(operation: Operation, context: LossContext, edge = 0): void {
  const { emit, gradient, output, target, scalars, count, weights: counting } = context;
  emit(operation, gradient, output, target, scalars, count, { float: edge }, ...counting);
}

/** Emits a loss of each row of the output, the last axis, for a target of one class index. */
export function rowLoss(operation: Operation, context: LossContext): void {
  const { emit, gradient, output, target, scalars, count, width, weights: counting } = context;
  emit(operation, gradient, output, target, scalars, width, count / width, ...counting);
}
