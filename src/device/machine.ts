/**
 * The machine under examination: its root folder, user, Node and processor. A test passes a folder that is laid out
 * like the root of a board's file system.
 */
import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { machine as processorName, userInfo } from "node:os";
import { join } from "node:path";
import { reasonOf } from "../errors/system-error.ts";
import { groupById } from "../machine/groups.ts";

/** What Node was compiled for, and what it supports. */
export interface NodeBuild {
  /** `20.19.0`. */
  version: string;
  /** As in `process.arch`. */
  architecture: string;
  /** Version of the ARM architecture, 6 or 7; null unless this is a 32-bit ARM build. */
  armVersion: number | null;
  /** Kinds of kernels that this Node runs: relaxed-simd, simd, scalar. */
  variants: readonly string[];
  cLibrary: "glibc" | "musl" | "unknown";
}

/** A machine, as far as the checks need to know it. */
export interface Machine {
  /** The folder that is used as "/". */
  root: string;
  user: { name: string; id: number; groups: readonly number[] };
  node: NodeBuild;
  /** Processor as the kernel names it (`uname -m`): aarch64, armv7l, x86_64. */
  processor: string;
  now: Date;
  /** Free bytes that the user may write on the file system of an existing path. */
  freeBytes(path: string): number;
}

/**
 * Describes this machine.
 *
 * @param variants kinds of kernels that this Node runs
 * @param changes values that replace those of this machine, for tests
 */
export function thisMachine(variants: readonly string[], changes: Partial<Machine> = {}): Machine {
  const {
    root = "/",
    user = currentUser(),
    node = { ...nodeBuild(), variants },
    processor = processorName(),
    now = new Date(),
  } = changes;
  const { freeBytes = (path: string) => bytesFreeAt(join(root, path)) } = changes;
  return { root, user, node, processor, now, freeBytes };
}

function bytesFreeAt(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function currentUser(): Machine["user"] {
  const id = process.getuid?.() ?? -1;
  const groups = [...new Set([process.getgid?.() ?? -1, ...(process.getgroups?.() ?? [])])];
  try {
    return { name: userInfo().username, id, groups };
  } catch {
    // A user id without an entry in /etc/passwd, as in containers.
    return { name: `#${id}`, id, groups };
  }
}

function nodeBuild(): Omit<NodeBuild, "variants"> {
  const { arm_version } = process.config.variables as { arm_version?: string };
  let cLibrary: NodeBuild["cLibrary"] = "unknown";
  if (process.platform === "linux") {
    const report = process.report as unknown as { excludeNetwork?: boolean; getReport(): unknown };
    // Otherwise the report resolves the host names of all open connections, and waits for the answers.
    report.excludeNetwork = true;
    const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
    cLibrary = header.glibcVersionRuntime === undefined ? "musl" : "glibc";
  }
  return {
    version: process.versions.node,
    architecture: process.arch,
    armVersion: process.arch === "arm" && arm_version !== undefined ? Number(arm_version) : null,
    cLibrary,
  };
}

/** A check cannot decide: a file is missing or has an unexpected content. */
export class CannotTell extends Error {}

/** Reads a text file of the machine. @throws CannotTell where it cannot be read */
export function readText(machine: Machine, path: string): string {
  try {
    return readFileSync(join(machine.root, path), "utf8");
  } catch (error) {
    throw new CannotTell(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** Reads a text file of the machine; null where it cannot be read. */
export function textOf(machine: Machine, path: string): string | null {
  try {
    return readText(machine, path);
  } catch {
    return null;
  }
}

/** Lists the names in a folder, in numeric order; empty where it cannot be read. */
export function namesIn(machine: Machine, path: string): string[] {
  try {
    return readdirSync(join(machine.root, path)).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch {
    return [];
  }
}

/**
 * Returns the status of the file at a path, following links; null where there is none.
 * @throws the file system's error where the path may not be read
 */
export function statusOf(machine: Machine, path: string): Stats | null {
  return statSync(join(machine.root, path), { throwIfNoEntry: false }) ?? null;
}

/** Whether a path exists, following links; false where it may not be read. */
export function exists(machine: Machine, path: string): boolean {
  try {
    return statusOf(machine, path) !== null;
  } catch {
    return false;
  }
}

/** Returns the target of a symbolic link as it is written; null where the path is not a link. */
export function linkAt(machine: Machine, path: string): string | null {
  try {
    return readlinkSync(join(machine.root, path));
  } catch {
    return null;
  }
}

/** Resolves all symbolic links of a path, relative to the machine's root; the path itself where it does not exist. */
export function resolved(machine: Machine, path: string): string {
  try {
    const real = realpathSync(join(machine.root, path));
    const root = realpathSync(machine.root);
    return root === "/" || !real.startsWith(`${root}/`) ? real : real.slice(root.length);
  } catch {
    return path;
  }
}

/** Permission bits of a file's mode. */
export const access = { read: 4, write: 2, enter: 1 };

/** Whether the user has all `rights` (bits of `access`) to the file at `path` with this status. */
export function may(machine: Machine, path: string, status: Stats, rights: number): boolean {
  const { id, groups } = machine.user;
  if (id === 0) return true;
  const shift = status.uid === id ? 6 : groups.includes(status.gid) ? 3 : 0;
  if (((status.mode >> shift) & rights) === rights) return true;
  // An access control list may allow more than the mode. Only the kernel evaluates it, and only for this process.
  if (machine.root !== "/" || id !== process.getuid?.()) return false;
  try {
    accessSync(
      path,
      (rights & access.read ? constants.R_OK : 0) | (rights & access.write ? constants.W_OK : 0),
    );
    return true;
  } catch {
    return false;
  }
}

/** Looks up a group by its id: its name, and whether /etc/group lists the user as a member. */
export function groupOf(machine: Machine, id: number): { name: string; hasUser: boolean } {
  const { name, members } = groupById(textOf(machine, "/etc/group") ?? "", id);
  return { name, hasUser: members.includes(machine.user.name) };
}

/** A running process, as far as this user may see it. */
export interface RunningProgram {
  /** Process id. */
  id: number;
  /** The first 15 characters of its name, as in /proc/PID/comm. */
  name: string;
  /** Its command line. */
  words: string[];
}

/** Lists the running processes of the machine. */
export function runningPrograms(machine: Machine): RunningProgram[] {
  return namesIn(machine, "/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      id: Number(name),
      name: (textOf(machine, `/proc/${name}/comm`) ?? "").trim(),
      words: (textOf(machine, `/proc/${name}/cmdline`) ?? "").split("\0"),
    }));
}

/**
 * Lists the processes that have a device open, as far as this user may see them. Only root sees the open files of other
 * users' processes, but a login console names its device in its command line.
 *
 * @param device path of the device, links resolved
 */
export function holdersOf(machine: Machine, device: string): RunningProgram[] {
  const name = device.slice("/dev/".length);
  return runningPrograms(machine).filter(
    (program) =>
      namesIn(machine, `/proc/${program.id}/fd`).some(
        (file) => linkAt(machine, `/proc/${program.id}/fd/${file}`) === device,
      ) ||
      (isGetty(program) && program.words.some((word) => word === name || word === device)),
  );
}

/** Whether a process is a login console or a login prompt. */
export function isGetty({ name }: RunningProgram): boolean {
  return name === "agetty" || name === "getty" || name === "login";
}
