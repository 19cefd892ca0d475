/** A board with everything that goes by time, made of the parts of a daemon, under a clock that may be wrong. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listCheckpoints } from "../../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { newestCheckpoint } from "../../../src/checkpoint/store.ts";
import { type Config, parseConfig } from "../../../src/config/config.ts";
import { configuredLearner } from "../../../src/config/configured-learner.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { CheckpointSaver } from "../../../src/daemon/checkpoint-saver.ts";
import { createClockWatch } from "../../../src/daemon/clock-watch.ts";
import { type ConfiguredSource, configuredSource } from "../../../src/daemon/configured-source.ts";
import { createSamplePath } from "../../../src/daemon/create-sample-path.ts";
import type { LogEntry } from "../../../src/daemon/log.ts";
import { LogLimit } from "../../../src/daemon/log-limit.ts";
import type { SamplePath } from "../../../src/daemon/sample-path.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";
import type { SteadyClock } from "../../../src/samples/sources/clock.ts";
import { History } from "../../../src/status/history.ts";
import type { WrongClock } from "./wrong-clock.ts";

export const stepMs = 600_000;
const keep = 3;
/** How long labels are waited for. */
const keepLabelsMs = 6 * 3_600_000;
const lateEvery = 7;
/** Steps after which a label comes that was missing. */
const lateBy = 4;

const configOf = (directory: string) => `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [x, y, label]
features:
  - window: { of: [x], size: 6, every: 10min, take: [mean, sd] }
  - standardize
sequence: { gap: 3h }
training: { effort: low }
target: { column: label, classes: 2 }
anomaly: { alarmsPerWeek: 2 }
timeZone: Europe/Vienna
labels: { keep: ${keepLabelsMs / 3_600_000}h, samples: 64 }
checkpoint: { directory: ${directory}, keep: ${keep} }
`;

/** What is lost with a process. */
interface Process {
  clock: SteadyClock;
  input: ConfiguredSource;
  learner: PrequentialLearner;
  path: SamplePath;
  history: History;
  saver: CheckpointSaver;
  limit: LogLimit;
  lookAtClock: () => void;
  historyAt: number;
}

export class ClockBoard {
  readonly directory = mkdtempSync(join(tmpdir(), "rivulet-clock-"));
  readonly problems: string[] = [];
  readonly entries: LogEntry[] = [];
  saves = 0;
  readonly #wrong: WrongClock;
  readonly #isNaive: boolean;
  readonly #config: Config;
  readonly #random = createRandom(5);
  readonly #log = (entry: LogEntry) => void this.entries.push(entry);
  #process: Process;
  #rows = 0;

  constructor(wrong: WrongClock, { isNaive = false } = {}) {
    this.#wrong = wrong;
    this.#isNaive = isNaive;
    this.#config = parseConfig(configOf(this.directory), "clock.yaml");
    this.#process = this.#start();
  }

  #start(): Process {
    const clock = this.#isNaive ? this.#wrong.naive() : this.#wrong.ofProcess();
    const input = configuredSource(this.#config, this.#log);
    const learner = configuredLearner(this.#config, ["x", "y", "label"]);
    const path = createSamplePath(this.#config, { input, learner, beside: [], log: this.#log, clock });
    const history = new History(learner);
    const saver = new CheckpointSaver(this.#config, learner, history, this.#log, path);
    history.advance(clock.now() + clock.systemAhead(), 0, path.stations.driftWatch.drifts, 0);
    const limit = new LogLimit({ clock });
    const lookAtClock = createClockWatch(clock, this.#log);
    return { clock, input, learner, path, saver, history, limit, lookAtClock, historyAt: clock.now() };
  }

  /** Takes a row; returns what the board answers. */
  async step(): Promise<readonly number[]> {
    this.#wrong.passed += stepMs;
    const { clock, input, learner, path, saver } = this.#process;
    const x = Math.sin(this.#rows / 23) + 0.1 * this.#random.uniform();
    const label = Number(x > 0);
    const isLate = this.#rows % lateEvery === 0;
    const line = Buffer.from(`${x},${this.#random.uniform()},${isLate ? "" : label}\n`);
    input.decoder.decode(line, 0, line.length, clock.now());
    const { ring } = input;
    for (; ring.length > 0; ring.release()) path.take(ring.values, ring.front());
    this.#rows++;
    this.#advance();
    this.#process.lookAtClock();
    path.lookAtClock();
    if (path.endPauseIfOver()) this.entries.push({ event: "pause", text: "over" });
    if (this.#rows % lateEvery === lateBy && !path.isPaused) this.#labelLate(label);
    if (this.#rows % 6 === 0 && (await saver.saveInPassing()) !== null) this.saves++;
    return [...learner.prediction];
  }

  /** Adds to the course of the scores what came since the last time. */
  #advance(): void {
    const { clock, history, path, historyAt } = this.#process;
    const now = clock.now();
    history.advance(now + clock.systemAhead(), now - historyAt, path.stations.driftWatch.drifts, 0);
    this.#process.historyAt = now;
  }

  /** Labels the latest two hours, by a program whose clock is that of the system. */
  #labelLate(label: number): void {
    const last = 2 * 3_600_000;
    this.#process.path.stations.lateLabels?.apply({ samples: { last }, label, id: null });
    this.#process.path.stations.lateLabels?.flush();
  }

  /** Labels the newest row by the time that the system shows; returns whether it found it. */
  labelsNewestByTime(): boolean {
    const { lateLabels } = this.#process.path.stations;
    const samples = { at: this.#wrong.systemMs };
    const outcome = lateLabels?.apply({ samples, label: 1, id: null });
    lateLabels?.flush();
    return outcome !== undefined && outcome.joined + outcome.corrected + outcome.repeated > 0;
  }

  /** The service ends and starts again, perhaps with a system clock that shows something else. */
  restart(setClock: () => void): void {
    const { saver, learner, path } = this.#process;
    this.#advance();
    if (saver.close() !== null) this.saves++;
    const before = { samples: learner.samplesSeen, taken: path.taken, scored: this.scored };
    setClock();
    this.#process = this.#start();
    const after = { samples: this.#process.learner.samplesSeen, taken: this.#process.path.taken };
    if (after.samples !== before.samples || after.taken !== before.taken)
      this.problems.push(
        `a restart went on from ${JSON.stringify(after)}, and ${JSON.stringify(before)} was saved`,
      );
  }

  pause(milliseconds: number): void {
    this.#process.path.pauseFor(milliseconds);
  }

  get isPaused(): boolean {
    return this.#process.path.isPaused;
  }

  /** Lines of one kind that the log takes at once. */
  burst(lines: number): number {
    let taken = 0;
    for (let i = 0; i < lines; i++) if (this.#process.limit.admit("port-waiting", 100) !== null) taken++;
    return taken;
  }

  get scored(): number {
    return this.#process.learner.report().samples;
  }

  /** Samples in the history of the last year, and steps of it that are drawn in the future. */
  course(): { samples: number; ahead: number } {
    this.#advance();
    const now = this.#wrong.systemMs;
    const { samples, time } = this.#process.history.columns(2, now);
    return {
      samples: samples.reduce((sum, count) => sum + count, 0),
      ahead: time.filter((seconds) => seconds > now / 1000 + 1).length,
    };
  }

  get anomalies() {
    return this.#process.path.stations.anomalyWatch?.status();
  }

  /** All that was learned, but for the times at which it was saved. */
  learned(): object {
    const { createdAt: _, ...learner } = checkpointOf(this.#process.learner);
    return structuredClone(learner);
  }

  /** Numbers of the checkpoints, oldest first, and that of the one that a start goes on from. */
  checkpoints(): { numbers: number[]; newest: number | undefined } {
    const numbers = listCheckpoints(this.directory).map(({ sequence }) => sequence);
    const found = newestCheckpoint(this.directory, decodeCheckpoint, (text) => this.problems.push(text));
    return { numbers, newest: found?.sequence };
  }

  end(): void {
    this.#process.saver.close();
    rmSync(this.directory, { recursive: true });
  }
}

export const keptCheckpoints = keep;
