/** Memory cgroups, of version 1 or 2, where this machine lets us make them. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MemoryLimit {
  /** Words before a command that start it in the group. */
  within: string[];
  /** MiB at most, page cache included. */
  charged(): number | null;
  /** How often it met its limit and had to give something back. */
  limitHits(): number | null;
  remove(): void;
}

const version1 = "/sys/fs/cgroup/memory";
const version2 = "/sys/fs/cgroup";

let groups = 0;

/** A new group with so many MB; null: with no limit, but counted. A sentence where none can be made. */
export function createMemoryLimit(megabytes: number | null): MemoryLimit | string {
  const isOld = existsSync(join(version1, "memory.limit_in_bytes"));
  if (!isOld && !existsSync(join(version2, "cgroup.controllers")))
    return "no memory cgroups are mounted here";
  const folder = join(isOld ? version1 : version2, `rivulet-bench-${process.pid}-${groups++}`);
  const number = (file: string) => {
    try {
      return Number(/\d+/.exec(readFileSync(join(folder, file), "utf8"))?.[0]);
    } catch {
      return null;
    }
  };
  try {
    mkdirSync(folder);
    if (megabytes !== null) {
      writeFileSync(join(folder, isOld ? "memory.limit_in_bytes" : "memory.max"), `${megabytes * 1e6}`);
    }
  } catch (error) {
    return `no memory cgroup can be made (${(error as Error).message}); run this as root`;
  }
  return {
    within: ["sh", "-c", `echo $$ > ${join(folder, "cgroup.procs")} && exec "$@"`, "sh"],
    charged() {
      const bytes = number(isOld ? "memory.max_usage_in_bytes" : "memory.peak");
      return bytes === null ? null : bytes / 2 ** 20;
    },
    limitHits: () => (isOld ? number("memory.failcnt") : eventsOf(join(folder, "memory.events"))),
    remove: () => rmdirSync(folder),
  };
}

function eventsOf(file: string): number | null {
  const [, count] = /^max (\d+)/m.exec(readFileSync(file, "utf8")) ?? [];
  return count === undefined ? null : Number(count);
}

/**
 * A copy of Node whose pages are not in the page cache: those are charged to whoever reads them first, so a limit that
 * is tried with a warm binary proves nothing.
 */
export function copyNode(): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-node-"));
  const path = join(folder, "node");
  copyFileSync(process.execPath, path);
  // Writes it out, then lets its pages go.
  execFileSync("dd", [
    `of=${path}`,
    "if=/dev/null",
    "conv=notrunc,fsync",
    "oflag=nocache",
    "count=0",
    "status=none",
  ]);
  execFileSync("dd", [`if=${path}`, "iflag=nocache", "count=0", "status=none"]);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}
