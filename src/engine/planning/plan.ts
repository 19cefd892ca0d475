/** What a plan is: every buffer and every instruction of a network, as plain data. `planner.ts` makes one. */
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
  /** As stored in the arena, batch first where there is one. */
  shape: number[];
  dtype: "f32" | "f64" | "i32";
  /** Bytes taken, a multiple of 16. */
  bytes: number;
  /** Byte offset in the arena. */
  offset: number;
  /** Steps of the program, first to last, between which its content counts; null: always. */
  lifetime: { first: number; last: number } | null;
  /** What stands in it from the start, where that is not 0. */
  values?: number[];
}

/** One instruction of the program; its operands stand in the order that `kernels/operation.ts` gives. */
export interface Instruction {
  operation: Operation;
  operands: Operand[];
}

export interface PlanOptions {
  /** Most samples that one call works on. Default 1. */
  batchSize?: number;
  /** False: the network only predicts. No gradients, no optimizer state, activations in turn in the same space. Default true. */
  training?: boolean;
  /**
   * True: gradients are kept, so that an update may be accumulated from several steps, clipped by its norm and looked
   * at. False: where that takes less memory, each weight is updated as soon as its gradient exists, in space that the
   * next gradient takes over (Lin et al., 2022, arXiv 2206.15472); the plan's `accumulate` says whether. Default true.
   */
  accumulate?: boolean;
  /**
   * Keep few activations and compute the others a second time on the way back (Chen et al., 2016, arXiv 1604.06174):
   * the same weights bit for bit, in less memory. Default false.
   */
  recompute?: boolean;
  /** False: no two buffers share space; to see what sharing saves, or to look at every activation. Default true. */
  share?: boolean;
  /** Dropout masks are written by the caller before each step instead of drawn. Default false. */
  givenMasks?: boolean;
  /**
   * Cut each batch into so many parts, 1 to 64, on which threads can work side by side; gradients are accumulated, whatever
   * `accumulate` says. It is this number that results depend on (a sum is made in another order), not how many threads
   * there are. A batch is cut into no parts smaller than 4 rows. Default 1.
   */
  shards?: number;
  /**
   * Also compute the gradient of the loss by the inputs in each step, into a buffer that stays: how much each input
   * matters. Default false.
   */
  inputGradient?: boolean;
}

/**
 * The parts of a program, one after the other in the arena: first those of a training step, which are one call. Where
 * the batch is cut, `forward`, `backward`, `evaluation` and `prediction` hold the instructions of each shard in turn,
 * `sum` and `update` those of each block.
 */
export type ProgramPart = "forward" | "backward" | "sum" | "update" | "evaluation" | "prediction" | "fade";

/** Everything about a network that can be known before it is allocated. */
export interface Plan {
  model: Model;
  batchSize: number;
  training: boolean;
  accumulate: boolean;
  recompute: boolean;
  /** How the batch is cut; null where it is not. */
  shards: Shards | null;
  /** Numbers in one sample, one output, one target. */
  inputs: number;
  outputs: number;
  targets: number;
  /** Losses that one sample adds to a sum, by which a mean divides. */
  lossElements: number;
  parameters: PlannedParameter[];
  states: PlannedState[];
  buffers: PlannedBuffer[];
  /** Name of the buffer [batchSize, inputs] that holds the gradient by the inputs; null where none is asked for. */
  inputGradient: string | null;
  /** `evaluation` is empty where a prediction runs the same instructions as training. */
  program: Record<ProgramPart, Instruction[]>;
  /** Size of the arena. */
  totalBytes: number;
  /** What the arena would take if no two buffers shared space. */
  unsharedBytes: number;
}

/** The options of a plan, all defaults written out. */
export type Filled = Required<Omit<PlanOptions, "shards">> & { cut: Cut | null };

/** What the passes need of the plan they are part of. */
export interface PassHost {
  batchSize: number;
  scalars: BufferReference;
  givenMasks: boolean;
  emit: Emit;
  /** A buffer that may share space; the same name gives the same buffer. */
  share(name: string, role: Role, shape: number[], dtype?: PlannedBuffer["dtype"]): BufferReference;
  /** One that lives always. */
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
  /** Shards of a whole batch. */
  count: number;
  /** Rows of each but the last: shard s has those from s * rows on, so that a smaller batch has fewer shards. */
  rows: number;
}

/** How a batch is cut, and its update. */
export interface Shards extends Cut {
  /** Parts in which the gradients are added up and applied. */
  blocks: number;
}
