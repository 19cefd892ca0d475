/** Builds a plan: collects buffers and instructions, then lays out the arena. */
import { instructionSlots, Scalar } from "../kernels/operation.ts";
import { type BufferReference, sizeOf } from "../layers/layer.ts";
import { aligned, place, setLifetimes } from "./placement.ts";
import type {
  Filled,
  Instruction,
  PassHost,
  Plan,
  PlannedBuffer,
  ProgramPart,
  Role,
  Shards,
} from "./plan.ts";
import { layShards, queueSlots, shardParts, shardScalars } from "./shards.ts";
import type { PlannedState } from "./units.ts";

/** An unfinished plan. If the batch is divided into shards, `batchSize` and `scalars` are those of one shard. */
export interface Draft extends PassHost {
  /** The scalars of the whole step. */
  stepScalars: BufferReference;
  buffers: Map<string, PlannedBuffer>;
  /** Names of the buffers that may share space. */
  sharing: Set<string>;
  program: Record<ProgramPart, Instruction[]>;
  /** Selects the part to which instructions are added from now on; at first it is `forward`. */
  begin(part: ProgramPart): void;
}

/** Order of the roles in the arena: permanent buffers come first. */
const roleOrder: Role[] = [
  "task queue",
  "scalars",
  "program",
  "constant",
  "parameter",
  "optimizer state",
  "gradient",
  "snapshot",
  "state",
  "input",
  "target",
  "mask",
  "output",
  "activation",
  "activation gradient",
  "scratch",
];

/** Creates a draft of a plan: buffers and instructions are added, and laid out at the end. */
export function createDraft({ batchSize, cut, givenMasks, share }: Filled): Draft {
  const buffers: Draft["buffers"] = new Map();
  const sharing: Draft["sharing"] = new Set();
  const program: Draft["program"] = {
    forward: [],
    backward: [],
    sum: [],
    update: [],
    evaluation: [],
    prediction: [],
    fade: [],
  };
  let part = program.forward;

  function hold(
    name: string,
    role: Role,
    shape: number[],
    dtype: PlannedBuffer["dtype"] = "f32",
    values?: number[],
  ): BufferReference {
    if (!buffers.has(name)) {
      const bytes = aligned(sizeOf(shape) * (dtype === "f64" ? 8 : 4));
      const start = values ? { values } : {};
      buffers.set(name, { name, role, shape, dtype, bytes, offset: 0, lifetime: null, ...start });
    }
    return { buffer: name };
  }

  const stepScalars = hold("scalars", "scalars", [Scalar.Count], "f64");
  return {
    batchSize: cut ? cut.rows : batchSize,
    scalars: cut ? hold(shardScalars, "scalars", [Scalar.Count], "f64") : stepScalars,
    stepScalars,
    givenMasks,
    buffers,
    sharing,
    program,
    begin(name) {
      part = program[name];
    },
    emit: (operation, ...operands) => part.push({ operation, operands }),
    hold,
    share(name, role, shape, dtype) {
      if (share) sharing.add(name);
      return hold(name, role, shape, dtype);
    },
  };
}

/**
 * Assigns every buffer its offset in the arena, including those of the program. If the batch is divided into shards,
 * each shard gets its own buffers and instructions: no buffer or instruction may be added after that.
 */
export function layOut(
  { buffers, sharing, program, givenMasks, hold }: Draft,
  batchSize: number,
  shards: Shards | null,
  states: readonly PlannedState[],
): Pick<Plan, "buffers" | "totalBytes" | "unsharedBytes"> {
  const ofShards: Instruction[][] = shardParts.map((part) => program[part]);
  const times = (part: Instruction[]) => (shards && ofShards.includes(part) ? shards.count : 1);
  const instructions = Object.values(program).reduce((sum, part) => sum + part.length * times(part), 0);
  hold("program", "program", [instructions, instructionSlots], "i32");
  if (shards) hold("task queue", "task queue", [queueSlots(shards)], "i32");
  // Outputs are read after the program has ended.
  for (const { name, role } of buffers.values()) if (role === "output") sharing.delete(name);
  setLifetimes(
    buffers,
    sharing,
    Object.entries(program).map(([part, list]) => ({
      instructions: list,
      // A prediction uses buffers in the same order as training, so the lifetimes of training are valid for it too.
      counts: part !== "evaluation" && (!shards || ofShards.includes(list)),
    })),
  );
  const ordered = [...buffers.values()].sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role));
  if (!shards) {
    const unsharedBytes = ordered.reduce((sum, { bytes }) => sum + bytes, 0);
    return { buffers: ordered, totalBytes: place(ordered), unsharedBytes };
  }
  const isWhole = ({ name, role }: PlannedBuffer) =>
    role === "input" ||
    role === "target" ||
    role === "output" ||
    (role === "mask" && givenMasks) ||
    states.some(({ fullName, perSample }) => perSample && fullName === name);
  return layShards({ cut: shards, batchSize, buffers: ordered, program, isWhole });
}
