import { CannotTell, type Machine, readText } from "./machine.ts";

/** A mounted file system: a line of /proc/self/mounts. */
export interface Mount {
  device: string;
  folder: string;
  /** ext4, vfat, tmpfs, overlay. */
  type: string;
  options: string[];
}

/** Finds the mounted file system of a path. @throws CannotTell where /proc/self/mounts cannot be read or does not list it */
export function mountOf(machine: Machine, path: string): Mount {
  let found: Mount | null = null;
  for (const line of readText(machine, "/proc/self/mounts").split("\n")) {
    const [device, folder, type, options] = line.split(" ").map(plain);
    if (options === undefined) continue;
    const inside = path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
    // Of several mounts on one folder, the last one is visible.
    if (inside && folder.length >= (found?.folder.length ?? 0)) {
      found = { device, folder, type, options: options.split(",") };
    }
  }
  if (found === null) throw new CannotTell(`/proc/self/mounts names no file system for ${path}`);
  return found;
}

/** Decodes a name: the kernel writes spaces in it as octal escapes. */
function plain(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
}
