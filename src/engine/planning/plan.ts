/** Defines a plan: every buffer and every instruction of a network, as plain data. `planner.ts` creates it. */
import type { Operation } from "../kernels/operation.ts";
import type { BufferReference, Emit, Operand } from "../layers/layer.ts";
import type { Model } from "../model/model.ts";
import type { PlannedParameter, PlannedState } from "./units.ts";

/** What a buffer is for. */
export type Role =
  | "task queue"
  | "scalars"
  | "program"
  | "constant"
  | "parameter"
  | "optimizer state"
  | "gradient"
  | "snapshot"
  | "state"
  | "input"
  | "target"
  | "mask"
  | "output"
  | "activation"
  | "activation gradient"
  | "scratch";

/** One buffer of the arena. */
export interface PlannedBuffer {
  name: string;
  role: Role;
  /** Shape as stored in the arena, with the batch as first axis if it has one. */
  shape: number[];
  dtype: "f32" | "f64" | "i32";
  /** Size in bytes, a multiple of 16. */
  bytes: number;
  /** Byte offset in the arena. */
  offset: number;
  /** First and last step of the program that use its content; null: it is permanent. */
  lifetime: { first: number; last: number } | null;
  /** Initial content, if it is not 0. */
  values?: number[];
}

/** One instruction of the program, with operands in the order that `kernels/operation.ts` defines. */
export interface Instruction {
  operation: Operation;
  operands: Operand[];
}

/** Options of a plan: batch size, and what to trade between memory and time. */
export interface PlanOptions {
  /** Most samples in one call. Default 1. */
  batchSize?: number;
  /** False: the network only predicts, without gradients and optimizer state, in less memory. Default true. */
  training?: boolean;
  /**
   * True: gradients are kept, so that an update may be accumulated over several steps, clipped by its norm and read.
   * False: where it saves memory, each weight is updated as soon as its gradient exists, and the next gradient reuses
   * the space (Lin et al., 2022, arXiv 2206.15472); the plan's `accumulate` shows the choice. Default true.
   */
  accumulate?: boolean;
  /**
   * Keep few activations, and recompute the others in the backward pass (Chen et al., 2016, arXiv 1604.06174):
   * the same weights bit for bit, in less memory. Default false.
   */
  recompute?: boolean;
  /** False: no two buffers share space, to measure what sharing saves, or to inspect activations. Default true. */
  share?: boolean;
  /** Dropout masks are written by the caller before each step instead of drawn. Default false. */
  givenMasks?: boolean;
  /**
   * Number of shards into which each batch is divided, 1 to 64, so that threads can process them in parallel. Gradients
   * are then accumulated, whatever `accumulate` is. Results depend on this number (it changes the order of sums), not
   * on the number of threads. No shard is smaller than 4 rows. Default 1.
   */
  shards?: number;
  /**
   * Also compute the gradient of the loss with respect to the inputs in each step, which shows how much each input
   * matters. Default false.
   */
  inputGradient?: boolean;
  /** Also keep a copy of the trained parameters, to which the network can go back. Default false. */
  snapshot?: boolean;
  /**
   * Inputs, targets, outputs, gradients, activations and drawn masks lie in a scratch region at the end, whose content
   * counts only within one call: networks of an arena that run in turn share it. Then gradients are neither accumulated over
   * calls nor read after one, whatever `accumulate` is. Default false.
   */
  sharesScratch?: boolean;
}

/** A region whose content counts only within one call, so that several may use it in turn. */
export interface Scratch {
  bytes: number;
  /** How many of them, from the beginning on, a prediction writes; the others only a training step. */
  predictionBytes: number;
}

/**
 * The parts of a program, one after the other in the arena: first those of a training step, which are one call. If the
 * batch is divided into shards, `forward`, `backward`, `evaluation` and `prediction` hold the instructions of each
 * shard in turn, `sum` and `update` those of each block.
 */
export type ProgramPart = "forward" | "backward" | "sum" | "update" | "evaluation" | "prediction" | "fade";

/** A plan: all about a network that is known before its memory is allocated. */
export interface Plan {
  model: Model;
  batchSize: number;
  training: boolean;
  accumulate: boolean;
  recompute: boolean;
  /** How the batch is divided into shards; null: it is not. */
  shards: Shards | null;
  /** Numbers in one sample, one output, one target. */
  inputs: number;
  outputs: number;
  targets: number;
  /** Number of losses that one sample adds to a sum; a mean divides by it. */
  lossElements: number;
  parameters: PlannedParameter[];
  states: PlannedState[];
  buffers: PlannedBuffer[];
  /** Name of the buffer [batchSize, inputs] of the gradient with respect to the inputs; null: not computed. */
  inputGradient: string | null;
  /** Instructions by part. `evaluation` is empty if a prediction runs the same instructions as training. */
  program: Record<ProgramPart, Instruction[]>;
  /** Size of the arena, in bytes. */
  totalBytes: number;
  /** The end of these bytes, if other networks share it; null: all of them belong to this one. */
  scratch: Scratch | null;
  /** Size of the arena if no two buffers shared space, in bytes. */
  unsharedBytes: number;
}

/** Whether the gradients of one call are still there in the next, which may add its own. */
export const keepsGradients = ({ accumulate, scratch }: Pick<Plan, "accumulate" | "scratch">): boolean =>
  accumulate && scratch === null;

/** The options of a plan with all defaults filled in. */
export type Filled = Required<Omit<PlanOptions, "shards">> & { cut: Cut | null };

/** The part of a draft that the passes use. */
export interface PassHost {
  batchSize: number;
  scalars: BufferReference;
  givenMasks: boolean;
  emit: Emit;
  /** Returns a buffer that may share space; the same name returns the same buffer. */
  share(name: string, role: Role, shape: number[], dtype?: PlannedBuffer["dtype"]): BufferReference;
  /** Returns a permanent buffer. */
  hold(
    name: string,
    role: Role,
    shape: number[],
    dtype?: PlannedBuffer["dtype"],
    values?: number[],
  ): BufferReference;
}

/** The shards of a batch. */
export interface Cut {
  /** Number of shards of a full batch. */
  count: number;
  /** Rows of each shard but the last: shard s begins at row s * rows, so a smaller batch has fewer shards. */
  rows: number;
}

/** How a batch is divided into shards, and its update into blocks. */
export interface Shards extends Cut {
  /** Number of blocks in which the gradients are added up and applied. */
  blocks: number;
}
