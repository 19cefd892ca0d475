/**
 * What watching for anomalies and the features of vibration cost: the detector a row and column, a spectrum, six axes at 5,000
 * samples a second, and the memory of a daemon that watches fifteen columns. The last is of Linux alone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frugal } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { memoryOfBareNode, residentFigures } from "../../src/commands/bench/memory.ts";
import { type ProcessMemory, processMemory } from "../../src/commands/bench/process-memory.ts";
import { measureInTurn, type Spread, scaled } from "../../src/commands/bench/timing.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createExtraction } from "../../src/features/extraction.ts";
import { Spectrum } from "../../src/features/spectrum.ts";
import { createAnomalyDetector } from "../../src/learner/anomaly/anomaly-detector.ts";
import { program } from "./program.ts";

const group = "signals";
/** Microseconds a row and column at most. */
const goalUs = 1.5;
const widths = [1, 3, 6, 15];
const minuteMs = 60_000;
const size = 512;
const axes = ["ax", "ay", "az", "gx", "gy", "gz"];
const samplesPerSecond = 5000;
const columns = 15;
const watchedRows = 20_000;

/** So many random rows, as fast as they are observed: minutes of a machine on which nothing happens. */
function observing(width: number): (times: number) => void {
  const random = createRandom(width);
  const values = Float64Array.from({ length: 997 * width }, () => random.uniform() + random.uniform());
  const detector = createAnomalyDetector({
    columns: Array.from({ length: width }, (_, column) => `column${column}`),
  });
  const time = new Float64Array(1);
  let row = 0;
  return (times) => {
    for (let i = 0; i < times; i++) {
      time[0] = row * minuteMs;
      detector.observe(values, (row++ % 997) * width, time, 0);
    }
  };
}

function transforming(): (times: number) => void {
  const spectrum = new Spectrum(size);
  for (let i = 0; i < size; i++) {
    spectrum.first[i] = Math.sin(i / 3) + (i % 7) / 9;
    spectrum.second[i] = Math.abs(spectrum.first[i]);
  }
  return (times) => {
    for (let i = 0; i < times; i++) spectrum.transform();
  };
}

function vibrating(): (times: number) => void {
  const take = ["bands", "centroid", "envelope"];
  const extraction = createExtraction({
    columns: axes,
    rate: samplesPerSecond,
    features: [{ window: { of: axes, size, every: size, take } }],
  });
  const random = createRandom(3);
  const values = Float64Array.from({ length: 4096 * axes.length }, () => random.uniform());
  let row = 0;
  return (times) => {
    for (let i = 0; i < times; i++) extraction.push(values, (row++ & 4095) * axes.length);
  };
}

/** One column compared with the others. */
function relating(): (times: number) => void {
  const [of, ...given] = axes;
  const extraction = createExtraction({ columns: axes, features: [{ relation: { of: [of], given } }] });
  const random = createRandom(4);
  const values = Float64Array.from({ length: 4096 * axes.length }, () => random.uniform());
  let row = 0;
  return (times) => {
    for (let i = 0; i < times; i++) extraction.push(values, (row++ & 4095) * axes.length);
  };
}

const microseconds = (spread: Spread, parts: number) => scaled(spread, 1 / (1000 * parts));

/** Memory of a daemon that has watched `columns` columns from standard input for some time. */
async function memoryOfWatching(): Promise<ProcessMemory> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const file = join(folder, "c.yaml");
  const fields = Array.from({ length: columns }, (_, column) => `column${column}`);
  const config = {
    source: { stdin: true, framing: "lines", fields, queue: { whenFull: "pause" } },
    anomaly: { alarmsPerWeek: 2 },
    checkpoint: { directory: "saved", every: "1h" },
  };
  writeFileSync(file, JSON.stringify(config));
  const words = [...frugal.flags, program, "run", file, "--status-every", "200ms", "--json"];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...frugal.environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const hasWatched = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if ([...text.matchAll(/"samples":(\d+)/g)].some(([, count]) => Number(count) >= watchedRows)) resolve();
    });
  });
  const random = createRandom(5);
  for (let row = 0; row < watchedRows; row++) {
    const line = `${fields.map(() => random.uniform().toFixed(4)).join(",")}\n`;
    if (!child.stdin.write(line)) await once(child.stdin, "drain");
  }
  await hasWatched;
  const memory = processMemory(child.pid as number);
  child.stdin.end();
  await ended;
  rmSync(folder, { recursive: true, force: true });
  return memory;
}

export async function signalFigures(rounds: number): Promise<Figure[]> {
  const spreads = measureInTurn([...widths.map(observing), transforming(), vibrating(), relating()], {
    rounds,
  });
  const [spectrum, vibration, related] = spreads.slice(widths.length);
  const perColumn = widths.map((width, index): Figure => {
    const value = microseconds(spreads[index], width);
    const share = value.median / goalUs;
    const name = `detector, ${width} column${width === 1 ? "" : "s"}`;
    return {
      ...{ group, name, value, unit: "us a row and column" },
      reference: { name: "the goal", value: goalUs, unit: "us", share },
    };
  });
  return [
    ...perColumn,
    { group, name: `both spectra of ${size} points`, value: microseconds(spectrum, 1), unit: "us" },
    {
      ...{ group, name: "six axes at 5000 a second" },
      value: scaled(vibration, (100 * samplesPerSecond) / 1e9),
      unit: "% of a core",
      note: "bands, centroid and envelope of each",
    },
    {
      ...{
        group,
        name: `relation of ${axes.length} columns`,
        value: microseconds(related, 1),
        unit: "us a row",
      },
    },
    ...(existsSync("/proc/self/smaps_rollup")
      ? await residentFigures(
          { "bare node": memoryOfBareNode, [`run, ${columns} columns watched, frugal`]: memoryOfWatching },
          Math.min(rounds, 3),
        )
      : []),
  ];
}
