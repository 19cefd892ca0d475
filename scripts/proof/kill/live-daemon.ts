/** A daemon that is fed rows and told labels at exact places in its stream, until it is killed or stopped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Checkpoint } from "../../../src/checkpoint/format.ts";
import { type Card, type Running, start } from "./killing.ts";
import type { Wire } from "./wires.ts";

/** Rows after which labels that came late are told, and learned from before the next row. */
export const rowsBetween = 50;
/** Without any progress for so long a daemon hangs. */
const patienceMs = 30_000;
const unlabelledEvery = 5;

/** Rows for a daemon. */
export interface Stream {
  /** The values of the row with this index, counted from 0. */
  row(index: number): number[];
  /** Whether some rows come without their class, which is sent later. */
  hasLateLabels: boolean;
}

/** Rows that always are the same: two features, a time in milliseconds, and a class that follows from them. */
export function makeStream(hasLateLabels: boolean): Stream {
  return {
    hasLateLabels,
    row(index) {
      const a = ((index * 7919) % 1000) / 500 - 1;
      const b = Math.sin(index / 9);
      const isLate = hasLateLabels && index % unlabelledEvery === 0;
      return [a, b, 1_700_000_000_000 + 1000 * index, isLate ? Number.NaN : classOf(index)];
    },
  };
}

const classOf = (index: number) => {
  const sum = ((index * 7919) % 1000) / 500 - 1 + Math.sin(index / 9);
  return sum > 0.5 ? 2 : Number(sum > -0.5);
};

/** A row of status, or of the log. */
interface Line {
  event?: string;
  path?: string;
  text?: string;
  samplesSeen?: number;
  samples?: number;
  checkpoints?: number;
}

/** Rows of a daemon and what it answered to them. */
export class LiveDaemon {
  readonly running: Running;
  /** Predictions by the number of their sample, as they were printed but for the time. */
  readonly predictions = new Map<number, string>();
  /** Checkpoint from which it reports to continue; null if it starts without one, undefined before its report. */
  resumedFrom: string | null | undefined;
  /** What it said that should not be. */
  readonly complaints: string[] = [];
  /** Saves that it reported. */
  saved = 0;
  isOpen = false;
  hasEnded = false;
  #learnedBefore = 0;
  #learned = 0;
  readonly #wire: Wire;
  readonly #stream: Stream;
  readonly #folder: string;
  readonly #port: number;

  constructor(folder: string, wire: Wire, stream: Stream, port: number, card: Card) {
    this.#wire = wire;
    this.#stream = stream;
    this.#folder = folder;
    this.#port = port;
    wire.begin();
    const words = ["run", "c.yaml", "--json", "--status-every", "20ms", "--record", "run.rec"];
    this.running = start(words, folder, card);
    const { stdout, stderr } = this.running.child;
    for (const stream of [stdout, stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
    void this.running.ended.then(() => {
      this.hasEnded = true;
    });
  }

  #read(line: string): void {
    let parsed: Line & { sequence?: number; time?: string };
    try {
      parsed = JSON.parse(line);
    } catch {
      // The kill may cut a line off.
      if (line.endsWith("}")) this.complaints.push(line);
      return;
    }
    const { event, text = "", path, samplesSeen = 0, samples = 0, checkpoints = 0 } = parsed;
    if (event === undefined) {
      const { sequence = 0, time: _, ...answer } = parsed;
      this.predictions.set(sequence, JSON.stringify(answer));
    } else if (event === "begin") this.resumedFrom = null;
    else if (event === "resume") [this.resumedFrom, this.#learnedBefore] = [path ?? null, samplesSeen];
    else if (event === "status") [this.#learned, this.saved] = [samples, checkpoints];
    else if (event.endsWith("-open")) this.isOpen = true;
    else if (/refused|lost|fails|problem/.test(event)) this.complaints.push(text);
  }

  /** Waits; returns whether it came to that before the process ended. @throws Error where it hangs */
  async until(condition: () => boolean): Promise<boolean> {
    for (const from = performance.now(); !condition(); await pause(1)) {
      if (this.hasEnded) return condition();
      if (performance.now() - from > patienceMs) {
        this.running.child.kill("SIGKILL");
        throw new Error(`the daemon hangs before ${condition}: ${this.running.printed().slice(-2000)}`);
      }
    }
    return true;
  }

  /** Feeds rows from the given index on up to another, and the labels that are due; ends with the process. */
  async feed(from: number, to: number): Promise<void> {
    if (!(await this.until(() => this.isOpen))) return;
    if (from % rowsBetween === 0 && from > 0 && !(await this.#tellLabels(from))) return;
    for (let at = from; at < to && !this.hasEnded; ) {
      const end = Math.min(to, at - (at % rowsBetween) + rowsBetween);
      const rows = Array.from({ length: end - at }, (_, index) => this.#stream.row(at + index));
      await this.#wire.send(rows, at, this.running.child);
      at = end;
      if (!(await this.until(() => this.predictions.has(end)))) return;
      if (end % rowsBetween === 0 && !(await this.#tellLabels(end))) return;
    }
  }

  /** Tells the classes of the latest rows, and waits until all rows up to there are learned from. */
  async #tellLabels(end: number): Promise<boolean> {
    if (!this.#stream.hasLateLabels) return true;
    const labels: string[] = [];
    for (let index = end - rowsBetween; index < end; index++) {
      if (index % unlabelledEvery !== 0) continue;
      // With an id it may be told again: the checkpoint may or may not know it.
      labels.push(JSON.stringify({ sequence: index + 1, label: classOf(index), id: `${index}` }));
    }
    const token = readFileSync(join(this.#folder, "saved/status-token"), "utf8").trim();
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/labels`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: labels.join("\n"),
      });
      if (!answer.ok) this.complaints.push(`labels were refused: ${await answer.text()}`);
    } catch {
      return false; // it was killed meanwhile
    }
    return this.until(() => this.#learnedBefore + this.#learned >= end);
  }
}

/** Index of the row that follows what a checkpoint has taken; 0 for none. */
export function takenBy(checkpoint: Checkpoint | undefined): number {
  return Number((checkpoint?.daemonState as { taken?: number } | undefined)?.taken ?? 0);
}
