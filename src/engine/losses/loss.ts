import type { Operation } from "../kernels/operation.ts";
import type { SingleLayer } from "../layers/index.ts";
import type { BufferReference, Emit, Operand } from "../layers/layer.ts";
import { flag, type Option, type OptionOf, oneOf, option, type Written, weights } from "../model/options.ts";

/** `mean` divides by the number of elements (by the number of samples for class targets); `sum` does not. */
export type Reduction = "mean" | "sum";

/** How much each sample counts in a loss; each is left out where all count alike. */
export interface LossWeights {
  /** Of each class; two numbers, for 0 and 1, in binary cross-entropy. They do not change what a mean divides by. */
  classWeights?: number[];
  /** True: every sample brings a weight of its own, in the network's `sampleWeight`. */
  sampleWeights?: boolean;
}

/** What every loss of numbers is described by, and every loss of classes. */
export type Reduced = { reduction: Reduction } & LossWeights;
export type ReducedOptions = { reduction?: Reduction; sampleWeights?: boolean };
export type ClassReducedOptions = ReducedOptions & { classWeights?: number[] };

/** Checks of the options of every loss of numbers, and of every loss of classes. */
export const reduced = {
  reduction: option("How the losses of a batch become one", oneOf("mean", "sum")),
  sampleWeights: option("Weigh each sample of a batch by a number of its own; in the library only", flag),
};
export const classified = { ...reduced, classWeights: option("Weight of each class", weights) };

/** What a loss works on. Shapes are of one sample. */
export interface LossContext {
  emit: Emit;
  /** Of the loss with respect to the output, in its shape: to be written. */
  gradient: BufferReference;
  output: BufferReference;
  target: BufferReference;
  /** Where the sum of the losses is written, and the factor of every gradient read. */
  scalars: BufferReference;
  /** Numbers in one output, and on its last axis. */
  count: number;
  width: number;
  /** The last operands of every loss: a buffer of weights or `absent`, and how many losses share one. */
  weights: readonly [Operand, number];
}

/** Where the probabilities of logits are to be written. */
export interface PredictionContext {
  emit: Emit;
  prediction: BufferReference;
  output: BufferReference;
  /** Numbers in one output, and on its last axis. */
  count: number;
  width: number;
}

/** How the numbers that the network predicts stand for the probabilities of classes. */
export type Reading = "probabilities" | "log-probabilities" | "logit" | "probability";

/** Everything about a kind of loss: how it is written, its target, its instruction, and what a prediction is. */
export type LossKind<Description> = Omit<Written<Description>, "options"> & {
  options: { readonly [Name in Exclude<OptionOf<Description>, "classWeights">]-?: Option } & {
    classWeights?: Option;
  };
  /** Emits the loss and its gradient: `elementLoss` or `rowLoss`. */
  emit(loss: Description, context: LossContext): void;
  /** Emits the probabilities that the logits of a prediction stand for; null where the output is the prediction. */
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

/** Makes the plain values of one kind of loss, such as `huber({ delta: 0.5 })`. */
export type LossMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: LossKind<ReturnType<Create>>;
};

/** The one value of a kind of loss: the function that makes it, and what `kind` says about it. */
export function loss<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: LossKind<ReturnType<Create>>,
): LossMaker<Create> {
  return Object.assign(create, { kind });
}

/** Emits a loss of each number of the output by itself. `edge` is the one number that the formula may have. */
export function elementLoss(operation: Operation, context: LossContext, edge = 0): void {
  const { emit, gradient, output, target, scalars, count, weights: counting } = context;
  emit(operation, gradient, output, target, scalars, count, { float: edge }, ...counting);
}

/** Emits a loss of each row of the output, the last axis, for a target of one class index. */
export function rowLoss(operation: Operation, context: LossContext): void {
  const { emit, gradient, output, target, scalars, count, width, weights: counting } = context;
  emit(operation, gradient, output, target, scalars, width, count / width, ...counting);
}
