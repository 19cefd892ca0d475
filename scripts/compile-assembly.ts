import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Compiles an AssemblyScript file (a path from the project's root) with the given features of WebAssembly.
 * `options` are further options of asc. Gives the module's bytes.
 */
export function compileAssembly(entry: string, features: string[], options: string[] = []): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-assembly-"));
  try {
    const outFile = join(folder, "module.wasm");
    execFileSync(
      join(root, "node_modules/.bin/asc"),
      [
        entry,
        ...["--outFile", outFile, "--runtime", "stub", "--use", "abort="],
        ...["--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert"],
        ...features.flatMap((feature) => ["--enable", feature]),
        ...options,
      ],
      { cwd: root, stdio: "inherit" },
    );
    return readFileSync(outFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
