/** Twin of ../assembly/crew.ts for one thread: the calling one runs task after task. */
import { Crew, lineSlots, Outcome, Task } from "../crew.ts";

/** Makes `dispatch(crew, first, count)` over the given memory. */
export function createScalarDispatch(
  buffer: ArrayBuffer,
  run: (program: number, count: number, rows: number, gathering: number) => number,
): (crew: number, first: number, count: number) => Outcome {
  const ints = new Int32Array(buffer);
  return (crew, first, count) => {
    let status = 0;
    let task = (crew >>> 2) + ints[(crew >>> 2) + Crew.Tasks] + first * lineSlots;
    for (let left = count; left > 0; left--, task += lineSlots) {
      const rows = ints[task + Task.Rows];
      const gathering = ints[task + Task.Gathering];
      let outcome = run(ints[task + Task.First], ints[task + Task.FirstCount], rows, gathering);
      if (outcome === 0) {
        outcome = run(ints[task + Task.Second], ints[task + Task.SecondCount], rows, gathering);
      }
      status |= outcome;
    }
    return status === 0 ? Outcome.Done : Outcome.Stopped;
  };
}
