import { setTimeout as pause } from "node:timers/promises";

/** Resolves as soon as a condition holds; throws when it does not within the deadline. */
export async function until(condition: () => boolean, deadlineMs = 30_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
    await pause(5);
  }
}
