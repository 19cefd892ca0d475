/**
 * Cuts the power after every system call of real commands, as far as files are concerned: for every folder that the disk may
 * hold then, what was acknowledged must be there, whole, and the next start must work.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { newestCheckpoint, openStore } from "../../../src/checkpoint/store.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { playRecording } from "../../../src/recording/play.ts";
import type { Outcome } from "../account.ts";
import { type Blindness, Disk } from "./disk.ts";
import { type Operation, traceCommand } from "./trace.ts";

const cli = fileURLToPath(new URL("../../../dist/bin/rivulet.cjs", import.meta.url));

const config = `name: cut
source: { stdin: true, framing: lines, fields: [a, b, label] }
target: { column: label, classes: 3 }
model: { layers: [dense] }
checkpoint: { directory: saved, every: 1s, keep: 2 }
`;

/** A row whose values say which one it is. */
const row = (index: number) => [index, -index / 4, index % 3];

/** A command whose files are to survive. */
interface Scenario {
  name: string;
  words: string[];
  /** Files that lie there before. */
  before: Record<string, string | Buffer>;
  seconds: number;
  /** How far a text that was printed says that all is on the disk; undefined where it does not say. */
  acknowledged(text: string): number | undefined;
  /** What is wrong with a folder after the cut; null where nothing is. `written`: digests of whole files. */
  fault(folder: string, acknowledged: number, written: ReadonlySet<string>): Promise<string | null>;
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const daemon: Scenario = {
  name: "run",
  words: ["run", "c.yaml", "--json", "--status-every", "50ms"],
  before: { "c.yaml": config },
  seconds: 7,
  acknowledged(text) {
    const event = JSON.parse(text);
    if (event.event === "status") return event.checkpoints;
    return event.event === "end" ? Number(/(\d+)\.msgpack$/.exec(event.path)?.[1]) : undefined;
  },
  async fault(folder, acknowledged, written) {
    const saved = join(folder, "saved");
    const store = openStore(saved, { keep: 2 });
    try {
      const found = store.newest(decodeCheckpoint);
      if ((found?.sequence ?? 0) < acknowledged) {
        return `the newest checkpoint has number ${found?.sequence}, and ${acknowledged} was saved`;
      }
      if (found !== undefined && !written.has(digest(readFileSync(found.path)))) {
        return `${found.path} is read as a checkpoint, and none was written like that`;
      }
      const next = store.saveSync([readFileSync(join(folder, "whole.msgpack"))]);
      const after = newestCheckpoint(saved, decodeCheckpoint, () => {});
      return after?.sequence === next.sequence ? null : "the next checkpoint is not the newest";
    } finally {
      store.close();
    }
  },
};

const recorder: Scenario = {
  name: "record",
  words: ["record", "c.yaml", "--out", "cut.rec"],
  before: { "c.yaml": config },
  seconds: 4,
  acknowledged(text) {
    const [, samples] = /(\d+) on the disk/.exec(text) ?? [];
    return samples === undefined ? undefined : Number(samples);
  },
  async fault(folder, acknowledged) {
    let wrong: string | null = null;
    const check = (values: Float64Array, offset: number, index: number) => {
      if (row(index).some((value, column) => values[offset + column] !== value))
        wrong ??= `sample ${index} differs`;
    };
    try {
      const { samples } = await playRecording(join(folder, "cut.rec"), check);
      return samples < acknowledged ? `${samples} samples are left of ${acknowledged}` : wrong;
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      return acknowledged > 0 ? `${acknowledged} samples are lost: ${error.message}` : null;
    }
  },
};

const rows = Array.from({ length: 300 }, (_, index) => row(index).join(","));

const fitter: Scenario = {
  name: "fit --save",
  words: ["fit", "c.yaml", "--data", "rows.csv", "--epochs", "1", "--save", "model.msgpack"],
  before: {
    "c.yaml": config,
    "rows.csv": `a,b,label\n${rows.join("\n")}\n`,
    "model.msgpack": "the model before",
  },
  seconds: 0,
  acknowledged: (text) => (text.includes("model.msgpack") ? 1 : undefined),
  async fault(folder, acknowledged, written) {
    const bytes = readFileSync(join(folder, "model.msgpack"));
    const isNew = written.has(digest(bytes));
    if (!isNew && bytes.toString() !== "the model before")
      return "model.msgpack is neither the old nor the new one";
    return isNew || acknowledged === 0 ? null : "model.msgpack is still the old one";
  },
};

/** Cuts the power of each scenario after each call. Where a protection is taken away, a loss must be found. */
export async function provePowerCuts(): Promise<Outcome> {
  const faults: string[] = [];
  let states = 0;
  let calls = 0;
  const blindly: Record<string, number> = { "file syncs": 0, "folder syncs": 0 };
  for (const scenario of [daemon, recorder, fitter]) {
    const operations = await trace(scenario);
    const seen = await cut(scenario, operations, null);
    calls += operations.length;
    states += seen.states;
    faults.push(...seen.faults.slice(0, 5).map((fault) => `${scenario.name}: ${fault}`));
    for (const blindness of ["file syncs", "folder syncs"] as const) {
      const { faults: found } = await cut(scenario, operations, blindness);
      blindly[blindness] += found.length;
      if (found.length === 0)
        faults.push(`${scenario.name}: without ${blindness} no loss was found, so none would be`);
    }
  }
  const withoutThem = Object.entries(blindly).map(([name, found]) => `${found} without ${name}`);
  return {
    figures: `${states} disks after a cut in ${calls} calls of run, record and fit --save: ${faults.length} losses; ${withoutThem.join(", ")}`,
    faults,
  };
}

async function trace({ words, before, seconds }: Scenario): Promise<Operation[]> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-cut-"));
  try {
    for (const [name, bytes] of Object.entries(before)) writeFileSync(join(folder, name), bytes);
    const operations = await traceCommand([cli, ...words], folder, async (input) => {
      let index = 0;
      for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
        input.write(`${Array.from({ length: 10 }, () => row(index++).join(",")).join("\n")}\n`);
        await setTimeout(20);
      }
    });
    return operations.map((operation) => relative(operation, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same operation below the root. */
function relative(operation: Operation, folder: string): Operation {
  const moved: Record<string, unknown> = { ...operation };
  for (const key of ["path", "from", "to"]) {
    if (typeof moved[key] === "string") moved[key] = (moved[key] as string).slice(folder.length);
  }
  return moved as unknown as Operation;
}

async function cut({ before, acknowledged, fault }: Scenario, operations: Operation[], blindness: Blindness) {
  const disk = new Disk(blindness);
  for (const [name, bytes] of Object.entries(before)) disk.put(`/${name}`, Buffer.from(bytes));
  const { written, whole } = wholeFiles(before, operations);
  const checked = new Set<string>();
  const faults: string[] = [];
  let safe = 0;
  for (const [index, operation] of operations.entries()) {
    disk.apply(operation);
    if (operation.kind === "print") {
      for (const line of operation.text.trim().split("\n")) safe = acknowledged(line) ?? safe;
    }
    for (const files of disk.afterPowerCut()) {
      const key = keyOf(files, safe);
      if (checked.has(key)) continue;
      checked.add(key);
      const found = await inFolder(files, whole, (folder) => fault(folder, safe, written));
      if (found !== null) faults.push(`after call ${index + 1}, ${operation.kind}: ${found}`);
    }
  }
  return { states: checked.size, faults };
}

/** Digests of the files that got their names whole, and the bytes of one of them. */
function wholeFiles(before: Scenario["before"], operations: Operation[]) {
  const disk = new Disk();
  for (const [name, bytes] of Object.entries(before)) disk.put(`/${name}`, Buffer.from(bytes));
  const written = new Set<string>();
  let whole: Buffer = Buffer.alloc(0);
  for (const operation of operations) {
    disk.apply(operation);
    if (operation.kind !== "rename" || !operation.to.endsWith(".msgpack")) continue;
    whole = disk.bytesOf(operation.to);
    written.add(digest(whole));
  }
  return { written, whole };
}

function keyOf(files: ReadonlyMap<string, Buffer | null>, safe: number): string {
  const hash = createHash("sha256").update(`${safe}`);
  for (const [path, bytes] of files)
    hash.update(`\0${path}\0${bytes?.length ?? "folder"}\0`).update(bytes ?? "");
  return hash.digest("hex");
}

async function inFolder<T>(
  files: ReadonlyMap<string, Buffer | null>,
  whole: Buffer,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-after-cut-"));
  try {
    writeFileSync(join(folder, "whole.msgpack"), whole);
    for (const [path, bytes] of files) {
      const place = join(folder, path);
      mkdirSync(bytes === null ? place : dirname(place), { recursive: true });
      if (bytes !== null) writeFileSync(place, bytes);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
