import { CannotTell, type Machine, readText } from "./machine.ts";

export interface Mount {
  device: string;
  folder: string;
  /** ext4, vfat, tmpfs, overlay. */
  type: string;
  options: string[];
}

/** The file system that a path of the machine is on. @throws CannotTell */
export function mountOf(machine: Machine, path: string): Mount {
  let found: Mount | null = null;
  for (const line of readText(machine, "/proc/self/mounts").split("\n")) {
    const [device, folder, type, options] = line.split(" ").map(plain);
    if (options === undefined) continue;
    const inside = path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
    // Of mounts on one folder the last one is seen.
    if (inside && folder.length >= (found?.folder.length ?? 0)) {
      found = { device, folder, type, options: options.split(",") };
    }
  }
  if (found === null) throw new CannotTell(`/proc/self/mounts names no file system for ${path}`);
  return found;
}

/** The kernel writes blanks in names as octal numbers. */
function plain(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
}
