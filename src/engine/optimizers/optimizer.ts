import type { BufferReference, Emit } from "../layers/layer.ts";
import { number, option, type Written } from "../model/options.ts";

/** Buffers of an update: contiguous weights, and their gradients and states in the same layout. */
export interface UpdateContext {
  emit: Emit;
  parameters: BufferReference;
  gradients: BufferReference;
  /** States of the optimizer, by the names of `states`. */
  states: Record<string, BufferReference>;
  /** Number of weights, a multiple of 4. */
  count: number;
  /** The scalars that `writeStepScalars` has written. */
  scalars: BufferReference;
}

/** Describes a kind of optimizer: its written form, its states for each weight, and its update. */
export interface OptimizerKind<Description> extends Written<Description> {
  /** Names of its states: one number for every weight each. */
  states(optimizer: Description): string[];
  /** Initial value of the named state. Default 0. */
  initialState?(optimizer: Description, state: string): number;
  /** Which of its states are means of squares: they are never negative. Default: none. */
  squares?: readonly string[];
  /** Emits the update of all weights, by one instruction. */
  emitUpdate(optimizer: Description, context: UpdateContext): void;
  /**
   * The numbers of an optimizer that `writeStepScalars` needs, in the order in which it takes them. It reads them from
   * here at every update: V8 puts a number on the heap that it reads from objects of several shapes. Default none.
   */
  stepConstants?(optimizer: Description): Float64Array;
  /**
   * Turns the learning rate, which is in `Scalar.StepSize` of the arena's scalars, into all that changes from update to
   * update. `constants` are those of `stepConstants`; `t` counts updates from 1, and is all that a restored optimizer
   * knows of those before. Default: the learning rate is the step size. Allocates nothing.
   */
  writeStepScalars?(constants: Float64Array, t: number, scalars: Float64Array): void;
  /** Learning rate for `rivulet compare`, from that of plain descent; without it the optimizer is not compared. */
  comparedRate?(descentRate: number): number;
}

/** Creates the plain values of one kind of optimizer, such as `adam({ learningRate: 0.01 })`. */
export type OptimizerMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: OptimizerKind<ReturnType<Create>>;
};

/** Defines a kind of optimizer: the function that creates its values, with `kind` as its description. */
export function optimizer<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: OptimizerKind<ReturnType<Create>>,
): OptimizerMaker<Create> {
  return Object.assign(create, { kind });
}

/** Optional properties of an optimizer: all but its type. */
export type OptionsOf<Description> = Partial<Omit<Description, "type">>;

/** No network learns with more: one step would take its weights beyond float32. */
export const largestRate = 1e6;
const stepSize = number("a number above 0, at most a million", (x) => x > 0 && x <= largestRate);
const shrinkage = number("a number of 0 or more, at most a million", (x) => x >= 0 && x <= largestRate);

/** Checks of the options that every optimizer has. */
export const stepOptions = {
  learningRate: option("Learning rate: size of a step", stepSize),
  weightDecay: option("Weight decay: how strongly weights shrink towards 0", shrinkage),
};
