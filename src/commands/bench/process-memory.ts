/** Reads the memory use of a process from /proc; Linux only. */
import { readFileSync } from "node:fs";

/** All in MiB. */
export interface ProcessMemory {
  /** Resident now. */
  resident: number;
  /** The most that was ever resident. */
  peak: number;
  /** Anonymous part of the resident set: not backed by a file, so the kernel cannot discard it. */
  anonymous: number;
  /** Resident, each page divided by the number of processes that share it. */
  proportional: number;
}

/** Reads the memory of a living process. */
export function processMemory(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return {
    resident: mebibytes(status, "VmRSS"),
    peak: mebibytes(status, "VmHWM"),
    anonymous: mebibytes(status, "RssAnon"),
    proportional: mebibytes(rollup, "Pss"),
  };
}

/** Returns the major page faults of a process: pages read from disk since its start (proc(5), field 12 of stat). */
export function majorFaults(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[9]);
}

/** Returns the processor time of a process since its start, in seconds. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function mebibytes(text: string, key: string): number {
  const [, kibibytes] = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text) ?? [];
  return Number(kibibytes) / 1024;
}
