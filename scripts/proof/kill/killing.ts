/** Starts processes of the command line to kill them, and says when. */
import { type ChildProcess, spawn } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { program } from "../../bench/program.ts";

/** On what a process writes: the disk as it is, a slow one, or a slow one under a program that renames nothing. */
export type Card = "plain" | "slow" | "careless";

const preload = join(import.meta.dirname, "card.cjs");
const unfinished = /\.tmp$|\.rivulet-partial$/;
/** Longest time from the first byte of a file to the kill: about as long as a slow card takes for the whole file. */
const longestWriteMs = 12;
const longestWaitMs = 3000;

/** A process, and when it has ended. */
export interface Running {
  child: ChildProcess;
  ended: Promise<number | null>;
  /** What it has printed so far, on both outputs. */
  printed(): string;
}

export function start(words: readonly string[], cwd: string, card: Card): Running {
  return startScript(program, words, cwd, card);
}

export function startScript(script: string, words: readonly string[], cwd: string, card: Card): Running {
  const environment = card === "plain" ? {} : { RIVULET_PROOF_CARD: card };
  const child = spawn(process.execPath, ["--require", preload, script, ...words], {
    cwd,
    env: { ...process.env, ...environment },
  });
  let printed = "";
  const keep = (text: string) => {
    printed += text;
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  // What is written to one that was killed is lost.
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, printed: () => printed };
}

/**
 * Resolves some milliseconds after a file that `isWatched` names has changed in the folder for the given number of times, or
 * where it does not, after three seconds.
 */
export async function duringWrite(
  folder: string,
  isWatched: (name: string) => boolean,
  changes: number,
): Promise<void> {
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestWaitMs);
    let left = changes;
    watcher = watch(folder, (_, name) => {
      if (name !== null && isWatched(name) && --left <= 0) resolve();
    });
  });
  clearTimeout(timer);
  watcher?.close();
  await pause(Math.random() * longestWriteMs);
}

/** Whether a name is that of a file which is not finished. */
export const isUnfinished = (name: string): boolean => unfinished.test(name);
