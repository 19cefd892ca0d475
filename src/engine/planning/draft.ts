/** Builds a plan: collects buffers and instructions, then lays out the arena. */
import { instructionSlots, Scalar } from "../kernels/operation.ts";
import { type BufferReference, sizeOf } from "../layers/layer.ts";
import { aligned, place, placeByLifetime, placeInOrder, setLifetimes } from "./placement.ts";
import type {
  Filled,
  Instruction,
  PassHost,
  Plan,
  PlannedBuffer,
  ProgramPart,
  Role,
  Scratch,
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

/** Roles of permanent buffers that the caller writes just before a call, or reads just after it. */
const passingRoles: readonly Role[] = ["input", "target", "output"];

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

/** What decides where buffers lie, beside buffers and program. */
export interface LayoutOptions {
  batchSize: number;
  shards: Shards | null;
  states: readonly PlannedState[];
  sharesScratch: boolean;
}

/**
 * Assigns every buffer its offset in the arena, including those of the program. If the batch is divided into shards,
 * each shard gets its own buffers and instructions: no buffer or instruction may be added after that.
 */
export function layOut(
  { buffers, sharing, program, givenMasks, hold }: Draft,
  { batchSize, shards, states, sharesScratch }: LayoutOptions,
): Pick<Plan, "buffers" | "totalBytes" | "unsharedBytes" | "scratch"> {
  const ofShards: Instruction[][] = shardParts.map((part) => program[part]);
  const times = (part: Instruction[]) => (shards && ofShards.includes(part) ? shards.count : 1);
  const instructions = Object.values(program).reduce((sum, part) => sum + part.length * times(part), 0);
  hold("program", "program", [instructions, instructionSlots], "i32");
  if (shards) hold("task queue", "task queue", [queueSlots(shards)], "i32");
  // Outputs are read after the program has ended.
  for (const { name, role } of buffers.values()) if (role === "output") sharing.delete(name);
  const unpadded = sharesScratch ? [...buffers.values()].filter(isWholeGradient) : [];
  setLifetimes(
    buffers,
    new Set([...sharing, ...unpadded.map(({ name }) => name)]),
    Object.entries(program).map(([part, list]) => ({
      instructions: list,
      // A prediction uses buffers in the same order as training, so the lifetimes of training are valid for it too.
      counts: part !== "evaluation" && (!shards || ofShards.includes(list)),
    })),
  );
  // The update reads them all, in one instruction that names the first.
  for (const { name, lifetime } of unpadded) if (lifetime && !sharing.has(name)) lifetime.last = instructions;
  const ordered = [...buffers.values()].sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role));
  if (!shards) {
    const unsharedBytes = ordered.reduce((sum, { bytes }) => sum + bytes, 0);
    if (sharesScratch) return { ...placeWithScratch(ordered, sharing, program), unsharedBytes };
    return { buffers: ordered, totalBytes: place(ordered), unsharedBytes, scratch: null };
  }
  const isWhole = ({ name, role }: PlannedBuffer) =>
    role === "input" ||
    role === "target" ||
    role === "output" ||
    (role === "mask" && givenMasks) ||
    states.some(({ fullName, perSample }) => perSample && fullName === name);
  return { ...layShards({ cut: shards, batchSize, buffers: ordered, program, isWhole }), scratch: null };
}

/**
 * A gradient that fills whole vectors: what lies in its place before it is written does no harm. Where one does not, the
 * network clears what is past its end before each step.
 */
const isWholeGradient = ({ role, shape }: PlannedBuffer) => role === "gradient" && sizeOf(shape) % 4 === 0;

/**
 * Places what must last before what counts only within a call; of that, what a prediction uses comes first. Gradients are
 * contiguous, and activations lie in the place of those that are computed when they are no longer needed.
 */
function placeWithScratch(
  ordered: readonly PlannedBuffer[],
  sharing: ReadonlySet<string>,
  program: Draft["program"],
): { buffers: PlannedBuffer[]; totalBytes: number; scratch: Scratch } {
  const evaluation = program.evaluation.length > 0 ? program.evaluation : program.forward;
  const predicting = buffersIn([...evaluation, ...program.prediction]);
  const parts = { lasting: [], asked: [], gradients: [], moving: [], taught: [] } as Record<
    "lasting" | "asked" | "gradients" | "moving" | "taught",
    PlannedBuffer[]
  >;
  for (const buffer of ordered) {
    const { name, role, lifetime } = buffer;
    if (lifetime !== null && sharing.has(name)) parts.moving.push(buffer);
    else if (role === "gradient") parts.gradients.push(buffer);
    // Sample weights are 1 until somebody writes others.
    else if (!passingRoles.includes(role) || name === "sampleWeight") parts.lasting.push(buffer);
    else parts[predicting.has(name) ? "asked" : "taught"].push(buffer);
  }
  const { lasting, asked, gradients, moving, taught } = parts;
  const start = placeInOrder(lasting, 0);
  const from = placeInOrder(asked, start);
  placeInOrder(gradients, from);
  const totalBytes = placeInOrder(taught, placeByLifetime(moving, from, predicting, gradients));
  const predicted = [...asked, ...moving].filter(({ name }) => predicting.has(name));
  const end = Math.max(start, ...predicted.map(({ offset, bytes }) => offset + bytes));
  return {
    buffers: [...lasting, ...asked, ...gradients, ...moving, ...taught],
    totalBytes,
    scratch: { bytes: totalBytes - start, predictionBytes: end - start },
  };
}

/** Names of the buffers that instructions read or write. */
function buffersIn(instructions: readonly Instruction[]): Set<string> {
  const operands = instructions.flatMap((instruction) => instruction.operands);
  return new Set(
    operands.flatMap((operand) =>
      typeof operand === "number" || !("buffer" in operand) ? [] : [operand.buffer],
    ),
  );
}
