/** `rivulet run` as it is built, at a port of which a proof holds the other end. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { processMemory } from "../../src/commands/bench/process-memory.ts";
import type { DaemonStatus } from "../../src/daemon/daemon-status.ts";
import {
  openByPackage,
  openByPerl,
  openPseudoTerminal,
  type PseudoTerminal,
} from "../../src/emulation/pseudo-terminal.ts";
import { program } from "../bench/program.ts";
import { fieldsInConfig } from "./sender.ts";

/** Without any progress for so long a proof has failed. */
const patienceMs = 30_000;

/** What a line of status says: of the daemon, and of the log that it is in. */
export type StatusLine = DaemonStatus & { logLinesLeftOut: number };

/** How a daemon ended. */
export interface Ending {
  /** From SIGTERM to its end. */
  milliseconds: number;
  /** Samples in its last checkpoint, read back and found valid. */
  saved: number;
}

/** A device's end of a new port, which no child inherits where perl is there. */
export const openDevice = () => openPseudoTerminal([openByPerl, openByPackage]);

/** Starts it and waits for the port to be open. `more` are keys of the config. */
export async function startDaemon(
  terminal: PseudoTerminal,
  more: { queue?: object; model?: object } = {},
): Promise<ProvenDaemon> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-proof-"));
  const port = join(folder, "port");
  const { queue, model } = more;
  const config = {
    source: { serial: { path: port }, fields: fieldsInConfig, ...(queue && { queue }) },
    target: { column: "label", classes: 3 },
    checkpoint: { directory: "saved", every: "10s", keep: 2 },
    ...(model && { model }),
  };
  writeFileSync(join(folder, "c.yaml"), JSON.stringify(config));
  symlinkSync(terminal.path, port);
  const words = [program, "run", join(folder, "c.yaml"), "--status-every", "20ms", "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const daemon = new ProvenDaemon(child, folder, port);
  await daemon.untilEvent("port-open", 1);
  return daemon;
}

export class ProvenDaemon {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #port: string;
  readonly #log: ReturnType<typeof followLog>;
  readonly #ended: Promise<number | null>;
  #isOver = false;

  constructor(child: ChildProcess, folder: string, port: string) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
    this.#log = followLog(child);
    this.#ended = new Promise((resolve) => child.once("close", resolve));
    void this.#ended.then(() => {
      this.#isOver = true;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** The newest of its status lines. */
  get status(): StatusLine {
    return this.#log.status();
  }

  /** Lines that are no status, by event. */
  count(event: string): number {
    return this.#log.counts.get(event) ?? 0;
  }

  /** Takes the name of its port away, as the kernel does when a device is pulled out. */
  pullOut(): void {
    unlinkSync(this.#port);
  }

  /** Makes its port lead to another device. */
  plugIn({ path }: PseudoTerminal): void {
    symlinkSync(path, this.#port);
  }

  /** Waits for a status; @throws Error when it stands still before it */
  until(condition: (status: StatusLine) => boolean): Promise<void> {
    return this.#wait(() => condition(this.status), String(condition));
  }

  untilEvent(event: string, count: number): Promise<void> {
    return this.#wait(() => this.count(event) >= count, `${event} ${count}`);
  }

  async #wait(condition: () => boolean, what: string): Promise<void> {
    let [seen, since] = ["", performance.now()];
    while (!condition()) {
      const { samples, dropped, bytes, portFailures } = this.status;
      const now = [samples, dropped, bytes, portFailures].join();
      if (now !== seen) [seen, since] = [now, performance.now()];
      if (this.#isOver || performance.now() - since > patienceMs) {
        this.kill();
        throw new Error(`the daemon never came to ${what}; it stands at ${JSON.stringify(this.status)}`);
      }
      await pause(5);
    }
  }

  residentMebibytes(): number {
    return processMemory(this.#child.pid as number).resident;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** Takes the process away without a word, if it still runs. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** @throws Error where it fails, or its checkpoint is not valid */
  async stop(): Promise<Ending> {
    const from = performance.now();
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await exited;
    const milliseconds = performance.now() - from;
    const saved = join(this.#folder, "saved");
    const newest = readdirSync(saved)
      .filter((name) => name.endsWith(".msgpack"))
      .sort()
      .at(-1);
    const path = join(saved, newest ?? "none");
    const { samplesSeen } = decodeCheckpoint(readFileSync(path), path);
    const code = await this.#ended;
    if (code !== 0) throw new Error(`the daemon ended with ${code}`);
    return { milliseconds, saved: samplesSeen };
  }
}

/** Keeps the newest status, and of the rest how many lines there were: a proof may be long. */
function followLog(child: ChildProcess) {
  const counts = new Map<string, number>();
  let status = { samples: 0, dropped: 0, bytes: 0, portFailures: 0 } as StatusLine;
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      const { event, ...details } = JSON.parse(line) as StatusLine & { event: string };
      if (event === "status") status = details;
      else counts.set(event, (counts.get(event) ?? 0) + 1);
    }
  });
  return { counts, status: () => status };
}
