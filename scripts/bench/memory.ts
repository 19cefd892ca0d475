/**
 * What Rivulet takes of a machine's memory, from what the kernel says of each process: every command at its largest,
 * the daemon at a thousand samples a second beside a bare Node of the same version, its growth over ten million samples,
 * and whether it runs as fast in a memory cgroup of 96 MB. Linux alone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cli, type FedDaemon, type FedDaemonOptions, frugal, startFedDaemon } from "./fed-daemon.ts";
import { benchImports, type ImportFigures, printImports } from "./imports.ts";
import { copyNode, createMemoryLimit } from "./memory-limit.ts";
import { majorFaults, type ProcessMemory, processMemory, processorSeconds } from "./process-memory.ts";
import { type Spread, spreadOf } from "./timing.ts";

const pump = fileURLToPath(new URL("../../devices/examples/pump", import.meta.url));
const settleMs = 5000;
const limitMegabytes = 96;
const million = 1e6;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface MemoryRow {
  subject: string;
  /** MiB each. */
  resident: Spread;
  peak: Spread;
  anonymous: Spread;
  proportional: Spread;
  /** Of the medians of the resident set, over bare Node. */
  overBare: number;
}

interface Growth {
  samples: number;
  seconds: number;
  /** MiB resident after each million. */
  resident: number[];
  /** KiB a million samples, by least squares over all but the first million. */
  perMillion: number;
}

interface Limited {
  limit: string;
  samplesPerSecond: number;
  majorFaults: number;
  /** Processor time at a thousand samples a second, in percent of one core. */
  processorPercent: number;
  peak: number;
  /** Of all its memory with its page cache, as the cgroup counts: MiB at most, and how often it met the limit. */
  charged: number | null;
  limitHits: number | null;
}

export interface MemoryFigures {
  processes: MemoryRow[];
  imports: ImportFigures[];
  growth: Growth;
  limited: Limited[] | string;
}

async function ofBareNode(): Promise<ProcessMemory> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e8)"], { stdio: "ignore" });
  await sleep(1000);
  const memory = processMemory(child.pid as number);
  child.kill();
  await once(child, "close");
  return memory;
}

/** Of the moment in its life when most was resident. */
async function ofCommand(words: string[]): Promise<ProcessMemory> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const child = spawn(process.execPath, [cli, ...words, "--json"], { cwd: folder, stdio: "ignore" });
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

async function ofDaemon(options: Partial<FedDaemonOptions> = {}): Promise<ProcessMemory> {
  const daemon = await startFedDaemon({
    rate: 1000,
    more: { checkpoint: { every: "2s", keep: 3 } },
    ...options,
  });
  await daemon.untilLearning;
  await sleep(settleMs);
  const memory = processMemory(daemon.process.pid as number);
  await daemon.stop();
  return memory;
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

async function measureProcesses(rounds: number): Promise<MemoryRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const subjects: Record<string, () => Promise<ProcessMemory>> = {
    "bare node": ofBareNode,
    "run, 1000 samples a second": () => ofDaemon(),
    "run, the same, frugal settings": () => ofDaemon(frugal),
    ...commandSubjects(folder),
  };
  const names = Object.keys(subjects);
  const measured = names.map(() => [] as ProcessMemory[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, name] of names.entries()) measured[index].push(await subjects[name]());
  }
  rmSync(folder, { recursive: true });
  const spread = (all: ProcessMemory[], key: keyof ProcessMemory) => spreadOf(all.map((each) => each[key]));
  const bare = spread(measured[0], "resident").median;
  return names.map((subject, index) => {
    const all = measured[index];
    const resident = spread(all, "resident");
    return {
      subject,
      resident,
      peak: spread(all, "peak"),
      anonymous: spread(all, "anonymous"),
      proportional: spread(all, "proportional"),
      overBare: resident.median - bare,
    };
  });
}

const samplesOf = (daemon: FedDaemon) => Number(daemon.lines("status").at(-1)?.["samples"] ?? 0);

/** Sends as fast as the daemon learns; gives what its memory was after each million. */
async function measureGrowth(millions: number): Promise<Growth> {
  const daemon = await startFedDaemon({ rate: Number.POSITIVE_INFINITY, ...frugal });
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
  return { samples, seconds, resident, perMillion: 1024 * slope(resident.slice(1)) };
}

/** Least squares, by step. */
function slope(values: number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [products, squares] = [0, 0];
  for (const [at, value] of values.entries()) {
    products += (at - middle) * (value - mean);
    squares += (at - middle) ** 2;
  }
  return products / squares;
}

/** At full speed, then at a thousand samples a second; each from a copy of Node that is not in the page cache. */
async function measureLimited(): Promise<Limited[] | string> {
  const limits: [string, number | null][] = [
    ["none", null],
    [`${limitMegabytes} MB`, limitMegabytes],
    ["none, again", null],
    [`${limitMegabytes} MB, again`, limitMegabytes],
  ];
  const rows: Limited[] = [];
  for (const [limit, megabytes] of limits) {
    const group = createMemoryLimit(megabytes);
    if (typeof group === "string") return group;
    const node = copyNode();
    const options = { node: node.path, within: group.within, ...frugal };
    const daemon = await startFedDaemon({ rate: Number.POSITIVE_INFINITY, ...options });
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
    rows.push({
      limit,
      samplesPerSecond,
      majorFaults: majorFaults(pid),
      processorPercent,
      peak: processMemory(pid).peak,
      charged: group.charged(),
      limitHits: group.limitHits(),
    });
    await daemon.stop();
    group.remove();
    node.remove();
  }
  return rows;
}

/** Measures everything; the processes in turn, `rounds` times. */
export async function benchMemory(rounds = 5, millions = 10): Promise<MemoryFigures> {
  if (!readdirSync("/proc").includes("self")) throw new Error("this benchmark reads /proc: run it on Linux");
  const processes = await measureProcesses(rounds);
  const growth = await measureGrowth(millions);
  const limited = await measureLimited();
  return { processes, imports: benchImports(rounds), growth, limited };
}

const range = ({ median, minimum, maximum }: Spread) =>
  `${median.toFixed(1)} (${minimum.toFixed(1)} to ${maximum.toFixed(1)})`.padStart(22);

/** The figures as tables for people. */
export function printMemory({ processes, imports, growth, limited }: MemoryFigures): void {
  console.log(
    `Node ${process.version}, ${process.arch}. MiB, medians (smallest to largest); commands at their largest.`,
  );
  console.log(`Frugal settings: ${JSON.stringify(frugal)}\n`);
  console.log(
    `${"".padEnd(32)} ${"resident".padStart(22)}   over bare ${"peak".padStart(22)} ${"anonymous".padStart(22)} ${"proportional".padStart(22)}`,
  );
  for (const { subject, resident, overBare, peak, anonymous, proportional } of processes) {
    console.log(
      `${subject.padEnd(32)} ${range(resident)} ${`+${overBare.toFixed(1)}`.padStart(11)} ${range(peak)} ${range(anonymous)} ${range(proportional)}`,
    );
  }
  console.log();
  printImports(imports);
  console.log(
    `\n${growth.samples} samples in ${growth.seconds.toFixed(0)} s; MiB after each million: ${growth.resident.map((each) => each.toFixed(1)).join(" ")}`,
  );
  console.log(`growth after the first: ${growth.perMillion.toFixed(1)} KiB a million samples\n`);
  if (typeof limited === "string") {
    console.log(`Not measured in a memory cgroup: ${limited}`);
    return;
  }
  console.log(
    "memory limit       samples/s  major faults  % of a core at 1000/s  peak MiB  charged MiB  limit hits",
  );
  for (const row of limited) {
    console.log(
      [
        row.limit.padEnd(15),
        row.samplesPerSecond.toFixed(0).padStart(12),
        String(row.majorFaults).padStart(13),
        row.processorPercent.toFixed(1).padStart(22),
        row.peak.toFixed(1).padStart(9),
        (row.charged?.toFixed(1) ?? "").padStart(12),
        String(row.limitHits ?? "").padStart(11),
      ].join(" "),
    );
  }
}
