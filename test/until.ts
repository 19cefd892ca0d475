import { setTimeout as pause } from "node:timers/promises";

/** Longest that a test waits for anything: it ends a hang, and no machine is so busy that it comes near it. */
const longestMs = 300_000;

/** Resolves as soon as the condition holds; throws what it waited for when that does not come. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  waitedFor = () => `${condition}`,
): Promise<void> {
  const deadline = performance.now() + longestMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${longestMs / 1000} s: ${waitedFor()}`);
    await pause(10);
  }
}
