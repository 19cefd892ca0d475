import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Runs something while no other process builds, or copies what is built. Waits for its turn; the lock of a process that
 * is gone is broken.
 *
 * @param root the project's folder
 */
export async function whileNobodyBuilds<Result>(root: string, run: () => Promise<Result>): Promise<Result> {
  const lock = join(root, "node_modules/.cache/rivulet-build.lock");
  mkdirSync(dirname(lock), { recursive: true });
  if (!take(lock)) {
    process.stderr.write("waiting for another build of this folder ...\n");
    while (!take(lock)) await pause(50);
  }
  try {
    return await run();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  try {
    const holder = Number(readFileSync(lock, "utf8"));
    // Empty for a moment, between its making and its writing.
    if (holder > 0) process.kill(holder, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") rmSync(lock, { force: true });
  }
  return false;
}
