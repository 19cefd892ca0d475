/**
 * Installs the service in a systemd of its own, in namespaces that leave the machine as it is, and lets it live there:
 * `sudo npm run systemd`. Needs root, systemd and the emulated board; takes a minute. Ends with 1 where a step failed.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { startBoard } from "../../src/emulation/start-board.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = join(root, "scripts/systemd");
const longestSeconds = 150;
/** Steps that say ok in probe.sh. */
const steps = 9;

if (process.getuid?.() !== 0) throw new Error("only root may make namespaces: run it with sudo");
if (existsSync("/run/systemd/system")) {
  throw new Error(
    "systemd runs this machine, and two of them would share its cgroups: run it in a container",
  );
}
const cgroups = "/sys/fs/cgroup";
const cgroupsBefore = new Set(allFolders(cgroups));

const folder = mkdtempSync(join(tmpdir(), "rivulet-systemd-"));
const board = await startBoard(demoFirmware.path);
try {
  chmodSync(board.path, 0o666);
  for (const name of ["dist", "devices", "package.json"]) {
    cpSync(join(root, name), join(folder, "package", name), { recursive: true });
  }
  for (const name of ["serialport", "@serialport/bindings-cpp"]) {
    const from = join("node_modules", name);
    cpSync(join(root, from), join(folder, "package", from), { recursive: true, dereference: true });
  }
  const config = readFileSync(join(root, "devices/examples/pump.yaml"), "utf8");
  writeFileSync(join(folder, "pump.yaml"), config.replace("/dev/ttyACM0", board.path));
  cpSync(join(here, "probe.sh"), join(folder, "probe.sh"));
  chmodSync(folder, 0o755);
  const inside = spawn(
    "unshare",
    ["-f", "-p", "-m", "--mount-proc", "--kill-child", "bash", join(here, "inside.sh"), folder],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = new Promise((resolve) => inside.once("close", resolve));
  const deadline = performance.now() + 1000 * longestSeconds;
  while (!existsSync(join(folder, "done")) && inside.exitCode === null && performance.now() < deadline) {
    await pause(200);
  }
  inside.kill("SIGKILL");
  await ended;
  // The dead are gone from a cgroup a moment later.
  await pause(500);
  for (const path of allFolders(cgroups)) if (!cgroupsBefore.has(path)) removeCgroup(path);
} finally {
  await board.close();
}
/** One that cannot be removed does not keep the results from being printed. */
function removeCgroup(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    console.error(`cannot remove ${path} (${(error as Error).message}); remove it by hand`);
  }
}

/** Deepest first. */
function allFolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [...allFolders(join(folder, name)), join(folder, name)]);
}

const read = (name: string) =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
const output = read("output");
process.stdout.write(`${output}--- log of the service\n${read("log")}`);
const passed = output.split("\n").filter((line) => line.startsWith("ok ")).length;
console.log(`\n${passed} of ${steps} steps went well`);
process.exitCode = passed === steps ? 0 : 1;
rmSync(folder, { recursive: true, force: true });
