/**
 * Task queue for threads that share one memory, each with an instance of this module. The calling thread is one of
 * them, and completes all tasks alone if no other thread is running, so it never waits for a thread to start.
 */
import { Queue, lineSlots, Outcome, Task } from "../task-queue";
import { run } from "./run";

/**
 * How often a thread polls before it sleeps, about 200 microseconds: longer than the pauses within a step, and longer
 * than writing the next batch. Waking a thread takes 50.
 */
const looks = 200_000;
/**
 * Nanoseconds of one sleep of the calling thread, and how many without a finished task until a thread counts as dead.
 */
const nap: i64 = 1_000_000_000;
const mostNaps = 10;

/** More than the number of threads; V8 would allocate a larger number on the heap. */
const everyone = 1024;

// @ts-ignore: decorator
@inline
function slot(queue: usize, which: i32): usize {
  return queue + (usize(which) << 2);
}

// @ts-ignore: decorator
@inline
function claimAt(queue: usize, index: i32): usize {
  return slot(queue, Queue.Claims + index);
}

/**
 * Runs a claimed task. Its result is written only if it changed, so that the cache line stays shared by all threads.
 */
function runTask(queue: usize, index: i32): i32 {
  const task = slot(queue, load<i32>(slot(queue, Queue.Tasks)) + index * lineSlots);
  const rows = load<i32>(slot(task, Task.Rows));
  const accumulating = load<i32>(slot(task, Task.Accumulating)) != 0;
  let status = run(load<i32>(slot(task, Task.First)), load<i32>(slot(task, Task.FirstCount)), rows, accumulating);
  if (!status) status = run(load<i32>(slot(task, Task.Second)), load<i32>(slot(task, Task.SecondCount)), rows, accumulating);
  if (load<i32>(slot(task, Task.Status)) != status) store<i32>(slot(task, Task.Status), status);
  return status;
}

/**
 * Claims and runs tasks until every task is claimed; returns how many it ran. Thread `self` begins at its share, and
 * then helps the others.
 */
function work(queue: usize, self: i32): i32 {
  const stretch = atomic.load<i32>(slot(queue, Queue.Stretch));
  const first = stretch >>> 16;
  const count = stretch & 0xffff;
  let index = (self * count) / load<i32>(slot(queue, Queue.Threads));
  let ran = 0;
  for (let seen = 0; seen < count; seen++, index++) {
    if (index >= count) index -= count;
    const claim = claimAt(queue, first + index);
    if (atomic.load<i32>(claim) || atomic.cmpxchg<i32>(claim, 0, 1)) continue;
    runTask(queue, first + index);
    ran++;
  }
  return ran;
}

/** Runs thread `self`, 1 or more, until the queue is closed. */
export function serve(queue: usize, self: i32): void {
  const generation = slot(queue, Queue.Generation);
  let seen = 0;
  while (!atomic.load<i32>(slot(queue, Queue.Closed))) {
    for (let left = looks; left > 0 && atomic.load<i32>(generation) == seen; left--) {}
    const now = atomic.load<i32>(generation);
    if (now == seen) {
      // The thread that increments the generation reads this count afterwards, so it is raised before the last poll
      // here.
      atomic.add<i32>(slot(queue, Queue.Sleeping), 1);
      atomic.wait<i32>(generation, seen, -1);
      atomic.sub<i32>(slot(queue, Queue.Sleeping), 1);
      continue;
    }
    seen = now;
    const ran = work(queue, self);
    if (!ran) continue;
    atomic.add<i32>(slot(queue, Queue.Done), ran);
    if (atomic.load<i32>(slot(queue, Queue.Waiting))) atomic.notify(slot(queue, Queue.Done), 1);
  }
}

/**
 * Runs tasks `first` to `first + count - 1` together with the other threads. Their rows must be written already. A late
 * thread may claim a task as soon as it is open, before the generation is incremented: that is correct too.
 */
export function dispatch(queue: usize, first: i32, count: i32): i32 {
  // A single task is finished sooner than scheduled.
  if (count == 1) return runTask(queue, first) ? Outcome.Stopped : Outcome.Done;
  const done = slot(queue, Queue.Done);
  atomic.store<i32>(done, 0);
  for (let index = first; index < first + count; index++) atomic.store<i32>(claimAt(queue, index), 0);
  atomic.store<i32>(slot(queue, Queue.Stretch), (first << 16) | count);
  atomic.add<i32>(slot(queue, Queue.Generation), 1);
  if (atomic.load<i32>(slot(queue, Queue.Sleeping))) atomic.notify(slot(queue, Queue.Generation), everyone);
  const others = count - work(queue, 0);
  for (let left = looks; left > 0 && atomic.load<i32>(done) != others; left--) {}
  if (atomic.load<i32>(done) != others && !outwait(queue, others)) return Outcome.Lost;
  let status = 0;
  const tasks = load<i32>(slot(queue, Queue.Tasks));
  for (let index = first; index < first + count; index++) {
    status |= load<i32>(slot(queue, tasks + index * lineSlots + Task.Status));
  }
  return status ? Outcome.Stopped : Outcome.Done;
}

/**
 * Sleeps until others have finished `count` tasks. Returns false if a thread died, or no task was finished for long. V8
 * allocates the time limit of a sleep on the heap, 24 bytes: negligible after so many polls.
 */
function outwait(queue: usize, count: i32): bool {
  const done = slot(queue, Queue.Done);
  const waiting = slot(queue, Queue.Waiting);
  atomic.store<i32>(waiting, 1);
  let naps = 0;
  let sofar = atomic.load<i32>(done);
  while (sofar != count && naps < mostNaps && !atomic.load<i32>(slot(queue, Queue.Left))) {
    if (atomic.wait<i32>(done, sofar, nap) == AtomicWaitResult.TIMED_OUT) naps++;
    else naps = 0;
    sofar = atomic.load<i32>(done);
  }
  atomic.store<i32>(waiting, 0);
  return sofar == count;
}
