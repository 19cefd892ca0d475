/**
 * Locks a checkpoint folder for one process, with a file named `lock` that identifies the process. It contains the
 * process id, the start time of the process, the boot id of the machine and the PID namespace. So a lock that a killed
 * process or a power cut left behind is recognized as stale, even when its id is in use again. No manual clean-up is
 * needed.
 *
 * A process cannot see whether a process of another container or machine lives. At the start it treats such a lock as
 * stale, so a power cut locks nobody out. The process whose lock was replaced notices that at its next save and stops
 * writing to the folder, so two processes never keep writing to one folder. A process renews its lock from time to time:
 * one whose lock was replaced takes the folder back once the other has not renewed its own for hours, and so has ended.
 */
import fs from "node:fs";
import { join } from "node:path";
import { RivuletError } from "../errors/errors.ts";
import { bootOfMachine } from "../machine/boot.ts";
import { readRegularFile } from "../machine/regular-file.ts";
import { removeSync } from "./durable-file.ts";

/** The lock of one process on a checkpoint folder. */
export interface FolderLock {
  /**
   * Acquires the lock, or checks that this process still holds it. Call it again before each use: that detects a second
   * process that started at the same moment, and acquires the lock again if the folder was emptied.
   *
   * @returns true if the lock was acquired by this call, so another process may have written to the folder before
   * @throws RivuletError while another process holds the lock, or after one of another container or machine has acquired
   *   it; the file system's error when the lock cannot be written
   */
  hold(): boolean;
  /** Removes the lock, if this process holds it. */
  release(): void;
}

/** From one renewal of a lock to the next: few writes, as the card wears. */
const renewEveryMs = 3_600_000;
/** A lock of another container or machine that was not renewed for this long, by the clock that never jumps, is stale. */
const staleAfterMs = 3 * renewEveryMs;

let locks = 0;

/**
 * Creates a lock on a folder without acquiring it.
 * @param name of the lock's file: processes of different kinds may use one folder side by side
 */
export function createFolderLock(directory: string, name = "lock"): FolderLock {
  const path = join(directory, name);
  // The count distinguishes two locks of one process.
  const self = `${process.pid} ${startOf(process.pid)} ${bootOfMachine()} ${space()} ${++locks}\n`;
  let held = false;
  let renewal: NodeJS.Timeout | undefined;
  /** The lock that took the place of this one, as it was last renewed, and when that was first seen. */
  let successor = { renewed: "", seenAt: 0 };

  function isStale(text: string): boolean {
    const renewed = `${text}${renewalOf(path)}`;
    if (renewed !== successor.renewed) successor = { renewed, seenAt: performance.now() };
    return performance.now() - successor.seenAt >= staleAfterMs;
  }

  function renew(): void {
    if (readLock(path) === self) touch(path);
  }

  return {
    hold() {
      const text = readLock(path);
      if (text === self) return false;
      const lock = parseLock(text);
      const user = lock === null ? null : userOf(lock, held);
      if (user !== null && !(lock?.isElsewhere && isStale(text))) {
        throw new RivuletError(
          "checkpoint.in-use",
          `${directory} is in use by ${user}; use a different checkpoint folder for each`,
        );
      }
      const temporary = `${path}.tmp`;
      try {
        // A new file: what stands there may be a link to a file that is not ours.
        removeSync(temporary);
        fs.writeFileSync(temporary, self, { flag: "wx" });
        fs.renameSync(temporary, path);
      } catch (error) {
        removeSync(temporary);
        throw error;
      }
      held = true;
      renewal ??= setInterval(renew, renewEveryMs).unref();
      return true;
    },
    release() {
      clearInterval(renewal);
      renewal = undefined;
      // On a file system that has turned read-only the lock stays. It is stale once this process has ended.
      if (readLock(path) === self) removeSync(path);
    },
  };
}

interface ParsedLock {
  pid: string;
  start: string;
  /** Whether its process is one of another container or machine, which cannot be seen from here. */
  isElsewhere: boolean;
}

/** What a lock says; null where there is none, or it is damaged. */
function parseLock(text: string): ParsedLock | null {
  const [, pid, start, boot, itsSpace] = /^(\d+) (\S+) (\S+) (\S+) \d+\n$/.exec(text) ?? [];
  if (pid === undefined) return null;
  return { pid, start, isElsewhere: boot !== bootOfMachine() || itsSpace !== space() };
}

/** Which process uses the folder, in words; null where it has ended, or cannot be seen and was there before. */
function userOf({ pid, start, isElsewhere }: ParsedLock, held: boolean): string | null {
  if (isElsewhere) return held ? "a process of another container or machine, which has locked it" : null;
  if (start !== startOf(Number(pid))) return null;
  return Number(pid) === process.pid ? "this process already" : `the process with id ${pid}`;
}

/**
 * Start time of a process in clock ticks since boot (proc(5), field 22 of stat); undefined when it has ended. Without
 * /proc the start time of every living process is "0", so an id that is in use again counts as the same process.
 */
function startOf(pid: number): string | undefined {
  const stat = readKernelFile(`/proc/${pid}/stat`);
  if (stat === "") return isAlive(pid) ? "0" : undefined;
  // The second field is the name in parentheses, and may hold spaces and parentheses itself.
  const [state, ...fields] = (/.*\) (.*)/s.exec(stat)?.[1] ?? "").split(" ");
  // A zombie has ended and only waits for its parent to reap it, in a container perhaps forever.
  return state === "Z" ? undefined : fields[18];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The PID namespace of this process: each container has its own. */
function space(): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return "unknown";
  }
}

/** The text of the lock, empty where there is none, or something else has its name. */
function readLock(path: string): string {
  try {
    return readRegularFile(path, { mostBytes: 4096, followLinks: false }).toString("utf8");
  } catch {
    return "";
  }
}

/** When a lock was renewed last, as its file system says; "" where that is not known. */
function renewalOf(path: string): string {
  try {
    return String(fs.lstatSync(path).mtimeMs);
  } catch {
    return "";
  }
}

/** Renews a lock. Where the disk fails, the next save says so. */
function touch(path: string): void {
  const now = new Date();
  try {
    fs.utimesSync(path, now, now);
  } catch {}
}

/** The text of a file of the kernel, empty when it cannot be read. */
function readKernelFile(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
