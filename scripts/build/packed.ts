/**
 * Leaves out of the package what nothing in it can load: modules of the command line, which has them in `dist/bin`, and
 * declarations that no public type names. npm reads the list as `dist/.npmignore`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A module that no other imports: it is started as a child process, by its path. */
const started = "emulation/board.js";

const importedFrom = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;

/** Writes the list, by what the manifest exports. */
export function listUnneeded(root: string): undefined {
  const dist = join(root, "dist");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { types: string; default: string }>;
  };
  const exported = Object.values(manifest.exports);
  const needed = new Set([
    ...reachedFrom([join(dist, started), ...exported.map((entry) => join(root, entry.default))], ".js"),
    ...reachedFrom(
      exported.map(({ types }) => join(root, types)),
      ".d.ts",
    ),
  ]);
  const modules = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.(js|d\.ts)$/.test(path) && !/^(bin|page)\//.test(path),
  );
  const unneeded = modules.filter((path) => !needed.has(path)).sort();
  writeFileSync(join(dist, ".npmignore"), unneeded.map((path) => `/${path}\n`).join(""));

  /** Modules that these import, directly or not, and they themselves, relative to `dist`. */
  function reachedFrom(entries: readonly string[], ending: string): string[] {
    const reached = new Set<string>();
    const waiting = [...entries];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (reached.has(path) || !existsSync(path)) continue;
      reached.add(path);
      for (const [, specifier] of readFileSync(path, "utf8").matchAll(importedFrom)) {
        waiting.push(join(dirname(path), specifier.replace(/\.(js|ts)$/, ending)));
      }
    }
    return [...reached].map((path) => relative(dist, path));
  }
}
