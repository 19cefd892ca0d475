/** A machine with GPIO under /sys, for the tests: a served sysfs in a mount namespace, and programs that run in it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { compileScripts } from "../../compile.ts";
import { until } from "../../until.ts";
import type { Deed, ServedSysfs } from "./sysfs-server.ts";

const isRoot = process.getuid?.() === 0;
/** Without root, a user namespace in which one is root. */
const namespaces = isRoot ? ["-m"] : ["-U", "-r", "-m"];
const server = fileURLToPath(new URL("sysfs-server.ts", import.meta.url));
/** Compiled once for the tests of a file, which start it a dozen times. */
let compiled: ReturnType<typeof compileScripts> | null = null;
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Why this machine cannot serve a sysfs; null where it can. */
function lackOfFuse(): string | null {
  if (process.platform !== "linux") return "only Linux has FUSE";
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    return "/dev/fuse cannot be opened";
  }
  const trial = spawnSync("unshare", [...namespaces, "mount", "-t", "tmpfs", "none", "/sys/class"]);
  if (trial.status !== 0) return "a mount namespace needs privileges that are missing here";
  return spawnSync("nsenter", ["--version"]).status === 0 ? null : "nsenter is not installed";
}

/** Whether a package of this folder loads: its native part is compiled for one version of Node. */
function loads(folder: string): boolean {
  const trial = 'require("node:module").createRequire(process.argv[1] + "/")("onoff")';
  return spawnSync(process.execPath, ["-e", trial, folder]).status === 0;
}

/**
 * A folder from which Node loads onoff, or why there is none. The project's own where it was compiled at install; else
 * the same version, compiled with the headers of this Node: those beside it, or those that its package on npm carries.
 */
function onoffFolder(): { folder: string } | { lack: string } {
  if (loads(root)) return { folder: join(root, "node_modules") };
  if (existsSync(join(root, "node_modules/onoff"))) {
    return { lack: "onoff is installed and does not load: run npm rebuild epoll" };
  }
  const folder = join(tmpdir(), `rivulet-onoff-${process.version}-${process.arch}`);
  const found = { folder: join(folder, "node_modules") };
  if (loads(folder)) return found;
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).peerDependencies.onoff;
  const install = (into: string, words: string[]) =>
    execFileSync("npm", ["install", "--prefix", into, "--no-save", "--no-audit", "--no-fund", ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 240_000,
    });
  const begun = mkdtempSync(`${folder}-`);
  try {
    let headers = dirname(dirname(process.execPath));
    if (!existsSync(join(headers, "include/node/node.h"))) {
      const carrier = `node-${process.platform}-${process.arch}`;
      // In a folder of its own: npm takes away what the next install does not name.
      const into = join(begun, "headers");
      mkdirSync(into);
      install(into, ["--ignore-scripts", `${carrier}@${process.versions.node}`]);
      headers = join(into, "node_modules", carrier);
    }
    install(begun, [`--nodedir=${headers}`, `onoff@${wanted}`]);
    // In one go, and where another run was faster, its own is as good.
    if (!loads(folder)) renameSync(begun, folder);
    if (loads(folder)) return found;
    return { lack: "onoff was installed, and does not load" };
  } catch (error) {
    if (loads(folder)) return found;
    const said = String((error as { stderr?: Buffer }).stderr ?? error);
    return { lack: `onoff cannot be compiled here: ${said.trim().split("\n").at(-1)}` };
  } finally {
    rmSync(begun, { recursive: true, force: true });
  }
}

const lack = lackOfFuse();
const onoff = lack === null ? onoffFolder() : { lack };

/** Why the tests on a served sysfs are left out; null where they run. */
export const lackOfSysfs = "lack" in onoff ? onoff.lack : null;

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  compiled?.remove();
  compiled = null;
});

export interface Sysfs {
  /** What was done to the lines so far, in words such as "529 value 1". */
  readonly deeds: string[];
  /** What leads a command line into the namespace, from a working directory. */
  into(cwd: string): string[];
  /** For programs that load onoff. */
  readonly environment: Record<string, string>;
  /** Changes the level of an input, several times with nothing in between. */
  set(line: number, ...values: number[]): void;
  /** Takes a line away, as an unexport by another program does. */
  takeAway(line: number): void;
}

export async function serveSysfs(served: ServedSysfs): Promise<Sysfs> {
  compiled ??= compileScripts(server);
  const script = 'mount -t tmpfs none /sys/class && mkdir /sys/class/gpio && exec "$@"';
  const child = spawn(
    "unshare",
    [
      ...[...namespaces, "sh", "-c", script, "sh"],
      ...[process.execPath, compiled.paths[0], JSON.stringify(served)],
    ],
    { stdio: ["pipe", "pipe", "inherit"], cwd: root },
  );
  children.add(child);
  const deeds: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      const { deed, line: number, to } = JSON.parse(line) as Deed;
      deeds.push([number, deed, to].filter((word) => word !== undefined).join(" "));
    }
  });
  await until(() => deeds.length > 0 || child.exitCode !== null);
  if (deeds.shift() !== "serving") throw new Error("the served sysfs did not start");
  const user = isRoot ? [] : ["-U", "--preserve-credentials"];
  const enter = ["nsenter", "-t", String(child.pid), ...user, "-m", "sh", "-c", 'cd "$0" && exec "$@"'];
  return {
    deeds,
    into: (cwd) => [...enter, cwd],
    environment: { NODE_PATH: "folder" in onoff ? onoff.folder : "" },
    set: (line, ...values) =>
      child.stdin.write(values.map((value) => `${JSON.stringify({ line, value })}\n`).join("")),
    takeAway: (line) => child.stdin.write(`${JSON.stringify({ line, gone: true })}\n`),
  };
}
