import { setTimeout as pause } from "node:timers/promises";

/** Resolves as soon as the condition holds; throws what it waited for when that does not come. */
export async function until(condition: () => boolean, waitedFor = () => `${condition}`): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${waitedFor()}`);
    await pause(10);
  }
}
