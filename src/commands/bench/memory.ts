/** Measures the daemon's memory on this machine, compared with Node alone: whole processes, with a pseudo-terminal. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type FedDaemonOptions, frugal, mostFrugal, startFedDaemon } from "./fed-daemon.ts";
import type { Figure } from "./figure.ts";
import { type ProcessMemory, processMemory } from "./process-memory.ts";
import { spreadOf, takeInTurn } from "./timing.ts";

const settleMs = 5000;

/** Measures an idle Node process. */
export async function memoryOfBareNode(): Promise<ProcessMemory> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e8)"], { stdio: "ignore" });
  await sleep(1000);
  const memory = processMemory(child.pid as number);
  child.kill();
  await once(child, "close");
  return memory;
}

/** Measures a daemon that learns from 1000 samples a second and saves a checkpoint every 2 s, in steady state. */
export async function memoryOfDaemon(
  program: string,
  options: Partial<FedDaemonOptions> = {},
): Promise<ProcessMemory> {
  const daemon = await startFedDaemon({
    program,
    rate: 1000,
    more: { checkpoint: { every: "2s", keep: 3 } },
    ...options,
  });
  await daemon.untilLearning;
  await sleep(settleMs);
  const memory = processMemory(daemon.process.pid as number);
  await daemon.stop();
  return memory;
}

/** Returns a figure for each process, measured in turn `rounds` times; the first of `subjects` is Node alone. */
export async function residentFigures(
  subjects: Readonly<Record<string, () => Promise<ProcessMemory>>>,
  rounds: number,
): Promise<Figure[]> {
  const measured = await takeInTurn(Object.values(subjects), rounds);
  const median = (all: ProcessMemory[], key: keyof ProcessMemory) =>
    spreadOf(all.map((each) => each[key])).median.toFixed(1);
  const residents = measured.map((all) => spreadOf(all.map(({ resident }) => resident)));
  const bare = residents[0].median;
  return Object.keys(subjects).map((name, index) => ({
    group: "resident memory",
    name,
    value: residents[index],
    unit: "MiB",
    note: `${(residents[index].median - bare).toFixed(1)} over bare node; peak ${median(measured[index], "peak")}, anonymous ${median(measured[index], "anonymous")}, proportional ${median(measured[index], "proportional")}`,
  }));
}

/** The daemon processes whose memory is measured. */
export const daemonSubjects = (program: string): Record<string, () => Promise<ProcessMemory>> => ({
  "bare node": memoryOfBareNode,
  "run, 1000 samples a second": () => memoryOfDaemon(program),
  "run, the same, frugal settings": () => memoryOfDaemon(program, frugal),
  "run, the same, with --no-turbofan too": () => memoryOfDaemon(program, mostFrugal),
});

/** Measures for users: at most three rounds, because memory varies little and each takes a quarter of a minute. */
export function memoryFigures(rounds: number): Promise<Figure[]> {
  return residentFigures(daemonSubjects(process.argv[1]), Math.min(rounds, 3));
}
