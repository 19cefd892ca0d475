import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Compiles `child.ts` and what it imports to plain JavaScript: hundreds of children are started, and through a
 * TypeScript loader each would take three times as long. Compiled from the source as it is now, not taken from `dist`.
 */
export function compileChild(): { path: string; remove: () => void } {
  // Inside the project, so that the child finds the project's dependencies.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "rivulet-child-"));
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { rootDir: root, outDir: folder, declaration: false },
    files: [join(root, "test/checkpoint/child.ts")],
    include: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
    stdio: "inherit",
  });
  return {
    path: join(folder, "test/checkpoint/child.js"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
