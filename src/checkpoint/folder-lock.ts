/**
 * One process per folder: a file named `lock` says which process uses the folder. It names the process by its id,
 * the moment it started and the boot of the machine, so a lock that a killed process or a power cut left behind is
 * known to be stale, even when the same id is in use again. Nothing has to be cleaned up by hand.
 *
 * Two containers that share a folder but not their process ids do not see each other.
 */
import fs from "node:fs";
import { join } from "node:path";
import { bootOfMachine } from "../boot.ts";
import { RivuletError } from "../errors.ts";

export interface FolderLock {
  /**
   * Takes the folder, or makes sure that it is still held: call it again before each use. That tells two processes
   * apart that started in the very same moment, and takes the folder again when someone has emptied it.
   *
   * @throws RivuletError while another process holds the folder; the file system's error when the lock cannot be written
   */
  hold(): void;
  release(): void;
}

let locks = 0;

/** A lock on a folder, not yet taken. */
export function createFolderLock(directory: string): FolderLock {
  const path = join(directory, "lock");
  // The count tells two locks of one process apart.
  const self = `${process.pid} ${startOf(process.pid)} ${bootOfMachine()} ${++locks}\n`;
  return {
    hold() {
      const holder = read(path);
      if (holder === self) return;
      const pid = livingHolder(holder);
      if (pid !== undefined) {
        const who = pid === process.pid ? "this process already" : `the process with id ${pid}`;
        throw new RivuletError(`${directory} is in use by ${who}: give each its own folder for checkpoints`);
      }
      fs.writeFileSync(`${path}.tmp`, self);
      fs.renameSync(`${path}.tmp`, path);
    },
    release() {
      if (read(path) === self) fs.rmSync(path, { force: true });
    },
  };
}

/** The id of the process that holds the folder; undefined when it lives no longer or the lock is damaged. */
function livingHolder(holder: string): number | undefined {
  const [, pid, start, itsBoot] = /^(\d+) (\S+) (\S+) \d+\n$/.exec(holder) ?? [];
  if (pid === undefined || itsBoot !== bootOfMachine() || start !== startOf(Number(pid))) return undefined;
  return Number(pid);
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

/** The text of a file, empty when it cannot be read. */
function read(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
