import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));

/**
 * Compiles scripts and what they import, from the source as it is now, to a module of plain JavaScript each: to load
 * them through a TypeScript loader takes a process several times as long. Within the project, so that they find its
 * dependencies.
 */
export function compileScripts(...scripts: string[]): { paths: string[]; remove: () => void } {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "rivulet-script-"));
  const paths = scripts.map((script, index) => {
    const outfile = join(folder, `${index}.mjs`);
    buildSync({
      ...{ entryPoints: [script], outfile, bundle: true, packages: "external" },
      ...{ platform: "node", format: "esm", target: "node20", logLevel: "error" },
    });
    return outfile;
  });
  return { paths, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
