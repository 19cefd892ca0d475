/** Runs the daemon as on a board, with samples from a device through a pseudo-terminal. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { daemonFlags } from "../../device/unit.ts";
import {
  openByPackage,
  openByPerl,
  openPseudoTerminal,
  type PseudoTerminal,
} from "../../emulation/pseudo-terminal.ts";
import { createRandom } from "../../engine/model/random.ts";
import { defineFields } from "../../samples/decoding/fields.ts";
import { createFrameEncoder } from "../../samples/decoding/frames.ts";

const fields = defineFields([
  { name: "x", type: "f32" },
  { name: "y", type: "f32" },
  { name: "label", type: "u8" },
]);

/** Number of frames in the stream: after 65536 the sequence numbers of a device wrap around. */
const framesInLoop = 65_536;

/** One cycle of the device's stream: the bytes, and the end of each frame. */
function recordLoop(): { bytes: Uint8Array; ends: Uint32Array } {
  const encoder = createFrameEncoder(fields);
  const random = createRandom(7);
  const bytes = new Uint8Array(framesInLoop * encoder.maximumBytes);
  const ends = new Uint32Array(framesInLoop);
  let end = 0;
  for (let i = 0; i < framesInLoop; i++) {
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    const label = x * x + y * y < 0.25 ? 2 : Number(x * y > 0);
    end = encoder.encode([x, y, label], i, i, bytes, end);
    ends[i] = end;
  }
  return { bytes: bytes.subarray(0, end), ends };
}

/** The settings that the README names for a board that is short of memory. */
export const frugal = {
  environment: { MALLOC_MMAP_THRESHOLD_: "16384" },
  flags: [...daemonFlags],
};

/** The settings with the least memory: no code is optimized, which costs two to three times the work per sample. */
export const mostFrugal = { ...frugal, flags: [...frugal.flags, "--no-turbofan"] };

let loop: ReturnType<typeof recordLoop> | undefined;

export interface FedDaemonOptions {
  /** Samples a second; Infinity: as fast as the daemon reads them. */
  rate: number;
  /** Path of another Node. */
  node?: string;
  /** Flags of Node. */
  flags?: string[];
  environment?: Record<string, string>;
  /** The built command line. */
  program: string;
  /** Keys of the config besides source and target, in JSON, which is YAML too. */
  more?: Record<string, unknown>;
  /** Interval of status lines. Default 1 s. */
  statusEvery?: string;
  /** A command that starts Node, and its arguments. */
  within?: string[];
}

export interface FedDaemon {
  readonly process: ChildProcess;
  /** Samples sent so far. */
  readonly sent: number;
  /** Milliseconds from its start to the first line that counts a sample. */
  readonly untilLearning: Promise<number>;
  /** Lines of its log so far, parsed. */
  lines(event: string): Record<string, unknown>[];
  /** Sends faster or slower from now on. */
  setRate(rate: number): void;
  stop(): Promise<void>;
}

/** Starts the daemon on a new port, with samples from the beginning. */
export async function startFedDaemon(options: FedDaemonOptions): Promise<FedDaemon> {
  // Before the daemon starts, as it takes a while.
  loop ??= recordLoop();
  const stream = loop;
  const folder = mkdtempSync(join(tmpdir(), "rivulet-bench-"));
  const terminal = openPseudoTerminal([openByPerl, openByPackage]);
  const startedAt = performance.now();
  const child = spawnDaemon(folder, terminal.path, options);
  let output = "";
  const untilLearning = new Promise<number>((resolve, reject) => {
    child.once("close", (code) =>
      reject(new Error(`the daemon ended with ${code} before it was stopped:\n${output}`)),
    );
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (/"samples":[1-9]/.test(text)) resolve(performance.now() - startedAt);
    });
  });
  // A failure is only for those who wait for it.
  untilLearning.catch(() => {});
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));

  const feed = startFeed(stream, terminal, options.rate, () => output.includes('"port-open"'));
  return {
    process: child,
    untilLearning,
    get sent() {
      return feed.sent;
    },
    lines: (event) =>
      output
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line["event"] === event),
    setRate: feed.setRate,
    async stop() {
      feed.stop();
      child.kill("SIGTERM");
      await ended;
      terminal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a config for the device at `port` into the folder, and starts the daemon with it. */
function spawnDaemon(folder: string, port: string, options: FedDaemonOptions): ChildProcess {
  const config = {
    source: {
      serial: { path: port },
      queue: { samples: 4096, whenFull: "pause" },
      fields: fields.map(({ name, type }) => ({ name, type })),
    },
    target: { column: "label", classes: 3 },
    checkpoint: { directory: "saved", every: "1h", keep: 3 },
    ...options.more,
  };
  const file = join(folder, "c.yaml");
  writeFileSync(file, JSON.stringify(config));
  const node = [options.node ?? process.execPath, ...(options.flags ?? []), options.program];
  const words = ["run", file, "--status-every", options.statusEvery ?? "1s", "--json"];
  const [command, ...rest] = [...(options.within ?? []), ...node, ...words];
  return spawn(command, rest, {
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Sends the stream into a terminal from the time on at which `isOpen`, at `rate` samples a second. */
function startFeed(
  { bytes, ends }: ReturnType<typeof recordLoop>,
  terminal: PseudoTerminal,
  rate: number,
  isOpen: () => boolean,
) {
  let wanted = rate;
  let frames = 0;
  let at = 0;
  let since = { at: performance.now(), frames: 0 };
  const timer = setInterval(() => {
    if (!isOpen()) {
      since = { at: performance.now(), frames };
      return;
    }
    // Sends what the kernel accepts in a few calls; the rest waits for the next tick.
    for (let turn = 0; turn < 64; turn++) {
      const due = Math.min(since.frames + (wanted * (performance.now() - since.at)) / 1000, frames + 1024);
      const first = frames % framesInLoop;
      const last = Math.min(first + Math.floor(due) - frames, framesInLoop);
      const end = last === 0 ? 0 : ends[last - 1];
      if (end <= at) break;
      const taken = terminal.write(bytes.subarray(at, end));
      at += taken;
      while (frames % framesInLoop < framesInLoop && ends[frames % framesInLoop] <= at) {
        frames++;
        if (frames % framesInLoop === 0) {
          at = 0;
          break;
        }
      }
      if (taken === 0) break;
    }
  }, 2);
  return {
    /** Samples so far. */
    get sent() {
      return frames;
    },
    setRate(next: number) {
      wanted = next;
      since = { at: performance.now(), frames };
    },
    stop: () => clearInterval(timer),
  };
}
