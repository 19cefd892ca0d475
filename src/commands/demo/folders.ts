import { existsSync } from "node:fs";
import { join, relative } from "node:path";

/** A folder of its own for the checkpoints of a demonstration, beside those of the earlier ones. */
export function freeFolder(directory: string, number = 1): string {
  const folder = join(directory, String(number));
  return existsSync(folder) ? freeFolder(directory, number + 1) : folder;
}

/** A path as one would type it here. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
