/** Steps that make files from files, side by side where they may be, and left out where nothing has changed. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Progress } from "./progress.ts";

/** Paths are relative to the project's root; a folder stands for all files in it. */
export interface Step {
  name: string;
  /** Names of the steps that must have ended before this one begins. */
  after?: readonly string[];
  /** What decides whether it runs: sources, and what tells the version of the tool. */
  reads(): readonly string[];
  /** What must be there, unchanged, for the step to be left out. */
  writes(): readonly string[];
  /** Gives the paths of further files that it read, as far as it learns of them while it runs. */
  run(): Promise<readonly string[] | undefined>;
}

/** What is remembered of a step that ended well. */
interface Memory {
  /** Files that it read beside those that it names. */
  alsoRead: readonly string[];
  /** Digests. */
  inputs: string;
  alsoReadInputs: string;
  outputs: string;
}

/**
 * Runs the steps of which an input or an output is not as it was when they last ended well.
 *
 * @param root the folder that all paths are relative to
 * @param memoryFile what is remembered from one build to the next; without it every step runs
 * @param common files that every step depends on: the build itself
 */
export async function runSteps(
  steps: readonly Step[],
  {
    root,
    memoryFile,
    common,
    progress,
  }: { root: string; memoryFile: string; common: readonly string[]; progress: Progress },
): Promise<void> {
  const memories = new Map<string, Memory>(Object.entries(remembered(memoryFile)));
  const remember = () => {
    mkdirSync(dirname(memoryFile), { recursive: true });
    writeFileSync(`${memoryFile}.new`, JSON.stringify(Object.fromEntries(memories)));
    renameSync(`${memoryFile}.new`, memoryFile);
  };
  const ends = new Map<string, Promise<void>>();
  for (const step of steps) {
    const before = (step.after ?? []).map((name) => {
      const end = ends.get(name);
      if (end === undefined)
        throw new Error(`step ${step.name} is after ${name}, which is not listed before it`);
      return end;
    });
    ends.set(
      step.name,
      Promise.all(before).then(() => runIfChanged(step)),
    );
  }
  await Promise.all(ends.values());

  async function runIfChanged(step: Step): Promise<void> {
    const memory = memories.get(step.name);
    // Before it runs: what changes meanwhile counts as changed in the next build.
    const inputs = digestOf(root, [...common, ...step.reads()]);
    if (
      memory !== undefined &&
      memory.inputs === inputs &&
      memory.alsoReadInputs === digestOf(root, memory.alsoRead) &&
      memory.outputs === digestOf(root, step.writes())
    ) {
      return;
    }
    memories.delete(step.name);
    progress.begin(step.name);
    const alsoRead = (await step.run()) ?? [];
    progress.end(step.name);
    memories.set(step.name, {
      alsoRead,
      inputs,
      alsoReadInputs: digestOf(root, alsoRead),
      outputs: digestOf(root, step.writes()),
    });
    remember();
  }
}

function remembered(file: string): Record<string, Memory> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, Memory>;
  } catch {
    return {};
  }
}

/** A digest of the names and contents of all files under the paths; a path that is missing counts as such. */
function digestOf(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((each) => filesUnder(root, each)).sort()) {
    hash.update(`${path}\0`);
    try {
      hash.update(
        createHash("sha256")
          .update(readFileSync(join(root, path)))
          .digest(),
      );
    } catch {
      hash.update("missing");
    }
  }
  return hash.digest("base64");
}

/** Paths of the files, from the root. */
function filesUnder(root: string, path: string): string[] {
  if (!statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(root, `${path}/${name}`));
}
