/** The daemon: opens source, checkpoints and pins, sends samples along their path, and closes all of it again. */
import { join } from "node:path";
import { type Config, sampleColumns } from "../config/config.ts";
import type { ReconnectOptions } from "../config/sources/source-kind.ts";
import type { Gpio } from "../device/gpio/gpio.ts";
import type { Pulse } from "../device/watchdog.ts";
import type { RivuletError } from "../errors/errors.ts";
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import { Ensemble, type EnsembleReport } from "../learner/ensemble.ts";
import type { Glitch } from "../learner/glitches.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { FieldFaults } from "../samples/sample-validator.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import type { SourceState } from "../samples/sources/source.ts";
import { createButtons } from "./buttons.ts";
import { CheckpointSaver } from "./checkpoint-saver.ts";
import { type ConfiguredSource, configuredSource } from "./configured-source.ts";
import { continuedLearner } from "./continued-learner.ts";
import type { Log } from "./log.ts";
import { notUnderstood, type Reception, receptionOf } from "./reception.ts";
import { createSamplePath, type SamplePath } from "./sample-path.ts";
import { SampleReader } from "./sample-reader.ts";
import { checkEveryMs, createClockWatch, createRateWatch, type RateStatus } from "./watches.ts";

/** State of the daemon: counts since the process began, scores since learning began. */
export interface DaemonStatus {
  /** Samples that were learned from. */
  samples: number;
  /** Samples that the device numbered and that never arrived. */
  missing: number;
  /** Frames or lines that arrived damaged. */
  damaged: number;
  /** The same by reason, with those whose values are not finite where these are refused at once. */
  refused: Record<string, number>;
  /** Bytes since the latest end of a frame or line, where these are more than a whole one can have; else 0. */
  unfinishedBytes: number;
  /**
   * Samples that arrived whole but were not learned from: skipped for a value that cannot be true, or of a class that
   * does not exist.
   */
  rejected: number;
  /** Samples that came without their target: predicted, and not learned from unless a button labels them. */
  unlabelled: number;
  /** Samples of the first of several devices that no other one completed. */
  unmatched: number;
  /** Values that cannot be true, of each field that has had any; the policies of source.values say what became of them. */
  faults: FieldFaults[];
  /** Values that no declared range excludes and that cannot be true beside the others of their field, since learning began. */
  glitches: Glitch[];
  /** Null where the config declares none. */
  rate: RateStatus | null;
  /** Times that predictions became worse than they were: what is measured may have changed. */
  drifts: number;
  /** Samples that the ring discarded because training fell behind. */
  dropped: number;
  /** Samples for which the network had no finite answer, scored on what is known without it. */
  unanswered: number;
  /** Steps left out because their loss or gradient was not finite. */
  skippedSteps: number;
  updates: number;
  /** Mean loss of the latest step. */
  loss: number;
  /** Those of an ensemble stand beside its baselines and its experts. */
  scores: ClassificationReport | RegressionReport | EnsembleReport;
  source: SourceState;
  /** Times that the source was lost. */
  portLosses: number;
  /** Attempts to open the source that failed. */
  portFailures: number;
  /** Bytes that the source received. */
  bytes: number;
  /** Predictions, scores and alarms that were sent to the device. */
  replies: number;
  /** Replies that were dropped, because the device is away or does not read them fast enough. */
  droppedWrites: number;
  checkpoints: number;
  /** Bytes of all checkpoints that were saved. */
  checkpointBytes: number;
  /** Milliseconds from one save to the next. */
  checkpointEveryMs: number;
  /** Whether a button has paused learning: samples are predicted and not learned from. */
  paused: boolean;
  residentBytes: number;
  arenaBytes: number;
}

export interface DaemonOptions extends ReconnectOptions {
  log: Log;
  /** Learners that observe the same samples, to compare with; they are not stored. */
  beside?: readonly PrequentialLearner[];
  /** Gives samples their times. Default: that of the process. */
  clock?: SteadyClock;
}

/** A daemon begins with `start` and ends with `stop`; both once. */
export class Daemon {
  readonly config: Config;
  readonly learner: PrequentialLearner;
  /** Where its samples come from, in words. */
  readonly place: string;
  /** Resolves at the end of the source, rejects where the rest cannot be read; then `stop` is due. */
  readonly ended: Promise<void>;
  readonly #log: Log;
  readonly #clock: SteadyClock;
  readonly #input: ConfiguredSource;
  readonly #reader: SampleReader;
  readonly #path: SamplePath;
  #rate: ReturnType<typeof createRateWatch> | null = null;
  #checkTimer: NodeJS.Timeout | undefined;
  #gpio: Gpio | null = null;
  #saver: CheckpointSaver | null = null;
  /** Counts of the checkpoint that it continued from. */
  #before = { samples: 0, refused: 0, unanswered: 0, unlabelled: 0, skipped: 0, updates: 0 };
  #stopping: Promise<string | null> | null = null;

  /** Plans and allocates everything. @throws RivuletError where the config names no source or its plan no budget fits */
  constructor(config: Config, { log, beside = [], clock = steadyClock, ...reconnect }: DaemonOptions) {
    const input = configuredSource(config, log, reconnect);
    const learner = continuedLearner(config, sampleColumns(config) as string[], log);
    const path = createSamplePath(config, { input, learner, beside, log, clock });
    const take = (values: Float64Array, offset: number) => path.take(values, offset);
    this.config = config;
    this.learner = learner;
    this.place = input.place;
    this.ended = input.source.ended ?? new Promise(() => {});
    this.#log = log;
    this.#clock = clock;
    this.#input = input;
    this.#path = path;
    this.#reader = new SampleReader(input.source, input.decoder, input.ring, take, clock);
  }

  /**
   * Continues from the newest valid checkpoint and opens source and pins.
   * @throws RivuletError where the folder or the port cannot be used, or the checkpoint has another configuration;
   *   nothing is left open then
   */
  async start(): Promise<void> {
    const saver = new CheckpointSaver(this.config, this.learner, this.#log);
    this.#before = this.#counts();
    this.#path.stations.learnerWatch.begin();
    this.#saver = saver;
    try {
      await this.#reader.open();
    } catch (error) {
      this.#saver = null;
      saver.abandon();
      throw error;
    }
    saver.startSaving();
    this.#startChecks();
    await this.#openGpio(saver);
  }

  /** Checks clock and rate every few seconds. */
  #startChecks(): void {
    const { source, decoder } = this.#input;
    const { rate } = this.config.source;
    const progress = () => {
      const { opens, losses } = source.counts;
      return { samples: decoder.counts.samples, breaks: opens + losses };
    };
    if (rate !== null) this.#rate = createRateWatch(rate, this.#clock, progress, this.#log);
    const checkClock = createClockWatch(this.#clock, this.#log);
    this.#checkTimer = setInterval(() => {
      checkClock();
      this.#rate?.check();
    }, checkEveryMs);
  }

  /** Opens the pins where the config names any, and loads the code for them only then. Failures are logged and stop nothing. */
  async #openGpio(saver: CheckpointSaver): Promise<void> {
    if (this.config.gpio === null) return;
    const { openGpio } = await import("../device/gpio/gpio.ts");
    if (this.#stopping !== null) return;
    const { learner } = this;
    // A sample is lost with an update of a single network, not with that of one expert among others.
    const lostWithUpdate = learner instanceof Ensemble ? 0 : this.config.training.batchSize;
    this.#gpio = openGpio(this.config.gpio, join(saver.directory, "gpio.json"), {
      ...createButtons(this.#path, saver, this.#clock, this.#log),
      tell: (event, text) => this.#log({ event, text, problem: event === "gpio-problem" }),
      learned: () => learner.samplesSeen - lostWithUpdate * learner.counts.skipped,
    });
    this.#path.boardAlarm = this.#gpio?.alarm ?? null;
  }

  /**
   * Closes the source, learns from what had arrived, and saves. Returns the path of the last checkpoint, or null where
   * nothing new was learned. Samples that cannot be learned from in `withinMs` are dropped; default: none.
   * `onRead` is called once all is learned, before it is saved.
   * @throws RivuletError where it cannot be saved, and what was learned since the checkpoint before is lost
   */
  stop(withinMs = Number.POSITIVE_INFINITY, onRead = () => {}): Promise<string | null> {
    this.#stopping ??= this.#stop(withinMs, onRead);
    return this.#stopping;
  }

  async #stop(withinMs: number, onRead: () => void): Promise<string | null> {
    const { replies, delayedLabels } = this.#path.stations;
    this.#saver?.stopSaving();
    clearInterval(this.#checkTimer);
    this.#gpio?.close();
    this.#path.boardAlarm = null;
    replies?.close();
    await this.#reader.close(withinMs);
    for (const decoder of this.#input.watched) decoder.stopWatching();
    delayedLabels?.flush();
    onRead();
    return this.#saver?.close() ?? null;
  }

  /** Counts of the learner since learning began, maybe in an earlier process. */
  #counts() {
    const { counts, refusals, samplesSeen: samples, unanswered, unlabelled } = this.learner;
    const { skipped, updates } = counts;
    return {
      samples,
      refused: refusals.notFinite + refusals.badLabel,
      unanswered,
      unlabelled,
      skipped,
      updates,
    };
  }

  status(): DaemonStatus {
    const { counts, memory } = this.learner;
    const { validator, driftWatch, replies } = this.#path.stations;
    const before = this.#before;
    const now = this.#counts();
    // Read once each: those of several devices are sums.
    const decoded = this.#input.decoder.counts;
    const received = this.#input.source.counts;
    const { refused, unfinishedBytes } = this.reception();
    return {
      samples: now.samples - before.samples,
      missing: decoded.missing,
      damaged: decoded.damaged,
      refused,
      unfinishedBytes,
      unlabelled: now.unlabelled - before.unlabelled,
      unmatched: decoded.unmatched ?? 0,
      rejected: validator.skipped + now.refused - before.refused,
      faults: validator.report(),
      glitches: this.learner.glitches.report(),
      rate: this.#rate?.status() ?? null,
      drifts: driftWatch.drifts,
      dropped: this.#input.ring.dropped,
      unanswered: now.unanswered - before.unanswered,
      skippedSteps: now.skipped - before.skipped,
      updates: now.updates - before.updates,
      loss: counts.loss,
      scores: this.learner.report(),
      source: this.#input.state(),
      portLosses: received.losses,
      portFailures: received.failures ?? 0,
      bytes: received.bytes,
      replies: replies?.sent ?? 0,
      droppedWrites: received.droppedWrites,
      checkpoints: this.#saver?.checkpoints ?? 0,
      checkpointBytes: this.#saver?.checkpointBytes ?? 0,
      checkpointEveryMs: this.#saver?.everyMs ?? 0,
      paused: this.#path.isPaused,
      residentBytes: process.memoryUsage.rss(),
      arenaBytes: memory.bytes,
    };
  }

  /** What came of the bytes received. */
  reception(): Reception {
    return receptionOf(this.#input);
  }

  /** Why no sample came of the bytes received, once reading is over; null where one did. `hasEnded`: no more will come. */
  notUnderstood(hasEnded: boolean): Promise<RivuletError | null> {
    return notUnderstood(this.#input, hasEnded);
  }

  /** Progress counters for a watchdog. */
  pulse(): Pulse {
    const { bytes, looks } = this.#input.source.counts;
    const { passedInPause, stations } = this.#path;
    const { samplesSeen, unlabelled } = this.learner;
    const handled = samplesSeen + unlabelled + passedInPause + stations.validator.skipped;
    return { handled, bytes, looks, queued: this.#input.ring.length };
  }
}
