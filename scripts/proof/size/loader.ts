/**
 * Reads one checkpoint as a command or a library does, and prints what that took, as JSON: the process that is measured.
 *
 *     loader.js inspect|load|resume|hash FILE TINY
 *
 * It reads a tiny checkpoint first, so that code is loaded and compiled before the measurement begins.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { readCheckpointFile } from "../../../src/checkpoint/checkpoint-file.ts";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { createSha256 } from "../../../src/checkpoint/sha256.ts";
import type { Invocation } from "../../../src/commands/command-line/command.ts";
import { run as inspect } from "../../../src/commands/inspect.ts";
import { learnerFrom } from "../../../src/continuing/learner-checkpoint.ts";
import { loadNetwork } from "../../../src/library/network-file.ts";

const [action, file, tiny] = process.argv.slice(2);

const actions: Record<string, (path: string) => unknown> = {
  inspect: (path) => inspect({ positionals: [path] } as Invocation),
  load: loadNetwork,
  resume: (path) =>
    learnerFrom(decodeCheckpoint(readCheckpointFile(path, { followLinks: true }), path), path),
  hash(path) {
    const hash = createSha256();
    hash.update(readCheckpointFile(path, { followLinks: true }));
    return hash.digest();
  },
};

/** Resident bytes now, and the most since the last call of `forget`. */
function resident(): { now: number; peak: number } {
  const text = readFileSync("/proc/self/status", "utf8");
  const bytes = (key: string) => 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

async function attempt(path: string): Promise<{ kept: unknown; refused: string | null }> {
  try {
    return { kept: await actions[action](path), refused: null };
  } catch (error) {
    return { kept: null, refused: (error as Error).message };
  }
}

await attempt(tiny);
globalThis.gc?.();
// The most that was ever resident is counted anew (proc(5)).
writeFileSync("/proc/self/clear_refs", "5");
const before = resident().now;
const from = performance.now();
const { kept, refused } = await attempt(file);
const milliseconds = performance.now() - from;
const grown = resident().peak - before;
console.log(JSON.stringify({ grown, milliseconds, refused, isKept: kept !== null }));
