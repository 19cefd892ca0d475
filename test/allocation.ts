import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileScripts } from "./compile.ts";

const driver = fileURLToPath(new URL("./allocation-driver.ts", import.meta.url));

/** What a process saw of the garbage collector while it repeated something. */
export interface Allocation {
  /** Collections of any kind, forced ones not counted. */
  collections: number;
  /** Growth of the heap in use, in bytes, between two forced collections. */
  heapGrowth: number;
}

/**
 * Runs a script (a module that default-exports a function of no arguments) in a process of its own: once to let
 * the compiler settle, then once under watch. The young generation is kept small, so that any allocation per
 * repetition brings collections.
 */
export function measureAllocation(script: URL): Allocation {
  const { paths, remove } = compileScripts(driver, fileURLToPath(script));
  try {
    const repeated = `${pathToFileURL(paths[1])}${script.search}`;
    // Code is optimized at once: in the background it may come too late on a busy machine, and what is slow boxes numbers.
    const flags = ["--expose-gc", "--max-semi-space-size=1", "--no-concurrent-recompilation"];
    const words = [...flags, paths[0], repeated];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
  } finally {
    remove();
  }
}
