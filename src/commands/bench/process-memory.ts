/** What the kernel says of a process's memory: Linux alone, from /proc. */
import { readFileSync } from "node:fs";

/** All in MiB. */
export interface ProcessMemory {
  /** Resident now. */
  resident: number;
  /** The most that was ever resident. */
  peak: number;
  /** Of the resident set, what no file backs and so cannot be dropped. */
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

/** Pages that had to be fetched from disk since the process began (proc(5), field 12 of stat). */
export function majorFaults(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[9]);
}

/** Processor time since the process began, in seconds. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function mebibytes(text: string, key: string): number {
  const [, kibibytes] = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text) ?? [];
  return Number(kibibytes) / 1024;
}
