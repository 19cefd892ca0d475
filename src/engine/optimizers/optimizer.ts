import type { BufferReference, Emit } from "../layers/layer.ts";
import { notNegative, option, positive, type Written } from "../model/options.ts";

/** What an update works on: weights in one stretch, and their gradients and states in stretches alike. */
export interface UpdateContext {
  emit: Emit;
  parameters: BufferReference;
  gradients: BufferReference;
  /** By the names of `states`. */
  states: Record<string, BufferReference>;
  /** How many weights, a multiple of 4. */
  count: number;
  /** Where `writeStepScalars` has written. */
  scalars: BufferReference;
}

/** Everything about a kind of optimizer: how it is written, what it keeps for each weight, and its update. */
export interface OptimizerKind<Description> extends Written<Description> {
  /** Names of the numbers it keeps for every weight. */
  states(optimizer: Description): string[];
  /** What the state of the given name starts from. Default 0. */
  initialState?(optimizer: Description, state: string): number;
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
  /** The learning rate at which `rivulet compare` shows it, given that of plain descent; without it, it does not. */
  comparedRate?(descentRate: number): number;
}

/** Makes the plain values of one kind of optimizer, such as `adam({ learningRate: 0.01 })`. */
export type OptimizerMaker<Create extends (...options: never[]) => unknown> = Create & {
  /** @internal */
  readonly kind: OptimizerKind<ReturnType<Create>>;
};

/** The one value of a kind of optimizer: the function that makes it, and what `kind` says about it. */
export function optimizer<Create extends (...options: never[]) => { type: string }>(
  create: Create,
  kind: OptimizerKind<ReturnType<Create>>,
): OptimizerMaker<Create> {
  return Object.assign(create, { kind });
}

/** What may be left out of an optimizer: everything but its type. */
export type OptionsOf<Description> = Partial<Omit<Description, "type">>;

/** Checks of the options that every optimizer has. */
export const stepOptions = {
  learningRate: option("Size of a step", positive),
  weightDecay: option("Decay of the weights towards 0", notNegative),
};
