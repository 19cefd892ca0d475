/**
 * The numbers through which worker threads agree on who does what. They are in the arena, as 32-bit
 * integers. WebAssembly (`assembly/task-queue.ts`) and TypeScript (`scalar/task-queue.ts`) share this file: it is valid in both
 * languages.
 *
 * A task is one or two stretches of the program. Whoever claims it runs it; who that is changes nothing in what it
 * computes.
 */

/** Slots of one cache line: numbers that different threads write must not share one. */
export const lineSlots = 16;

/**
 * Slots of the queue itself, a line for each thread's writing. The claims follow, one for each task, then the
 * tasks, a line each, which hardly ever change. A line that another core wrote takes up to half a microsecond to come.
 */
export enum Queue {
  /** Goes up whenever there is something to do. */
  Generation = 0,
  /** Number of the first task to be done in its upper 16 bits, how many in its lower. */
  Stretch = 1,
  /** How many threads there are, the calling one included: each begins with another task. */
  Threads = 2,
  /** 1: threads are to return. */
  Closed = 3,
  /** Slot where the tasks begin. */
  Tasks = 4,
  /** Tasks done by other threads than the calling one. */
  Done = 16,
  /** Threads that sleep until the generation goes up. */
  Sleeping = 32,
  /** 1: the calling thread sleeps until another task is done. */
  Waiting = 48,
  /** Threads that have come to their end. */
  Left = 64,
  /** The first claim. 0: the task is open. */
  Claims = 80,
}

/** Slots of one task. */
export enum Task {
  /** Byte offset of the first stretch of instructions, how many, and the same of the second. */
  First,
  FirstCount,
  Second,
  SecondCount,
  /** What they are run with. */
  Rows,
  Accumulating,
  /** What running it gave. */
  Status,
}

/** What a dispatch gives. */
export enum Outcome {
  /** Every task ran to its end. */
  Done,
  /** A task stopped at numbers that are not finite. */
  Stopped,
  /** A thread claimed a task and does not come back. */
  Lost,
}
