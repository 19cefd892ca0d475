/** Fills a small disk, as other programs of a board do, and empties it again. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface Ballast {
  fill(): void;
  remove(): void;
}

const step = Buffer.alloc(1 << 12);

/** Does nothing where the disk is not a small one of its own. */
export function ballastIn(folder: string, isSmall: boolean): Ballast {
  const path = join(folder, "ballast");
  return {
    fill() {
      if (!isSmall) return;
      const file = openSync(path, "a");
      try {
        while (writeSync(file, step) === step.length);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}
