import type { Operation } from "../kernels/operation.ts";
import type { Written } from "../model/options.ts";

/** A height and a width. */
export type Pair = [number, number];

/**
 * Parameters that are not trained. True: all. A list: these, by PyTorch's names (with `["weight"]` the biases are still
 * trained). Frozen parameters need no gradient and no optimizer state.
 */
export type Frozen = true | string[];

/** A buffer of the plan, by name, with an offset in bytes. */
export interface BufferReference {
  buffer: string;
  offset?: number;
}

/** Operand of an instruction: a buffer (its address), a float32, or an integer. */
export type Operand = BufferReference | { float: number } | number;

/** Adds one instruction to the program, with operands in the order that `operation.ts` defines. */
export type Emit = (operation: Operation, ...operands: Operand[]) => void;

/** Operand of an absent buffer. */
export const absent = 0;

/** One parameter tensor of a layer. */
export interface ParameterSpecification {
  /** PyTorch's name: `weight`, `bias`. */
  name: string;
  /** PyTorch's shape. */
  shape: number[];
  /** `transposed`: the two axes are swapped in the arena, because kernels read that layout fastest. */
  stored: "as shaped" | "transposed";
  /** Initial values: by the scheme for the activation that follows, uniform within a bound, or a constant. */
  initial: { fanIn: number; fanOut: number } | { bound: number } | { constant: number };
}

/** Numbers that a layer keeps from step to step without training them. */
export interface StateSpecification {
  /** PyTorch's name: `running_mean`. */
  name: string;
  /** Shape without the batch. */
  shape: number[];
  perSample: boolean;
  initial: number;
  /** Whether it is never negative. Default false. */
  isVariance?: boolean;
  /** Whether a checkpoint stores it. Default true. */
  saved?: boolean;
}

/** Buffers and sizes of a layer. One context is used for its forward pass, its backward pass and its gradients. */
export interface LayerContext {
  emit: Emit;
  /** False if the pass only predicts. */
  training: boolean;
  /** Shapes are of one sample. */
  inputShape: number[];
  outputShape: number[];
  input: BufferReference;
  output: BufferReference;
  parameters: Record<string, BufferReference>;
  states: Record<string, BufferReference>;
  scalars: BufferReference;
  /** The caller writes the masks; they are not drawn. */
  givenMasks: boolean;
  /** A number that differs between layers, for their random draws. */
  key: number;
  /**
   * Returns a buffer that is kept until its last reader: [batch, ...shape] if `perSample`; the same for the same name.
   */
  keep(name: string, shape: number[], options?: KeepOptions): BufferReference;
  /** Backward: the gradient of the output. */
  outputGradient: BufferReference;
  /** Backward: the gradient of the input, to be written. Null: it is not needed. */
  inputGradient: BufferReference | null;
  /** Gradients of the parameters that are trained. */
  gradients: Record<string, BufferReference>;
}

export interface KeepOptions {
  perSample?: boolean;
  role?: "activation" | "activation gradient" | "scratch" | "mask";
  dtype?: "f32" | "i32";
}

/**
 * Describes a kind of layer: its written form, shapes, parameters, forward and backward pass, and properties that
 * planning needs.
 */
export interface LayerKind<Description> extends Written<Description> {
  /**
   * Returns the shape of one sample after the layer. @throws Error with a predicate about the layer, such as "needs
   * ..."
   */
  outputShape(layer: Description, inputShape: number[]): number[];
  /** Parameters of the layer. Default: none. */
  parameters?(layer: Description, inputShape: number[]): ParameterSpecification[];
  states?(layer: Description, inputShape: number[]): StateSpecification[];
  /** The output is the input: the layer neither computes nor copies. */
  isAlias?: boolean;
  /** Whether the output may overwrite the input, and the input's gradient the output's. */
  inPlace: boolean;
  /** Whether initial weights before it are scaled for the activation after it, as if the layer were absent. */
  isTransparent?: boolean;
  /** Slope below zero of a rectifier: weights before it are initialized by He's scheme, else by Glorot's. */
  slopeBelowZero?(layer: Description): number;
  /** Whether evaluation differs from training. */
  hasModes?(layer: Description): boolean;
  /**
   * If the layer computes a sample from others, or from the step before, a batch cannot be divided into shards. Then
   * this returns what it does and what to change, as a predicate; else null.
   */
  mixesRows?(layer: Description, training: boolean): string | null;
  /**
   * Returns the buffers that the backward pass reads again, with these parameters trained; they are kept until then.
   */
  backwardReads(layer: Description, trained: readonly string[]): ("input" | "output")[];
  forward(layer: Description, context: LayerContext): void;
  /** Emits the input's gradient from the output's, and intermediate results that `gradients` needs too. */
  backward(layer: Description, context: LayerContext): void;
  /** Emits the gradients of the parameters that `context.gradients` names. */
  gradients?(layer: Description, context: LayerContext): void;
  /** The parameter [outputs, inputs] whose gradient `UpdateInStrips` computes, if there is one. */
  updatesInStrips?: string;
  /**
   * Emits a stop of the program if these gradients might not be finite, without computing them. A kind without it has
   * few parameters: its gradients are computed in the backward pass and checked.
   */
  requireBounded?(layer: Description, context: LayerContext): void;
  /** Emits the update of states after a finite step: running statistics, a carried state. */
  commit?(layer: Description, context: LayerContext): void;
}

/** Creates the plain values of one kind of layer, such as `dense(16)`. */
export type LayerMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: LayerKind<ReturnType<Create>>;
};

/** Defines a kind of layer: the function that creates its values, with `kind` as its description. */
export function layer<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: LayerKind<ReturnType<Create>>,
): LayerMaker<Create> {
  return Object.assign(create, { kind });
}

/** Returns the option if it has an effect, so that the description of a layer without it does not change. */
export function frozenIn({ frozen }: { frozen?: Frozen | false }): { frozen?: Frozen } {
  return frozen === undefined || frozen === false ? {} : { frozen };
}

/** Returns the number of elements of a shape. */
export function sizeOf(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Returns the length of the last axis. */
export function lastAxis(shape: number[]): number {
  return shape[shape.length - 1];
}
