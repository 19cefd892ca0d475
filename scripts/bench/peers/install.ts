import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Installs packages ("name@version") into `folder`, without their scripts: none of them is built here. */
export async function installPackages(folder: string, packages: string[]): Promise<void> {
  if (packages.length === 0) return;
  const distinct = [...new Set(packages)];
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "peers", private: true }));
  process.stderr.write(`installing ${distinct.join(" ")} ...\n`);
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", ...distinct], {
    cwd: folder,
  });
}
