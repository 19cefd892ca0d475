/** Installs the packages of an engine where they are missing, without starting any service of theirs. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { output } from "./processes.ts";

/** Debian asks this program whether a package may start its service; 101 says that it may not. */
const policy = "/usr/sbin/policy-rc.d";

/** @throws where packages are missing and cannot be installed */
export async function requirePackages(names: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0)
    throw new Error(
      `packages are missing, and only root can install them: apt-get install ${missing.join(" ")}`,
    );
  console.error(`installing ${missing.join(", ")}`);
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const environment = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    await output(["apt-get", "update"], { environment });
    await output(["apt-get", "install", "-y", "--no-install-recommends", ...missing], { environment });
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

async function isInstalled(name: string): Promise<boolean> {
  try {
    return (await output(["dpkg", "-s", name])).includes("\nStatus: install ok installed\n");
  } catch {
    return false;
  }
}
