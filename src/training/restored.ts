import type { Learner } from "../learner/learner.ts";
import type { State } from "../state.ts";

/** Runs `work`, which may train the learner, and then restores the learner to what it was, also after a failure. */
export async function restoringAfter<T>(learner: Learner, work: () => Promise<T>): Promise<T> {
  // A state shares arrays with the learner.
  const before = structuredClone(learner.state()) as unknown as State;
  try {
    return await work();
  } finally {
    learner.restore(before);
  }
}
