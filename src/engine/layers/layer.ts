import type { Operation } from "../kernels/operation.ts";

/** A buffer of the plan, by name. */
export interface BufferReference {
  buffer: string;
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
  /** How it starts: weights by the scheme of the activation that follows, or a constant. */
  initial: { fanIn: number; fanOut: number } | { constant: number };
}

/** What a layer works on in the forward pass. Shapes are of one sample. */
export interface ForwardContext {
  emit: Emit;
  inputShape: number[];
  outputShape: number[];
  input: BufferReference;
  output: BufferReference;
  parameters: Record<string, BufferReference>;
}

/** What a layer works on in the backward pass. */
export interface BackwardContext extends ForwardContext {
  outputGradient: BufferReference;
  /** Null for the first layer: nobody asks for the gradient of the data. */
  inputGradient: BufferReference | null;
  gradients: Record<string, BufferReference>;
}

/** What a kind of layer does: shapes, parameters, forward and backward side by side. */
export interface LayerKind<Description> {
  /** Shape of one sample behind the layer. Throws what is wrong with `inputShape`, as half a sentence. */
  outputShape(layer: Description, inputShape: number[]): number[];
  parameters(layer: Description, inputShape: number[]): ParameterSpecification[];
  /** Which of its buffers the backward pass reads again; it must then stay as it is until there. */
  backwardReads: "input" | "output" | "nothing";
  /** Whether output may stand where the input stood, and the input's gradient where the output's stood. */
  inPlace: boolean;
  forward(layer: Description, context: ForwardContext): void;
  backward(layer: Description, context: BackwardContext): void;
}

/** Number of elements of a shape. */
export function sizeOf(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Length of the last axis. */
export function lastAxis(shape: number[]): number {
  return shape[shape.length - 1];
}
