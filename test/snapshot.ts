import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { whileNobodyBuilds } from "../scripts/build/lock.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A copy of the package as it was built when the run began. */
    built: string;
  }
}

const root = fileURLToPath(new URL("..", import.meta.url));
/** Within the project, so that what is built finds its dependencies. */
const snapshots = join(root, "node_modules/.cache/rivulet-tests");

/** Copies what was built, so that a build that begins under a running suite does not take it away. */
export default async function snapshot(project: TestProject): Promise<() => void> {
  removeLeftOver();
  if (!existsSync(join(root, "dist/bin"))) throw new Error("found no dist/bin; run npm run build");
  const built = join(snapshots, `${process.pid}`);
  mkdirSync(built, { recursive: true });
  await whileNobodyBuilds(root, async () => {
    const filter = (path: string) => !path.endsWith(".map");
    cpSync(join(root, "dist"), join(built, "dist"), { recursive: true, filter });
  });
  cpSync(join(root, "package.json"), join(built, "package.json"));
  symlinkSync(join(root, "devices"), join(built, "devices"));
  project.provide("built", built);
  return () => rmSync(built, { recursive: true, force: true });
}

/** Removes the copies of runs that were killed. */
function removeLeftOver(): void {
  if (!existsSync(snapshots)) return;
  for (const pid of readdirSync(snapshots)) {
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH")
        rmSync(join(snapshots, pid), { recursive: true, force: true });
    }
  }
}
