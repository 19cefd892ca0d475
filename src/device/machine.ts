/**
 * The machine that is examined: where its files are, who asks, and which Node answers. A test hands in a folder that
 * looks like the root of a board's file system.
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

export interface NodeBuild {
  /** `20.19.0`. */
  version: string;
  /** As `process.arch` says. */
  architecture: string;
  /** Version of the ARM architecture that a 32-bit ARM build is for. */
  armVersion: number | null;
  /** Kernels that run here: relaxed-simd, simd, scalar. */
  variants: readonly string[];
  cLibrary: "glibc" | "musl" | "unknown";
}

export interface Machine {
  /** The folder that stands for "/". */
  root: string;
  user: { name: string; id: number; groups: readonly number[] };
  node: NodeBuild;
  /** What the kernel calls its processor: aarch64, armv7l, x86_64. */
  processor: string;
  now: Date;
  /** Bytes that the user may still write below an existing path of the machine. */
  freeBytes(path: string): number;
}

/** This machine, with the kernels that run here; or another one, as far as `changes` says. */
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
    // A user id without an entry in the user database, as containers have them.
    return { name: `#${id}`, id, groups };
  }
}

function nodeBuild(): Omit<NodeBuild, "variants"> {
  const { arm_version } = process.config.variables as { arm_version?: string };
  let cLibrary: NodeBuild["cLibrary"] = "unknown";
  if (process.platform === "linux") {
    const report = process.report as unknown as { excludeNetwork?: boolean; getReport(): unknown };
    // Else the report looks up the names of all its peers, and waits for them.
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

/** Why a check cannot give its answer: a file is missing or holds something unexpected. */
export class CannotTell extends Error {}

/** The text of a file. @throws CannotTell */
export function readText(machine: Machine, path: string): string {
  try {
    return readFileSync(join(machine.root, path), "utf8");
  } catch (error) {
    throw new CannotTell(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** The text of a file, or null where it cannot be read. */
export function textOf(machine: Machine, path: string): string | null {
  try {
    return readText(machine, path);
  } catch {
    return null;
  }
}

/** Names in a folder; none where it cannot be read. */
export function namesIn(machine: Machine, path: string): string[] {
  try {
    return readdirSync(join(machine.root, path)).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch {
    return [];
  }
}

/** What is at a path, links followed; null where nothing is. */
export function statusOf(machine: Machine, path: string): Stats | null {
  return statSync(join(machine.root, path), { throwIfNoEntry: false }) ?? null;
}

export function exists(machine: Machine, path: string): boolean {
  try {
    return statusOf(machine, path) !== null;
  } catch {
    return false;
  }
}

/** Where a link points, as it is written; null where there is no link. */
export function linkAt(machine: Machine, path: string): string | null {
  try {
    return readlinkSync(join(machine.root, path));
  } catch {
    return null;
  }
}

/** The path behind all links, as the machine sees it; the path itself where nothing is. */
export function resolved(machine: Machine, path: string): string {
  try {
    const real = realpathSync(join(machine.root, path));
    const root = realpathSync(machine.root);
    return root === "/" || !real.startsWith(`${root}/`) ? real : real.slice(root.length);
  } catch {
    return path;
  }
}

/** What a user may be allowed, as the file system writes it. */
export const access = { read: 4, write: 2, enter: 1 };

/** Whether the user may do all of `rights` with what has this status. */
export function may(machine: Machine, path: string, status: Stats, rights: number): boolean {
  const { id, groups } = machine.user;
  if (id === 0) return true;
  const shift = status.uid === id ? 6 : groups.includes(status.gid) ? 3 : 0;
  if (((status.mode >> shift) & rights) === rights) return true;
  // An access control list may allow more than the mode; only the kernel reads it, and only for this process.
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

/** A group by its number: its name, and whether the user database counts the user in it. */
export function groupOf(machine: Machine, id: number): { name: string; hasUser: boolean } {
  const { name, members } = groupById(textOf(machine, "/etc/group") ?? "", id);
  return { name, hasUser: members.includes(machine.user.name) };
}

/** A running program, as far as this user may see it. */
export interface RunningProgram {
  id: number;
  /** The first fifteen letters of its name. */
  name: string;
  /** What it was started with. */
  words: string[];
}

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
 * Programs that have a device open, as far as this user may see it: of others' programs only root sees the files, but
 * a login console names its device in its command line.
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

/** Whether a program is a login console, or waits to be one. */
export function isGetty({ name }: RunningProgram): boolean {
  return name === "agetty" || name === "getty" || name === "login";
}
