/**
 * One process per folder: a file named `lock` says which process uses the folder. It names the process by its id,
 * the moment it started, the boot of the machine and the space that process ids count in, so a lock that a killed
 * process or a power cut left behind is known to be stale, even when the same id is in use again. Nothing has to be
 * cleaned up by hand.
 *
 * Whether a process of another container or machine lives cannot be seen, so its lock counts as stale to one that
 * starts: nobody is locked out by what a power cut left. The one whose folder is taken that way does know, since it
 * lives itself, and keeps out of it from then on: no two go on writing to one folder.
 */
import fs from "node:fs";
import { join } from "node:path";
import { RivuletError } from "../errors/errors.ts";
import { bootOfMachine } from "../machine/boot.ts";
import { removeSync } from "./durable-file.ts";

export interface FolderLock {
  /**
   * Takes the folder, or makes sure that it is still held: call it again before each use. That tells two processes
   * apart that started in the very same moment, and takes the folder again when someone has emptied it.
   *
   * @returns whether it was taken now, so that others may have written to it since
   * @throws RivuletError while another process holds the folder, or once one that cannot be seen has taken it; the
   *   file system's error when the lock cannot be written
   */
  hold(): boolean;
  release(): void;
}

let locks = 0;

/** A lock on a folder, not yet taken. */
export function createFolderLock(directory: string): FolderLock {
  const path = join(directory, "lock");
  // The count tells two locks of one process apart.
  const self = `${process.pid} ${startOf(process.pid)} ${bootOfMachine()} ${space()} ${++locks}\n`;
  let held = false;
  return {
    hold() {
      const text = read(path);
      if (text === self) return false;
      const user = userOf(text, held);
      if (user !== null) {
        throw new RivuletError(
          "checkpoint.in-use",
          `${directory} is in use by ${user}: give each its own folder for checkpoints`,
        );
      }
      const temporary = `${path}.tmp`;
      try {
        fs.writeFileSync(temporary, self);
        fs.renameSync(temporary, path);
      } catch (error) {
        removeSync(temporary);
        throw error;
      }
      held = true;
      return true;
    },
    release() {
      if (read(path) === self) fs.rmSync(path, { force: true });
    },
  };
}

/** Who uses the folder, in words; null where its user lives no longer, or cannot be seen, or the lock is damaged. */
function userOf(text: string, held: boolean): string | null {
  const [, pid, start, itsBoot, itsSpace] = /^(\d+) (\S+) (\S+) (\S+) \d+\n$/.exec(text) ?? [];
  if (pid === undefined) return null;
  if (itsBoot !== bootOfMachine() || itsSpace !== space()) {
    return held ? "a process of another container or machine, which has taken it" : null;
  }
  if (start !== startOf(Number(pid))) return null;
  return Number(pid) === process.pid ? "this process already" : `the process with id ${pid}`;
}

/**
 * When a process started, in clock ticks since boot (proc(5), field 22 of stat); undefined when it lives no longer. Where
 * no /proc tells, be it that none is mounted, all living processes started at "0", so that an id which is in use again
 * counts as the same process.
 */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === "") return isAlive(pid) ? "0" : undefined;
  // The second field is the name in parentheses, and may hold spaces and parentheses itself.
  const [state, ...fields] = (/.*\) (.*)/s.exec(stat)?.[1] ?? "").split(" ");
  // A zombie was killed and only waits for its parent to notice, in a container perhaps for ever.
  return state === "Z" ? undefined : fields[18];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The space in which process ids count: each container has its own. */
function space(): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return "unknown";
  }
}

/** The text of a file, empty when it cannot be read. */
function read(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
