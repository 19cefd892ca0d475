/**
 * What Rivulet takes of a machine's memory, from what the kernel says of each process: every command at its largest,
 * the daemon at a thousand samples a second beside a bare Node of the same version, its growth over ten million samples,
 * and whether it runs as fast in a memory cgroup of 96 MB. Linux alone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FedDaemon, frugal, startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { daemonSubjects, residentFigures } from "../../src/commands/bench/memory.ts";
import {
  majorFaults,
  type ProcessMemory,
  processMemory,
  processorSeconds,
} from "../../src/commands/bench/process-memory.ts";
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { slope } from "../../src/training/slope.ts";
import { importFigures } from "./imports.ts";
import { copyNode, createMemoryLimit } from "./memory-limit.ts";
import { program } from "./program.ts";

const pump = fileURLToPath(new URL("../../devices/examples/pump", import.meta.url));
const limitMegabytes = 96;
const million = 1e6;

/** Of the moment in its life when most was resident. */
async function ofCommand(words: string[]): Promise<ProcessMemory> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const child = spawn(process.execPath, [program, ...words, "--json"], { cwd: folder, stdio: "ignore" });
  const ended = once(child, "close");
  let most: ProcessMemory | null = null;
  const timer = setInterval(() => {
    try {
      const now = processMemory(child.pid as number);
      if (now.resident > (most?.resident ?? 0)) most = now;
    } catch {} // between its end and the news of it
  }, 2);
  const [code] = await ended;
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  if (code !== 0 || most === null) throw new Error(`rivulet ${words.join(" ")} ended with ${code}`);
  return most;
}

function commandSubjects(folder: string): Record<string, () => Promise<ProcessMemory>> {
  const [config, data] = [`${pump}.yaml`, `${pump}.csv`];
  const saved = join(folder, "pump.msgpack");
  return {
    plan: () => ofCommand(["plan", config]),
    replay: () => ofCommand(["replay", config, "--data", data, "--save", saved]),
    inspect: () => ofCommand(["inspect", saved]),
    fit: () => ofCommand(["fit", config, "--data", data, "--epochs", "5"]),
    compare: () => ofCommand(["compare", config, "--data", data, "--epochs", "2"]),
  };
}

async function measureProcesses(rounds: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const figures = await residentFigures({ ...daemonSubjects(program), ...commandSubjects(folder) }, rounds);
  rmSync(folder, { recursive: true });
  return figures;
}

const samplesOf = (daemon: FedDaemon) => Number(daemon.lines("status").at(-1)?.["samples"] ?? 0);

/** Sends as fast as the daemon learns; gives what its memory was after each million. */
async function measureGrowth(millions: number): Promise<Figure> {
  const daemon = await startFedDaemon({ program, rate: Number.POSITIVE_INFINITY, ...frugal });
  const start = performance.now();
  const resident: number[] = [];
  while (resident.length < millions) {
    await sleep(50);
    if (daemon.process.exitCode !== null) throw new Error(`the daemon ended with ${daemon.process.exitCode}`);
    if (samplesOf(daemon) < (resident.length + 1) * million) continue;
    resident.push(processMemory(daemon.process.pid as number).resident);
  }
  const seconds = (performance.now() - start) / 1000;
  const samples = samplesOf(daemon);
  await daemon.stop();
  return {
    group: "growth of memory",
    name: `${samples} samples in ${seconds.toFixed(0)} s: after each million`,
    value: spreadOf(resident),
    unit: "MiB",
    note: `${(1024 * slope(resident, 1)).toFixed(1)} KiB a million after the first: ${resident.map((each) => each.toFixed(1)).join(" ")}`,
  };
}

/** At full speed, then at a thousand samples a second; each from a copy of Node that is not in the page cache. */
async function measureLimited(): Promise<Figure[]> {
  const limits: [string, number | null][] = [
    ["none", null],
    [`${limitMegabytes} MB`, limitMegabytes],
    ["none, again", null],
    [`${limitMegabytes} MB, again`, limitMegabytes],
  ];
  const rows: Figure[] = [];
  for (const [limit, megabytes] of limits) {
    const group = createMemoryLimit(megabytes);
    if (typeof group === "string") {
      console.error(`Not measured in a memory cgroup: ${group}`);
      return [];
    }
    const node = copyNode();
    const options = { node: node.path, within: group.within, ...frugal };
    const daemon = await startFedDaemon({ program, rate: Number.POSITIVE_INFINITY, ...options });
    const pid = daemon.process.pid as number;
    await daemon.untilLearning;
    await sleep(3000);
    const before = { samples: samplesOf(daemon), at: performance.now() };
    await sleep(5000);
    const samplesPerSecond = (1000 * (samplesOf(daemon) - before.samples)) / (performance.now() - before.at);
    daemon.setRate(1000);
    await sleep(2000);
    const used = { seconds: processorSeconds(pid), at: performance.now() };
    await sleep(5000);
    const processorPercent = (1e5 * (processorSeconds(pid) - used.seconds)) / (performance.now() - used.at);
    const rate = samplesPerSecond / 1000;
    rows.push({
      group: "memory limit",
      name: `limit ${limit}: at full speed`,
      value: spreadOf([rate]),
      unit: "thousand samples/s",
      note: `${processorPercent.toFixed(1)} % of a core at 1000/s, ${majorFaults(pid)} major faults, peak ${processMemory(pid).peak.toFixed(1)} MiB, ${group.charged()?.toFixed(1) ?? "-"} MiB charged, limit met ${group.limitHits() ?? "-"} times`,
    });
    await daemon.stop();
    group.remove();
    node.remove();
  }
  return rows;
}

/** Measures everything; the processes in turn, `rounds` times. */
export async function memoryFigures(rounds: number): Promise<Figure[]> {
  if (!existsSync("/proc/self")) throw new Error("this benchmark reads /proc: run it on Linux");
  return [
    ...(await measureProcesses(rounds)),
    ...(await importFigures(rounds)),
    await measureGrowth(10),
    ...(await measureLimited()),
  ];
}
