/** A board whose hours pass as fast as they can be computed, made of the parts of a daemon. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { checkpointPath, listCheckpoints } from "../../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { newestCheckpoint } from "../../../src/checkpoint/store.ts";
import { type Config, parseConfig } from "../../../src/config/config.ts";
import { configuredLearner } from "../../../src/config/configured-learner.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../../src/continuing/resume.ts";
import { CheckpointSaver } from "../../../src/daemon/checkpoint-saver.ts";
import { type ConfiguredSource, configuredSource } from "../../../src/daemon/configured-source.ts";
import { createSamplePath } from "../../../src/daemon/create-sample-path.ts";
import { createPlainLog, type Log } from "../../../src/daemon/log.ts";
import { LogLimit } from "../../../src/daemon/log-limit.ts";
import type { SamplePath } from "../../../src/daemon/sample-path.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import type { State } from "../../../src/state.ts";
import { History } from "../../../src/status/history.ts";
import { readSyncRecord, sentCount, settleRecord, writeSyncRecord } from "../../../src/sync/sync-record.ts";
import type { Ballast } from "./ballast.ts";
import type { Hour } from "./calendar.ts";
import { withCounts } from "./with-counts.ts";

const framesAnHour = 20;
const hourMs = 3_600_000;
const msBetweenFrames = hourMs / framesAnHour;
/** Samples before the year, by whose number what counts samples is found in a checkpoint. */
const samplesBefore = 137;
const lostWithPort = 5;
/** Number of a checkpoint from which a year can be saved before the numbers are used up. */
const lateSequence = 10 ** 12 - 1e6;
const host = { to: "https://host.example/fleet", device: "barn" };

export interface YearOptions {
  /** Loses the newest checkpoint at each restart, as a store would that does not sync: what to expect of a proof is then known. */
  isCareless?: boolean;
  /** What the counters of samples begin with. */
  begin: number;
  keep: number;
  backlog: number;
}

const configOf = (directory: string, { keep, backlog }: YearOptions) => `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: frames
  fields:
    - { name: x, type: f32 }
    - { name: y, type: f32 }
    - { name: label, type: u8 }
target: { column: label, classes: 3 }
checkpoint: { directory: ${directory}, keep: ${keep} }
sync: { to: "${host.to}", device: ${host.device}, secretFile: /nowhere, backlog: ${backlog} }
`;

const fields = defineFields([
  { name: "x", type: "f32" },
  { name: "y", type: "f32" },
  { name: "label", type: "u8" },
]);

/** The process of a daemon: what is lost with it. */
interface Process {
  input: ConfiguredSource;
  learner: PrequentialLearner;
  path: SamplePath;
  saver: CheckpointSaver;
  history: History;
}

export class SimulatedBoard {
  readonly directory: string;
  readonly totals = {
    ...{ saves: 0, samples: 0, missing: 0, restarts: 0 },
    ...{ failures: 0, dropped: 0, logBytes: 0, diskBytes: 0 },
  };
  readonly #config: Config;
  readonly #log: Log;
  readonly #encoder = createFrameEncoder(fields);
  readonly #bytes: Uint8Array;
  readonly #random = createRandom(11);
  readonly #values = new Float64Array(3);
  /** Learns from the same samples, is never restarted, and has no disk. */
  readonly #reference: PrequentialLearner;
  readonly #begin: number;
  readonly #isCareless: boolean;
  readonly #problems: string[] = [];
  #process: Process;
  #frame = 65_500;
  /** What the device and the steady clock say, milliseconds; the clock of the device wraps in the first hours. */
  #deviceMs = 2 ** 32 - 2 * hourMs;
  #nowMs = Date.UTC(2026, 0, 1);
  readonly #clock = { now: () => this.#nowMs, systemAhead: () => 0 };
  #expectedMissing = 0;
  #sent = 0;
  /** Checkpoints that the first sync found, and all that were saved after it. */
  #saved = 0;

  constructor(directory: string, options: YearOptions) {
    this.directory = directory;
    this.#begin = options.begin;
    this.#isCareless = options.isCareless ?? false;
    this.#config = parseConfig(configOf(directory, options), "year.yaml");
    this.#bytes = new Uint8Array(this.#encoder.maximumBytes);
    const lines = {
      write: (text: string) => {
        this.totals.logBytes += Buffer.byteLength(text);
      },
    };
    this.#log = createPlainLog(lines, lines, {
      limit: new LogLimit({ clock: this.#clock }),
      environment: {},
    });
    this.#reference = this.#learner();
    this.#process = this.#startAt(options.begin);
  }

  #learner(): PrequentialLearner {
    return configuredLearner(this.#config, ["x", "y", "label"]);
  }

  #start(): Process {
    const input = configuredSource(this.#config, this.#log);
    const learner = this.#learner();
    const history = new History(learner);
    const path = createSamplePath(this.#config, {
      input,
      learner,
      beside: [],
      log: this.#log,
      clock: this.#clock,
    });
    const saver = new CheckpointSaver(this.#config, learner, history, this.#log, path);
    path.stations.learnerWatch.begin();
    return { input, learner, path, saver, history };
  }

  /** Starts from a checkpoint that says of itself to be of a learner that has seen so many samples. */
  #startAt(begin: number): Process {
    const first = this.#start();
    for (let i = 0; i < samplesBefore; i++) {
      const values = this.#nextValues();
      this.#reference.observe(values, 0);
      first.path.take(values, 0);
    }
    first.saver.close();
    if (begin === 0) return this.#start();
    const [file] = listCheckpoints(this.directory);
    const found = newestCheckpoint(this.directory, decodeCheckpoint, () => {})?.checkpoint;
    if (found === undefined) throw new Error(`${file.path} cannot be read`);
    const counting = withCounts(found as unknown as State, samplesBefore, begin) as unknown as typeof found;
    rmSync(file.path);
    const path = checkpointPath(this.directory, Math.min(begin, lateSequence));
    writeFileSync(path, Buffer.concat(encodeCheckpoint(counting)));
    resume(this.#reference, counting, "the reference");
    const started = this.#start();
    if (started.path.taken !== begin) this.#problems.push(`began at sample ${started.path.taken}`);
    return started;
  }

  /** Lets an hour pass. */
  async live(event: Hour, ballast: Ballast): Promise<void> {
    if (event.isDiskFull) ballast.fill();
    else ballast.remove();
    for (let i = 0; i < framesAnHour; i++) this.#passFrame(event, i);
    const { saver, history, path } = this.#process;
    history.advance(this.#nowMs, hourMs, path.stations.driftWatch.drifts, 0);
    if ((await saver.saveInPassing()) === null) this.totals.failures++;
    else {
      this.totals.saves++;
      this.#saved++;
    }
    if (event.isHostThere) this.#sync();
    if (event.restarts) this.#restart();
  }

  #passFrame({ losesPort, hasDamage }: Hour, index: number): void {
    const { input } = this.#process;
    this.#nowMs += msBetweenFrames;
    this.#deviceMs += msBetweenFrames;
    const values = this.#nextValues();
    const end = this.#encoder.encode(values, this.#frame++, this.#deviceMs, this.#bytes, 0);
    // What was sent while nobody listened cannot be counted.
    if (losesPort && index < lostWithPort) {
      if (index === 0) input.decoder.reset();
      return;
    }
    if (hasDamage && index === 4) {
      this.#bytes[5] ^= 0x10;
      this.#expectedMissing++;
    } else {
      this.#sent++;
      this.#reference.observe(values, 0);
    }
    input.decoder.decode(this.#bytes, 0, end, this.#nowMs);
    const { ring } = input;
    for (; ring.length > 0; ring.release()) this.#process.path.take(ring.values, ring.front());
  }

  /** Float32, as the wire carries them. */
  #nextValues(): Float64Array {
    const values = this.#values;
    values[0] = Math.fround(2 * this.#random.uniform() - 1);
    values[1] = Math.fround(2 * this.#random.uniform() - 1);
    values[2] = values[0] ** 2 + values[1] ** 2 < 0.25 ? 2 : Number(values[0] * values[1] > 0);
    return values;
  }

  /** What `rivulet sync` does to the folder, but for the network. */
  #sync(): void {
    const record = readSyncRecord(this.directory, host.to, host.device);
    const present = listCheckpoints(this.directory);
    if (record.counter === 0) this.#saved = present.length;
    settleRecord(record, present);
    for (const { sequence } of present) record.done[sequence] ??= "sent";
    record.counter++;
    try {
      writeSyncRecord(this.directory, record);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }

  #restart(): void {
    this.#settle();
    if (this.#process.saver.close() !== null) this.#saved++;
    if (this.#isCareless) rmSync(listCheckpoints(this.directory).at(-1)?.path ?? "");
    this.#process = this.#start();
    this.totals.restarts++;
  }

  #settle(): void {
    this.totals.missing += this.#process.input.decoder.counts.missing;
    this.totals.diskBytes += this.#process.saver.checkpointBytes;
  }

  end(): void {
    this.#settle();
    if (this.#process.saver.close() !== null) this.#saved++;
    this.#sync();
    this.totals.samples = this.#sent;
    this.totals.dropped = readSyncRecord(this.directory, host.to, host.device).dropped;
  }

  /** What does not add up at the end of the year. */
  problems(): string[] {
    const { path, learner } = this.#process;
    const taken = path.taken - this.#begin - (this.#begin === 0 ? samplesBefore : 0);
    const files = readdirSync(this.directory);
    const record = readSyncRecord(this.directory, host.to, host.device);
    const found = newestCheckpoint(this.directory, decodeCheckpoint, () => {})?.checkpoint;
    const claims: [string, boolean][] = [
      [`${taken} samples taken, ${this.#sent} sent whole`, taken === this.#sent],
      [
        `${this.totals.missing} frames missing, ${this.#expectedMissing} damaged`,
        this.totals.missing === this.#expectedMissing,
      ],
      ["the learner is not as one that only saw the samples", areEqual(learner, this.#reference)],
      [`${found?.samplesSeen} samples in the newest checkpoint`, found?.samplesSeen === learner.samplesSeen],
      [
        `${files.length} files are left: ${files.join(", ")}`,
        files.every((name) => /^(checkpoint-\d+\.msgpack|sync\.json)$/.test(name)),
      ],
      [
        `${sentCount(record)} checkpoints sent and ${record.dropped} deleted unsent of ${this.#saved}`,
        sentCount(record) + record.dropped === this.#saved,
      ],
    ];
    return [...this.#problems, ...claims.filter(([, holds]) => !holds).map(([claim]) => claim)];
  }
}

const areEqual = (one: PrequentialLearner, other: PrequentialLearner) => {
  const [{ createdAt: _, ...first }, { createdAt: __, ...second }] = [checkpointOf(one), checkpointOf(other)];
  return isDeepStrictEqual(first, second);
};
