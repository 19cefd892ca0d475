/**
 * A batch cut into shards, so that several threads can work on it. Every shard runs the same program on rows and in
 * space of its own; gradients are then added up in the order of the shards, block by block of the parameters, and
 * applied. How the batch is cut depends on its size alone, never on how many threads there are or which does what: so
 * neither do the results. They differ from those of the uncut batch as another order of a sum does.
 */
import { RivuletError } from "../../errors/errors.ts";
import { Operation } from "../kernels/operation.ts";
import { lineSlots, Queue } from "../kernels/task-queue.ts";
import { kindOf } from "../layers/index.ts";
import { type BufferReference, type Operand, sizeOf } from "../layers/layer.ts";
import { aligned, place } from "./placement.ts";
import type { Cut, Instruction, PlannedBuffer, ProgramPart, Shards } from "./plan.ts";
import { layerError, type Unit } from "./units.ts";

/** More would be smaller than what handing them over costs. */
export const mostShards = 64;
/** Threads that work on one network, the calling one included. */
export const mostThreads = 64;
/** Shards of a batch where only threads are given: enough for the four cores of a board. */
const usualShards = 4;

/** Parts to cut a batch into where their number is left open: several only where threads are to work on it. */
export const shardsFor = (shards: number | null | undefined, hasWorkers: boolean): number =>
  shards ?? (hasWorkers ? usualShards : 1);

/**
 * The shards of a batch; null where it is too small to be cut. Rows come in fours: so every shard's part of a buffer begins with a whole vector, and kernels, which run in whole
 * vectors past the last number, never touch the next shard's.
 */
export function cutBatch(batchSize: number, shards: number): Cut | null {
  if (!Number.isInteger(shards) || shards < 1 || shards > mostShards) {
    throw new RivuletError(
      "argument.bad-value",
      `shards must be a whole number from 1 to ${mostShards}, not ${shards}`,
    );
  }
  const rows = 4 * Math.ceil(batchSize / shards / 4);
  const count = Math.ceil(batchSize / rows);
  return count > 1 ? { count, rows } : null;
}

/** @throws RivuletError naming the layer, where a layer looks at the batch as a whole or hands a state to the next */
export function requireIndependentRows(units: readonly Unit[], training: boolean): void {
  for (const { path, layer } of units) {
    if (layer.type === "residual") continue;
    const mixes = kindOf(layer).mixesRows?.(layer, training);
    if (mixes) throw layerError("model.shards", { path, layer }, mixes);
  }
}

/** A stretch of the parameters, and of their gradients and states alike. */
export interface Block {
  /** Number of its first cell among all. */
  first: number;
  cells: number;
}

/** Cells of a block, at least: below, handing it to another thread costs more than the work. */
const leastBlockCells = 8192;
/** Enough to spread evenly over any few threads. */
const mostBlocks = 32;

/** Where each block of `cells` numbers begins, and how many it has. Depends on nothing else. */
export function blocksOf(cells: number): Block[] {
  const block = Math.max(leastBlockCells, 16 * Math.ceil(cells / mostBlocks / 16));
  return Array.from({ length: Math.ceil(cells / block) }, (_, index) => ({
    first: index * block,
    cells: Math.min(block, cells - index * block),
  }));
}

/** Name of a shard's own copy of a buffer. */
export const inShard = (shard: number, name: string): string => `shard ${shard}/${name}`;

/** First task of each kind in the queue's table, and how many there are in all. */
export function taskTable({ count, blocks }: Shards) {
  return {
    train: 0,
    predict: count,
    sum: 2 * count,
    update: 2 * count + blocks,
    tasks: 2 * (count + blocks),
  };
}

/** Slot of the queue where the tasks begin, behind as many claims. */
export const firstTask = (tasks: number): number => lineSlots * Math.ceil((Queue.Claims + tasks) / lineSlots);

/** Slots of the queue, claims and tasks included. */
export function queueSlots(shards: Shards): number {
  const { tasks } = taskTable(shards);
  return firstTask(tasks) + tasks * lineSlots;
}

/** Parts of the program that each shard runs for itself. */
export const shardParts = [
  "forward",
  "evaluation",
  "prediction",
  "backward",
] as const satisfies ProgramPart[];

/** What is to be laid out: the buffers and the program of one shard, and what all have in common. */
export interface OneShard {
  cut: Cut;
  batchSize: number;
  /** In the order in which they are to stand. */
  buffers: PlannedBuffer[];
  program: Record<ProgramPart, Instruction[]>;
  /** Buffers whose first axis is the rows and which the caller sees whole. */
  isWhole(buffer: PlannedBuffer): boolean;
}

/** Whether each shard has its own: what it computes on the way, but not what is learned. */
const isOwn = ({ role, name }: PlannedBuffer) =>
  name === shardScalars ||
  role === "activation" ||
  role === "activation gradient" ||
  role === "scratch" ||
  role === "mask";

/** Loss and scale of one shard. */
export const shardScalars = "loss.scalars";

/**
 * Gives every shard its space and its program, in place of those of the first alone. What all share comes first,
 * with the gradients: the first shard's are where the sum is made.
 */
export function layShards({ cut, batchSize, buffers, program, isWhole }: OneShard): {
  buffers: PlannedBuffer[];
  totalBytes: number;
  unsharedBytes: number;
} {
  const { count, rows } = cut;
  const others = Array.from({ length: count - 1 }, (_, index) => index + 1);
  const whole = new Map<string, number>();
  const gradients = buffers.filter(({ role }) => role === "gradient");
  const own = buffers.filter((buffer) => isOwn(buffer) && !isWhole(buffer));
  const common = buffers
    .filter((buffer) => !own.includes(buffer))
    .flatMap((buffer) => {
      if (isWhole(buffer)) {
        const perRow = sizeOf(buffer.shape.slice(1));
        whole.set(buffer.name, 4 * rows * perRow);
        const shape = [batchSize, ...buffer.shape.slice(1)];
        const values = buffer.values ? { values: Array(sizeOf(shape)).fill(buffer.values[0]) } : {};
        return [{ ...buffer, shape, bytes: aligned(4 * sizeOf(shape)), ...values }];
      }
      if (buffer !== gradients.at(-1)) return [buffer];
      const copies = others.flatMap((shard) =>
        gradients.map((gradient) => ({ ...gradient, name: inShard(shard, gradient.name) })),
      );
      return [buffer, ...copies];
    });
  const start = wholeLines(place(common));
  const stride = wholeLines(place(own));
  const placed = [0, ...others].flatMap((shard) =>
    own.map((buffer) => ({
      ...buffer,
      name: inShard(shard, buffer.name),
      offset: start + shard * stride + buffer.offset,
    })),
  );
  const ownNames = new Set(own.map(({ name }) => name));
  const gradientNames = new Set(gradients.map(({ name }) => name));

  function operandIn(shard: number, operand: Operand): Operand {
    if (typeof operand === "number" || !("buffer" in operand)) return operand;
    const { buffer, offset = 0 } = operand;
    const moved: BufferReference = { buffer, offset: offset + shard * (whole.get(buffer) ?? 0) };
    if (ownNames.has(buffer) || (shard > 0 && gradientNames.has(buffer)))
      moved.buffer = inShard(shard, buffer);
    return moved;
  }
  for (const part of shardParts) {
    const one = program[part];
    program[part] = [0, ...others].flatMap((shard) =>
      one.map(({ operation, operands }) => {
        const moved = operands.map((operand) => operandIn(shard, operand));
        // The masks of the shards, taken together, are those of the uncut batch.
        if (operation === Operation.DrawMask) moved.push(shard * rows * Number(operands[1]));
        return { operation, operands: moved };
      }),
    );
  }
  const all = [...common, ...placed];
  return {
    buffers: all,
    totalBytes: start + count * stride,
    unsharedBytes: start + count * wholeLines(own.reduce((sum, { bytes }) => sum + bytes, 0)),
  };
}

/** No two shards' spaces in one cache line. */
const wholeLines = (bytes: number) => Math.ceil(bytes / (4 * lineSlots)) * 4 * lineSlots;
