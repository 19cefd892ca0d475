/**
 * What saving a checkpoint of a learner with 100,000 parameters costs while samples go on: how long it keeps the event
 * loop from them, how many bytes it adds to those of parameters and optimizer, and whether the resident set of the
 * daemon moves.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeUnsealed, sealCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import { frugal, startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { processMemory } from "../../src/commands/bench/process-memory.ts";
import { type Spread, spreadOf } from "../../src/commands/bench/timing.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import { program } from "./program.ts";

/** 104,643 parameters for the two inputs and three classes of the device. */
const layers = [{ dense: 320 }, "relu", { dense: 320 }, "relu", "dense"];

interface Saves {
  parameters: number;
  /** Of parameters and optimizer state. */
  weightBytes: number;
  fileBytes: number;
  /** Milliseconds that encoding and copying keep everything else waiting. */
  snapshot: Spread;
  /** The longest time between two turns of the event loop from the first to the last moment of a save. */
  longestBlock: Spread;
  /** The same in as many stretches of equal length without a save. */
  longestBlockIdle: Spread;
  /** From the call until the disk has it. */
  save: Spread;
}

/** The longest of the gaps between turns until `work` settles. */
async function longestGap(work: Promise<unknown>): Promise<number> {
  let over = false;
  const done = () => {
    over = true;
  };
  work.then(done, done);
  let longest = 0;
  for (let last = performance.now(); !over; ) {
    await new Promise(setImmediate);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

async function measureSaves(rounds: number): Promise<Saves> {
  const learner = createNetworkLearner({
    fields: ["x", "y", "label"],
    target: { column: "label", classes: 3 },
    model: { layers, inputShape: null, optimizer: null, loss: null, clip: null, schedule: null },
  });
  const sample = Float64Array.of(0.5, -0.25, 1);
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const store = openStore(folder, { keep: 2 });
  const times = { snapshot: [], longestBlock: [], longestBlockIdle: [], save: [] } as Record<
    string,
    number[]
  >;
  let fileBytes = 0;
  let weightBytes = 0;
  let parameters = 0;
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < 50; i++) learner.observe(sample, 0);
    const start = performance.now();
    const checkpoint = checkpointOf(learner, undefined, { reuse: true });
    const saving = store.save(encodeUnsealed(checkpoint), sealCheckpoint);
    const snapshot = performance.now() - start;
    const gap = await longestGap(saving);
    const save = performance.now() - start;
    const idle = await longestGap(sleep(save));
    const count = (tensors: { data: Float32Array }[]) =>
      tensors.reduce((sum, { data }) => sum + data.length, 0);
    parameters = count(checkpoint.parameters);
    weightBytes = 4 * (parameters + count(checkpoint.optimizerState));
    fileBytes = statSync((await saving).path).size;
    // The first one finds everything cold: the daemon rehearses it when it starts.
    if (round < 0) continue;
    times["snapshot"].push(snapshot);
    times["longestBlock"].push(Math.max(snapshot, gap));
    times["longestBlockIdle"].push(idle);
    times["save"].push(save);
  }
  store.close();
  rmSync(folder, { recursive: true });
  return {
    parameters,
    weightBytes,
    fileBytes,
    snapshot: spreadOf(times["snapshot"]),
    longestBlock: spreadOf(times["longestBlock"]),
    longestBlockIdle: spreadOf(times["longestBlockIdle"]),
    save: spreadOf(times["save"]),
  };
}

async function residentOfDaemon(every: string, seconds: number): Promise<Spread> {
  const daemon = await startFedDaemon({
    program,
    rate: 1000,
    ...frugal,
    more: { model: { layers }, checkpoint: { directory: "saved", every, keep: 2 } },
  });
  await daemon.untilLearning;
  // Until the compiler has seen to the sample path.
  await sleep(5000);
  daemon.setRate(100);
  await sleep(3000);
  const resident: number[] = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    resident.push(processMemory(daemon.process.pid as number).resident);
    await sleep(5);
  }
  await daemon.stop();
  return spreadOf(resident);
}

export async function checkpointFigures(rounds: number): Promise<Figure[]> {
  const saves = await measureSaves(3 * rounds);
  const residentIdle = await residentOfDaemon("1h", 8);
  const residentSaving = await residentOfDaemon("1s", 8);
  const { parameters, weightBytes, fileBytes } = saves;
  const extra = fileBytes - weightBytes;
  const group = "checkpoint";
  const milliseconds = (name: string, value: Spread, note = ""): Figure => ({
    group,
    name,
    value,
    unit: "ms",
    note,
  });
  return [
    {
      group,
      name: `${parameters} parameters: bytes of the file`,
      value: spreadOf([fileBytes]),
      unit: "bytes",
      note: `${extra} more than parameters and optimizer state`,
    },
    milliseconds("encoding and copying", saves.snapshot),
    milliseconds("longest wait of the event loop", saves.longestBlock),
    milliseconds("the same without saving", saves.longestBlockIdle, "what the machine itself does"),
    milliseconds("until the disk has it", saves.save),
    { group, name: "daemon resident, saving every second", value: residentSaving, unit: "MiB" },
    { group, name: "daemon resident, not saving", value: residentIdle, unit: "MiB" },
  ];
}
