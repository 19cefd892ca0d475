import type { Operation } from "../kernels/operation.ts";
import type { Written } from "../model/options.ts";

/** A height and a width. */
export type Pair = [number, number];

/**
 * True: none of the layer's parameters is trained. A list: these are not, by PyTorch's names (`["weight"]` leaves the
 * biases to be trained). What is frozen costs no gradient and no optimizer state.
 */
export type Frozen = true | string[];

/** A buffer of the plan, by name, and where in it to begin, in bytes. */
export interface BufferReference {
  buffer: string;
  offset?: number;
}

/** What an instruction is given: a buffer (its address), a float32, or an integer. */
export type Operand = BufferReference | { float: number } | number;

/** Adds one instruction to the program. The operands stand in the order that `operation.ts` gives. */
export type Emit = (operation: Operation, ...operands: Operand[]) => void;

/** A null buffer: the operand is absent. */
export const absent = 0;

/** One parameter tensor of a layer. */
export interface ParameterSpecification {
  /** As PyTorch names it: `weight`, `bias`. */
  name: string;
  /** As PyTorch shapes it. */
  shape: number[];
  /** `transposed`: the two axes are swapped in the arena, which is the way the kernels read fastest. */
  stored: "as shaped" | "transposed";
  /** How it starts: by the scheme of the activation that follows, uniform within a bound, or a constant. */
  initial: { fanIn: number; fanOut: number } | { bound: number } | { constant: number };
}

/** Numbers that a layer keeps from step to step without training them. */
export interface StateSpecification {
  /** As PyTorch names it: `running_mean`. */
  name: string;
  /** Without the batch. */
  shape: number[];
  perSample: boolean;
  initial: number;
  /** Whether it belongs to what a checkpoint holds. Default true. */
  saved?: boolean;
}

/** What a layer works on. One context serves its forward pass, its backward pass and its gradients. */
export interface LayerContext {
  emit: Emit;
  /** False where the pass only predicts. */
  training: boolean;
  /** Shapes are of one sample. */
  inputShape: number[];
  outputShape: number[];
  input: BufferReference;
  output: BufferReference;
  parameters: Record<string, BufferReference>;
  states: Record<string, BufferReference>;
  scalars: BufferReference;
  /** Masks are written from outside instead of drawn. */
  givenMasks: boolean;
  /** Numbers the layers, for what each is to draw at random. */
  key: number;
  /** Space that keeps its content until its last reader: [batch, ...shape] where `perSample`. The same name, the same space. */
  keep(name: string, shape: number[], options?: KeepOptions): BufferReference;
  /** Backward: what comes in. */
  outputGradient: BufferReference;
  /** Backward: what is asked for. Null: nobody asks for the gradient of the data. */
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
 * Everything about a kind of layer: how it is written, shapes, parameters, forward and backward side by side, and what
 * planning needs to know of it.
 */
export interface LayerKind<Description> extends Written<Description> {
  /** Shape of one sample behind the layer. Throws what is wrong with `inputShape`, as half a sentence. */
  outputShape(layer: Description, inputShape: number[]): number[];
  /** Default none. */
  parameters?(layer: Description, inputShape: number[]): ParameterSpecification[];
  states?(layer: Description, inputShape: number[]): StateSpecification[];
  /** Its output is its input: it neither computes nor copies. */
  isAlias?: boolean;
  /** Whether the output may be written over the input, and the input's gradient over the output's. */
  inPlace: boolean;
  /** Whether the weights before it are scaled at the start by the activation behind it, as if it were not there. */
  isTransparent?: boolean;
  /** Where it is a rectifier, its slope below zero: weights before it start by He's scheme, else by Glorot's. */
  slopeBelowZero?(layer: Description): number;
  /** Whether evaluation differs from training. */
  hasModes?(layer: Description): boolean;
  /**
   * Where it computes one sample from others, or a sample from the step before, so that a batch cannot be cut: what it
   * does and what to change, as half a sentence. Null where it does not.
   */
  mixesRows?(layer: Description, training: boolean): string | null;
  /** Which of its buffers the backward pass reads again, with these parameters trained; they must stay as they are until there. */
  backwardReads(layer: Description, trained: readonly string[]): ("input" | "output")[];
  forward(layer: Description, context: LayerContext): void;
  /** From the output's gradient to the input's, and whatever both it and `gradients` need. */
  backward(layer: Description, context: LayerContext): void;
  /** The gradients of those parameters that `context.gradients` names. */
  gradients?(layer: Description, context: LayerContext): void;
  /** The parameter [outputs, inputs] whose gradient `UpdateInStrips` computes, where it has one. */
  updatesInStrips?: string;
  /**
   * Stops the program where these gradients might not be finite, without computing them. A kind without it has few
   * parameters: its gradients are computed on the way back and looked at.
   */
  requireBounded?(layer: Description, context: LayerContext): void;
  /** What a finite step leaves for the next: running statistics, a carried state. */
  commit?(layer: Description, context: LayerContext): void;
}

/** Makes the plain values of one kind of layer, such as `dense(16)`. */
export type LayerMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: LayerKind<ReturnType<Create>>;
};

/** The one value of a kind of layer: the function that makes it, and what `kind` says about it. */
export function layer<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: LayerKind<ReturnType<Create>>,
): LayerMaker<Create> {
  return Object.assign(create, { kind });
}

/** The option where it says something, so that the description of a layer without it stays as it is. */
export function frozenIn({ frozen }: { frozen?: Frozen | false }): { frozen?: Frozen } {
  return frozen === undefined || frozen === false ? {} : { frozen };
}

/** Number of elements of a shape. */
export function sizeOf(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Length of the last axis. */
export function lastAxis(shape: number[]): number {
  return shape[shape.length - 1];
}
