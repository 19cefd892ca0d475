/**
 * Runs a network whose batch is divided into shards: it schedules the shards, then the blocks of the parameters, on the
 * available threads. The caller provides the function that starts threads.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { Kernels, SharedKernels } from "../kernels/kernels.ts";
import { instructionSlots, Scalar } from "../kernels/operation.ts";
import { lineSlots, Outcome, Queue, Task } from "../kernels/task-queue.ts";
import type { Plan, ProgramPart, Shards } from "../planning/plan.ts";
import { firstTask, inShard, shardScalars, taskTable } from "../planning/shards.ts";

/** Input of a worker thread: it instantiates the module on the memory, and calls its `serve(queue, self)`. */
export interface ThreadWork extends SharedKernels {
  /** Byte offset of the queue in the memory. */
  queue: number;
  /** Number of the thread, from 1. */
  self: number;
  /** Index into the memory's 32-bit integers: the thread increments it and notifies `done` when it ends. */
  left: number;
  done: number;
}

/** Starts worker threads. */
export interface Threads {
  /** Number of threads of a step, including the calling thread. */
  count: number;
  /**
   * Starts a thread, which must not keep the process alive. It may start late: until then the others do its work. Calls
   * `failed` with the reason if the thread fails.
   */
  start(work: ThreadWork, failed: (reason: string) => void): void;
}

type Stretch = { start: number; count: number };

const instructionBytes = instructionSlots * 4;

export class ShardWorkers {
  readonly #shards: Shards;
  readonly #kernels: Kernels;
  /** Byte offset of the queue. */
  readonly #at: number;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  /** First float64 of the scalars: the network's, and each shard's. */
  readonly #scalars: number;
  readonly #shardScalars: number[];
  /** First float64 of the blocks' sums of squares; -1 if no norm is needed. */
  readonly #squares: number;
  readonly #firstTask: number;
  readonly #tasks: ReturnType<typeof taskTable>;
  /** Reason why a thread died. */
  #failure: string | null = null;

  /** `parts`: byte offsets of the parts of the program. */
  constructor(plan: Plan, shards: Shards, kernels: Kernels, parts: Record<ProgramPart, Stretch>) {
    const offsetOf = (name: string) => plan.buffers.find((buffer) => buffer.name === name)?.offset ?? -1;
    this.#shards = shards;
    this.#kernels = kernels;
    this.#at = offsetOf("task queue");
    this.#ints = new Int32Array(kernels.buffer);
    this.#doubles = new Float64Array(kernels.buffer);
    this.#scalars = offsetOf("scalars") >>> 3;
    this.#shardScalars = Array.from(
      { length: shards.count },
      (_, shard) => offsetOf(inShard(shard, shardScalars)) >>> 3,
    );
    const squares = offsetOf("squares");
    this.#squares = squares < 0 ? -1 : squares >>> 3;
    this.#tasks = taskTable(shards);
    this.#firstTask = (this.#at >>> 2) + firstTask(this.#tasks.tasks);
    const { train, predict, sum, update, tasks } = this.#tasks;
    const none = { start: 0, count: 0 };
    const evaluation = parts.evaluation.count > 0 ? parts.evaluation : parts.forward;
    for (let shard = 0; shard < shards.count; shard++) {
      const part = (stretch: Stretch) => nth(stretch, shard, shards.count);
      this.#write(train + shard, part(parts.forward), part(parts.backward));
      this.#write(predict + shard, part(evaluation), part(parts.prediction));
    }
    for (let block = 0; block < shards.blocks; block++) {
      this.#write(sum + block, nth(parts.sum, block, shards.blocks), none);
      this.#write(update + block, nth(parts.update, block, shards.blocks), none);
    }
    const queue = this.#at >>> 2;
    this.#ints.fill(1, queue + Queue.Claims, queue + Queue.Claims + tasks);
    this.#ints[queue + Queue.Tasks] = firstTask(tasks);
    this.#ints[queue + Queue.Threads] = 1;
  }

  /** Starts the worker threads. */
  start(threads: Threads): void {
    const { shared } = this.#kernels;
    const queue = this.#at >>> 2;
    this.#ints[queue + Queue.Threads] = threads.count;
    if (!shared) return;
    for (let self = 1; self < threads.count; self++) {
      const slots = { left: queue + Queue.Left, done: queue + Queue.Done };
      threads.start({ ...shared, queue: this.#at, self, ...slots }, (reason) => {
        this.#failure ??= reason;
      });
    }
  }

  /** Predicts for the first `rows` rows. */
  infer(rows: number): void {
    const active = this.#setRows(this.#tasks.predict, rows);
    this.#dispatch(this.#tasks.predict, active);
  }

  /**
   * Computes forward and backward pass of the first `rows` rows. Writes the sum of their gradients, with `accumulating`
   * 1 added to the gradients accumulated before, to the first shard's gradients, and the loss to the scalars. Returns
   * false if one of them is not finite.
   */
  descend(rows: number, accumulating: number): boolean {
    const { train, sum } = this.#tasks;
    const active = this.#setRows(train, rows);
    const doubles = this.#doubles;
    const common = this.#scalars;
    this.#set(train, Task.Accumulating, accumulating);
    for (let shard = 0; shard < active; shard++) {
      const own = this.#shardScalars[shard];
      doubles[own + Scalar.GradientScale] = doubles[common + Scalar.GradientScale];
      doubles[own + Scalar.Seed] = doubles[common + Scalar.Seed];
      doubles[own + Scalar.Draws] = doubles[common + Scalar.Draws];
    }
    this.#dispatch(train, active);
    doubles[common + Scalar.Loss] = 0;
    for (let shard = 0; shard < active; shard++) {
      doubles[common + Scalar.Loss] += doubles[this.#shardScalars[shard] + Scalar.Loss];
    }
    const { blocks } = this.#shards;
    for (let block = 0; block < blocks; block++) this.#set(sum + block, Task.Rows, active);
    return this.#dispatch(sum, blocks) === Outcome.Done;
  }

  /** Applies the gradients. */
  update(): void {
    if (this.#squares >= 0) {
      const doubles = this.#doubles;
      const norm = this.#scalars + Scalar.GradientNorm;
      doubles[norm] = 0;
      for (let block = 0; block < this.#shards.blocks; block++)
        doubles[norm] += doubles[this.#squares + block];
      doubles[norm] = Math.sqrt(doubles[norm]);
    }
    this.#dispatch(this.#tasks.update, this.#shards.blocks);
  }

  /** Ends the threads. Afterwards the calling thread works alone, with the same results. */
  close(): void {
    const queue = this.#at >>> 2;
    Atomics.store(this.#ints, queue + Queue.Closed, 1);
    Atomics.add(this.#ints, queue + Queue.Generation, 1);
    Atomics.notify(this.#ints, queue + Queue.Generation);
  }

  /** Assigns `rows` rows to the shards' tasks from `first` on. Returns how many shards have rows. */
  #setRows(first: number, rows: number): number {
    const size = this.#shards.rows;
    let active = 0;
    for (let from = 0; from < rows; from += size) {
      this.#set(first + active, Task.Rows, Math.min(size, rows - from));
      active++;
    }
    return active;
  }

  #dispatch(first: number, count: number): Outcome {
    if (this.#failure !== null) throw goneBecause(this.#failure);
    const outcome = this.#kernels.dispatch(this.#at, first, count);
    if (outcome === Outcome.Lost) throw this.#lost();
    return outcome;
  }

  #lost(): RivuletError {
    this.#failure = "it claimed a task and never finished it";
    return goneBecause(this.#failure);
  }

  #slot(task: number, which: Task): number {
    return this.#firstTask + task * lineSlots + which;
  }

  /** Writes only what changes, so that the cache line stays shared by all threads. */
  #set(task: number, which: Task, value: number): void {
    const at = this.#slot(task, which);
    if (this.#ints[at] !== value) this.#ints[at] = value;
  }

  #write(task: number, first: Stretch, second: Stretch): void {
    const at = this.#slot(task, 0);
    this.#ints[at + Task.First] = first.start;
    this.#ints[at + Task.FirstCount] = first.count;
    this.#ints[at + Task.Second] = second.start;
    this.#ints[at + Task.SecondCount] = second.count;
    this.#ints[at + Task.Rows] = 1;
  }
}

function goneBecause(reason: string): RivuletError {
  return new RivuletError(
    "network.worker-died",
    `a worker thread of the network died (${reason}), and its step is lost; restore the network from its last checkpoint`,
  );
}

/** Returns one of `times` equal parts of a range of the program. */
function nth({ start, count }: Stretch, index: number, times: number): Stretch {
  const each = count / times;
  return { start: start + index * each * instructionBytes, count: each };
}
