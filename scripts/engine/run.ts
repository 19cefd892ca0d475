/**
 * The client of `rivulet sync` against a real distributed storage engine on the loopback interface, directly, through
 * `rivulet host --store`, and against `rivulet host FOLDER`, while processes are killed and frozen: `npm run test:engine`, Ceph unless said otherwise.
 * Nothing that was acknowledged may be lost. Needs Debian and, for the first run, root.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCeph } from "./ceph.ts";
import type { Engine } from "./engine.ts";
import { type Fault, writeThrough } from "./load.ts";
import { Processes } from "./processes.ts";
import { checks, makeBoard, placeFor } from "./suite.ts";
import { startSwift } from "./swift.ts";
import { directWay, folderWay, frontWay, type Way } from "./ways.ts";

const engines: Record<string, typeof startCeph> = { ceph: startCeph, swift: startSwift };
const start = engines[process.argv[2] ?? "ceph"];
if (start === undefined || process.argv.length > 3) {
  console.error(`usage: npm run test:engine [-- ENGINE], one of ${Object.keys(engines).join(", ")}`);
  process.exit(2);
}

/** Widths of the columns: what was tried, and what came of it on each way. */
const widths = [46, 30, 30, 30];

const folder = mkdtempSync(join(tmpdir(), "rivulet-engine-"));
const logs = join(folder, "log");
mkdirSync(logs);
const processes = new Processes(logs);
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

const problems: string[] = [];
try {
  await main();
} catch (error) {
  problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await processes.stop();
}
for (const problem of problems) console.error(`problem: ${problem}`);
console.log(problems.length === 0 ? "nothing that was acknowledged is lost" : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

async function main(): Promise<void> {
  const beganAt = performance.now();
  const engine = await start(folder, processes);
  console.log(`${engine.name}; started in ${seconds(performance.now() - beganAt)}\n`);
  const ways = [
    await directWay(engine),
    await frontWay(engine, folder, processes),
    await folderWay(folder, processes),
  ];
  print(["", ...ways.map(({ name }) => name)]);
  await tryChecks(ways);
  console.log("\nobjects of 20 kB, acknowledged and read back equal, and the longest request:");
  const behind = ways.filter(({ isEngine }) => isEngine);
  for (const fault of engineFaults(engine)) await tryFault(fault, ways, behind);
  for (const way of ways)
    if (way.host !== null)
      for (const fault of processFaults(way.name, [way.host], 2000, 5000)) await tryFault(fault, ways, [way]);
}

async function tryChecks(ways: readonly Way[]): Promise<void> {
  const board = join(folder, "board");
  await makeBoard(board);
  const places = ways.map((way, index) => {
    const own = join(folder, `way-${index}`);
    mkdirSync(own);
    return placeFor(way, board, own);
  });
  for (const [name, check] of checks) {
    const cells: string[] = [];
    for (const [index, way] of ways.entries()) {
      try {
        cells.push(await check(way, places[index]));
      } catch (error) {
        problems.push(`${name}, ${way.name}: ${(error as Error).message}`);
        cells.push("FAILED");
      }
    }
    print([name, ...cells]);
  }
}

/** Kills and freezes some processes of the engine or of a host. */
function processFaults(what: string, names: readonly string[], killedMs: number, frozenMs: number): Fault[] {
  return [
    {
      name: `${what} killed, back after ${seconds(killedMs)}`,
      forMs: killedMs,
      async begin() {
        for (const name of names) await processes.kill(name);
      },
      end() {
        for (const name of names) processes.again(name);
      },
    },
    {
      name: `${what} frozen for ${seconds(frozenMs)}`,
      forMs: frozenMs,
      begin() {
        for (const name of names) processes.freeze(name);
      },
      end() {
        for (const name of names) processes.thaw(name);
      },
    },
  ];
}

function engineFaults({ storage, gateway, frozenStorageMs }: Engine): Fault[] {
  return [
    ...processFaults("storage process", storage, 8000, frozenStorageMs),
    ...processFaults("gateway", [gateway], 2000, 5000),
  ];
}

/** One line: acknowledged and read back, the longest request, and what failed and may fail. */
async function tryFault(fault: Fault, ways: readonly Way[], loaded: readonly Way[]): Promise<void> {
  const outcomes = await writeThrough(loaded, fault);
  const cells = ways.map((way) => {
    const outcome = outcomes[loaded.indexOf(way)];
    if (outcome === undefined) return "";
    const { acknowledged, failed, longestMs, listed, faults } = outcome;
    problems.push(...faults);
    if (acknowledged === 0) problems.push(`${fault.name}, ${way.name}: nothing was acknowledged`);
    const missing = listed === acknowledged ? "" : `, ${listed} listed`;
    const refused = failed === 0 ? "" : `, ${failed} failed`;
    return `${acknowledged - faults.length} of ${acknowledged}${refused}${missing}, ${seconds(longestMs)}`;
  });
  print([fault.name, ...cells]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function print(cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("")
      .trimEnd(),
  );
}
