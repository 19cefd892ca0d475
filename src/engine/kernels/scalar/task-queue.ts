/** Twin of ../assembly/task-queue.ts for one thread: the calling one runs task after task. */
import { lineSlots, Outcome, Queue, Task } from "../task-queue.ts";

/** Makes `dispatch(queue, first, count)` over the given memory. */
export function createScalarDispatch(
  buffer: ArrayBuffer,
  run: (program: number, count: number, rows: number, accumulating: number) => number,
): (queue: number, first: number, count: number) => Outcome {
  const ints = new Int32Array(buffer);
  return (queue, first, count) => {
    let status = 0;
    let task = (queue >>> 2) + ints[(queue >>> 2) + Queue.Tasks] + first * lineSlots;
    for (let left = count; left > 0; left--, task += lineSlots) {
      const rows = ints[task + Task.Rows];
      const accumulating = ints[task + Task.Accumulating];
      let outcome = run(ints[task + Task.First], ints[task + Task.FirstCount], rows, accumulating);
      if (outcome === 0) {
        outcome = run(ints[task + Task.Second], ints[task + Task.SecondCount], rows, accumulating);
      }
      status |= outcome;
    }
    return status === 0 ? Outcome.Done : Outcome.Stopped;
  };
}
