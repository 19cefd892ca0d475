/**
 * Divides a batch into shards, so that several threads can process it. Every shard runs the same program on its own
 * rows and buffers. The gradients are then added up in the order of the shards, block by block of the parameters, and
 * applied. The division depends only on the batch size, not on the threads, so the results do not depend on them
 * either. They differ from those of an undivided batch by the order of summation.
 */
import { RivuletError } from "../../errors/errors.ts";
import { Operation } from "../kernels/operation.ts";
import { lineSlots, Queue } from "../kernels/task-queue.ts";
import { kindOf } from "../layers/index.ts";
import { type BufferReference, type Operand, sizeOf } from "../layers/layer.ts";
import { aligned, place } from "./placement.ts";
import type { Cut, Instruction, PlannedBuffer, ProgramPart, Shards } from "./plan.ts";
import { layerError, type Unit } from "./units.ts";

/** Most shards: smaller ones would cost more to schedule than to compute. */
export const mostShards = 64;
/** Most threads of one network, including the calling thread. */
export const mostThreads = 64;
/** Default number of shards if threads are given: enough for the four cores of a board. */
const usualShards = 4;

/** Returns the number of shards; if it is not given, several only with worker threads. */
export const shardsFor = (shards: number | null | undefined, hasWorkers: boolean): number =>
  shards ?? (hasWorkers ? usualShards : 1);

/**
 * Divides a batch into shards; returns null if it is too small. The rows of a shard are a multiple of 4: so its part of
 * a buffer begins with a whole vector, and kernels, which write whole vectors past the last number, never overwrite the
 * next shard.
 *
 * @throws RivuletError when `shards` is out of range
 */
export function cutBatch(batchSize: number, shards: number): Cut | null {
  if (!Number.isInteger(shards) || shards < 1 || shards > mostShards) {
    throw new RivuletError(
      "argument.bad-value",
      `found ${shards} shards, expected a whole number from 1 to ${mostShards}; correct shards`,
    );
  }
  const rows = 4 * Math.ceil(batchSize / shards / 4);
  const count = Math.ceil(batchSize / rows);
  return count > 1 ? { count, rows } : null;
}

/** Checks that rows are independent. @throws RivuletError naming a layer that mixes rows or carries a state */
export function requireIndependentRows(units: readonly Unit[], training: boolean): void {
  for (const { path, layer } of units) {
    if (layer.type === "residual") continue;
    const mixes = kindOf(layer).mixesRows?.(layer, training);
    if (mixes) throw layerError("model.shards", { path, layer }, mixes);
  }
}

/** A contiguous part of the parameters, and of their gradients and states. */
export interface Block {
  /** Index of its first cell. */
  first: number;
  cells: number;
}

/** Fewest cells of a block: for fewer, scheduling costs more than the work. */
const leastBlockCells = 8192;
/** Most blocks: enough to be distributed evenly over a few threads. */
const mostBlocks = 32;

/** Divides `cells` numbers into blocks. The result depends on nothing else. */
export function blocksOf(cells: number): Block[] {
  const block = Math.max(leastBlockCells, 16 * Math.ceil(cells / mostBlocks / 16));
  return Array.from({ length: Math.ceil(cells / block) }, (_, index) => ({
    first: index * block,
    cells: Math.min(block, cells - index * block),
  }));
}

/** Returns the name of a shard's copy of a buffer. */
export const inShard = (shard: number, name: string): string => `shard ${shard}/${name}`;

/** Returns the index of the first task of each kind in the queue's table, and the number of all tasks. */
export function taskTable({ count, blocks }: Shards) {
  return {
    train: 0,
    predict: count,
    sum: 2 * count,
    update: 2 * count + blocks,
    tasks: 2 * (count + blocks),
  };
}

/** Returns the slot of the queue where the tasks begin, after as many claims. */
export const firstTask = (tasks: number): number => lineSlots * Math.ceil((Queue.Claims + tasks) / lineSlots);

/** Returns the number of slots of the queue, with claims and tasks. */
export function queueSlots(shards: Shards): number {
  const { tasks } = taskTable(shards);
  return firstTask(tasks) + tasks * lineSlots;
}

/** Parts of the program that each shard runs. */
export const shardParts = [
  "forward",
  "evaluation",
  "prediction",
  "backward",
] as const satisfies ProgramPart[];

/** The buffers and the program of one shard, and the shared buffers, before layout. */
export interface OneShard {
  cut: Cut;
  batchSize: number;
  /** Buffers, in the order of the arena. */
  buffers: PlannedBuffer[];
  program: Record<ProgramPart, Instruction[]>;
  /** Whether a buffer has rows as its first axis and is visible to the caller as a whole. */
  isWhole(buffer: PlannedBuffer): boolean;
}

/** Whether each shard has its own copy: of intermediate results, but not of parameters and their states. */
const isOwn = ({ role, name }: PlannedBuffer) =>
  name === shardScalars ||
  role === "activation" ||
  role === "activation gradient" ||
  role === "scratch" ||
  role === "mask";

/** Name of the buffer with loss and scale of one shard. */
export const shardScalars = "loss.scalars";

/**
 * Lays out buffers and program of every shard. Shared buffers come first, with the gradients: those of the first shard
 * receive the sum.
 */
export function layShards(one: OneShard): {
  buffers: PlannedBuffer[];
  totalBytes: number;
  unsharedBytes: number;
} {
  const { count } = one.cut;
  const own = one.buffers.filter((buffer) => isOwn(buffer) && !one.isWhole(buffer));
  const common = sharedBuffers(one, own);
  const start = wholeLines(place(common));
  const stride = wholeLines(place(own));
  const placed = Array.from({ length: count }, (_, shard) =>
    own.map((buffer) => ({
      ...buffer,
      name: inShard(shard, buffer.name),
      offset: start + shard * stride + buffer.offset,
    })),
  ).flat();
  repeatProgram(one, own);
  return {
    buffers: [...common, ...placed],
    totalBytes: start + count * stride,
    unsharedBytes: start + count * wholeLines(own.reduce((sum, { bytes }) => sum + bytes, 0)),
  };
}

const gradientsOf = (buffers: readonly PlannedBuffer[]) => buffers.filter(({ role }) => role === "gradient");

/** The buffers that all shards share: those with rows hold the whole batch, and gradients are there once a shard. */
function sharedBuffers(
  { cut, batchSize, buffers, isWhole }: OneShard,
  own: readonly PlannedBuffer[],
): PlannedBuffer[] {
  const gradients = gradientsOf(buffers);
  const copies = Array.from({ length: cut.count - 1 }, (_, index) =>
    gradients.map((gradient) => ({ ...gradient, name: inShard(index + 1, gradient.name) })),
  ).flat();
  return buffers
    .filter((buffer) => !own.includes(buffer))
    .flatMap((buffer) => {
      if (buffer === gradients.at(-1)) return [buffer, ...copies];
      if (!isWhole(buffer)) return [buffer];
      const shape = [batchSize, ...buffer.shape.slice(1)];
      const values = buffer.values ? { values: Array(sizeOf(shape)).fill(buffer.values[0]) } : {};
      return [{ ...buffer, shape, bytes: aligned(4 * sizeOf(shape)), ...values }];
    });
}

/** Repeats each part of the program for every shard, on its own buffers and its own rows of the shared ones. */
function repeatProgram({ cut, buffers, program, isWhole }: OneShard, own: readonly PlannedBuffer[]): void {
  const ownNames = new Set(own.map(({ name }) => name));
  const gradientNames = new Set(gradientsOf(buffers).map(({ name }) => name));
  /** Bytes of a shard's rows in the buffers of the whole batch. */
  const bytesOfRows = new Map(
    buffers.filter(isWhole).map(({ name, shape }) => [name, 4 * cut.rows * sizeOf(shape.slice(1))]),
  );

  function operandIn(shard: number, operand: Operand): Operand {
    if (typeof operand === "number" || !("buffer" in operand)) return operand;
    const { buffer, offset = 0 } = operand;
    const moved: BufferReference = { buffer, offset: offset + shard * (bytesOfRows.get(buffer) ?? 0) };
    if (ownNames.has(buffer) || (shard > 0 && gradientNames.has(buffer)))
      moved.buffer = inShard(shard, buffer);
    return moved;
  }
  for (const part of shardParts) {
    const one = program[part];
    program[part] = Array.from({ length: cut.count }, (_, shard) =>
      one.map(({ operation, operands }) => {
        const moved = operands.map((operand) => operandIn(shard, operand));
        // The masks of all shards together are those of the undivided batch.
        if (operation === Operation.DrawMask) moved.push(shard * cut.rows * Number(operands[1]));
        return { operation, operands: moved };
      }),
    ).flat();
  }
}

/** Bytes of a cache line; no two shards share one. */
const wholeLines = (bytes: number) => Math.ceil(bytes / (4 * lineSlots)) * 4 * lineSlots;
