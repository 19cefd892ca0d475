/** The daemon: opens source, checkpoints and pins, sends samples along their path, and closes all of it again. */
import { join } from "node:path";
import { type Config, sampleColumns } from "../config/config.ts";
import { originOf } from "../config/source-config.ts";
import type { ReconnectOptions } from "../config/sources/source-kind.ts";
import type { Gpio } from "../device/gpio/gpio.ts";
import type { Pulse } from "../device/watchdog.ts";
import type { RivuletError } from "../errors/errors.ts";
import { hasEffort, loweredEffort } from "../learner/effort.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { residentBytes } from "../machine/resident-memory.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import { History } from "../status/history.ts";
import { formatDuration } from "../wording/quantities.ts";
import { createButtons } from "./buttons.ts";
import { CheckpointSaver } from "./checkpoint-saver.ts";
import { createClockWatch } from "./clock-watch.ts";
import { type ConfiguredSource, configuredSource } from "./configured-source.ts";
import { continuedLearner } from "./continued-learner.ts";
import { createSamplePath } from "./create-sample-path.ts";
import type { DaemonStatus } from "./daemon-status.ts";
import { deviceReport } from "./device-report.ts";
import { checkEveryMs, createEffortWatch } from "./effort-watch.ts";
import { FieldStatistics } from "./field-statistics.ts";
import { timesAreCounted } from "./file-times.ts";
import type { LateLabels } from "./labels/late-labels.ts";
import type { Log } from "./log.ts";
import { Outputs } from "./outputs/outputs.ts";
import { createFileRateWatch, createRateWatch } from "./rate-watch.ts";
import { RecentEvents } from "./recent-events.ts";
import { notUnderstood, type Reception, receptionOf } from "./reception.ts";
import type { RunRecording } from "./run-recording.ts";
import type { SamplePath } from "./sample-path.ts";
import { SampleReader } from "./sample-reader.ts";
import type { Shown, StatusView } from "./status-view.ts";
import type { StatusWatch } from "./status-watch.ts";

export interface DaemonOptions extends ReconnectOptions {
  log: Log;
  /** File to record samples and events to; default: none. */
  recording?: string | null;
  /** Learners that observe the same samples, to compare with; they are not stored. */
  beside?: readonly PrequentialLearner[];
  /** Gives samples their times. Default: that of the process. */
  clock?: SteadyClock;
  /** Of Rivulet, as the status page shows it. */
  version?: string;
  /** Whether `view` will be called: then events and statistics of the fields are kept, as with a status server. */
  isWatched?: boolean;
}

/** Time between two readings of the scores, for their history. */
const historyEveryMs = 10_000;

/** Longest time in which predictions that are left are sent at the end. */
const longestFlushMs = 5000;

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
  readonly #recent = new RecentEvents();
  readonly #history: History;
  readonly #version: string;
  #historyAt = 0;
  #status: StatusWatch | null = null;
  #rate: ReturnType<typeof createRateWatch> | null = null;
  #checkTimer: NodeJS.Timeout | undefined;
  #historyTimer: NodeJS.Timeout | undefined;
  #gpio: Gpio | null = null;
  #saver: CheckpointSaver | null = null;
  readonly #recordingPath: string | null;
  #recording: RunRecording | null = null;
  /** Counts of the checkpoint that it continued from. */
  #before = { samples: 0, refused: 0, unanswered: 0, unlabelled: 0, skipped: 0, updates: 0, invalid: 0 };
  #stopping: Promise<string | null> | null = null;

  /** Plans and allocates everything. @throws RivuletError where the config names no source or its plan no budget fits */
  constructor(config: Config, options: DaemonOptions) {
    const { beside = [], clock = steadyClock, version = "", recording = null, ...others } = options;
    const { isWatched = false, ...reconnect } = others;
    const keepsEvents = isWatched || config.status !== null;
    const log = keepsEvents ? this.#recent.around(options.log) : options.log;
    const input = configuredSource(config, log, reconnect);
    const learner = continuedLearner(config, sampleColumns(config) as string[], log);
    const path = createSamplePath(config, { input, learner, beside, log, clock });
    const take = (values: Float64Array, offset: number) => path.take(values, offset);
    this.config = config;
    this.learner = learner;
    this.#history = new History(learner);
    this.place = input.place;
    this.ended = input.source.ended ?? new Promise(() => {});
    this.#log = log;
    this.#recordingPath = recording;
    this.#clock = clock;
    this.#version = version;
    this.#input = input;
    this.#path = path;
    if (keepsEvents) path.fieldStatistics = new FieldStatistics(input.fields.length);
    this.#reader = new SampleReader(input, take, clock);
  }

  /**
   * Continues from the newest valid checkpoint and opens source and pins.
   * @throws RivuletError where the folder or the port cannot be used, or the checkpoint has another configuration;
   *   nothing is left open then
   */
  async start(): Promise<void> {
    if (await timesAreCounted(this.config)) this.#path.countTime();
    const report = () => deviceReport(this.status());
    const saver = new CheckpointSaver(
      this.config,
      this.learner,
      this.#history,
      this.#log,
      this.#path,
      report,
    );
    this.#continuePause();
    this.#before = this.#counts();
    this.#path.stations.learnerWatch.begin();
    this.#path.stations.modelIntake?.begin();
    this.#restoreEffort();
    this.#path.stations.anomalyWatch?.begin();
    this.#saver = saver;
    try {
      await this.#startStatus(saver);
      await this.#openOutputs();
      await this.#record();
      this.#path.lookForModel();
      await this.#reader.open();
    } catch (error) {
      this.#saver = null;
      this.#status?.close();
      await this.#path.outputs?.close(0);
      saver.abandon();
      await this.#recording?.close();
      throw error;
    }
    this.#startHistory();
    saver.startSaving();
    this.#startChecks();
    await this.#openGpio(saver);
  }

  /** A pause goes on after a restart, unless nothing could end it any more. */
  #continuePause(): void {
    if (!this.#path.isPaused) return;
    const { gpio, status } = this.config;
    const { pauseLeftMs } = this.#path;
    const canEnd = pauseLeftMs !== null || status !== null || (gpio !== null && gpio.pause !== null);
    const until = pauseLeftMs === null ? "" : `, for another ${formatDuration(pauseLeftMs)}`;
    if (!canEnd) this.#path.isPaused = false;
    const text = canEnd
      ? `learning is paused, as it was at the end of the process before${until}: samples are predicted, and not learned from`
      : "learning was paused at the end of the process before, and goes on: the config has no pause button and no status page to end a pause";
    this.#log({ event: "pause", text, details: { paused: canEnd } });
  }

  /** A config that names an effort has it back, whatever the daemon stepped down to before. */
  #restoreEffort(): void {
    const { ensemble } = this.config;
    const lowered = loweredEffort(this.learner);
    if (ensemble === null || ensemble.stepsDown || lowered === null) return;
    this.#path.setEffort(ensemble.effort);
    this.#log({
      event: "effort",
      text: `learning had stepped down to effort ${lowered}: the config asks for ${ensemble.effort}, and has it again`,
      details: { from: lowered, to: ensemble.effort },
    });
  }

  /** Serves the status where the config asks for it, and loads the code for it only then. */
  async #startStatus(saver: CheckpointSaver): Promise<void> {
    if (this.config.status === null) return;
    const { startStatus } = await import("./status-watch.ts");
    this.#status = await startStatus(this.#shown(saver));
  }

  /** Opens what predictions go to, and loads the code for it only then. */
  async #openOutputs(): Promise<void> {
    const { predictions } = this.config;
    if (predictions === null && this.#status === null) return;
    const { openOutputs } = await import("./outputs/open-outputs.ts");
    const list = await openOutputs(this.config, this.#status?.server.events ?? null, this.#log);
    const { scores, anomalyWatch } = this.#path.stations;
    const rule = predictions?.alarm ?? null;
    this.#path.outputs = new Outputs(list, rule, this.learner, scores, anomalyWatch, this.#log);
  }

  #shown(saver: CheckpointSaver): Shown {
    return {
      daemon: this,
      path: this.#path,
      saver,
      history: this.#history,
      recent: this.#recent,
      fields: this.#input.fields,
      version: this.#version,
      log: this.#log,
    };
  }

  /** A view of the daemon, once it has been started with `isWatched`; loads the code for it only then. */
  async view(): Promise<StatusView> {
    const { createStatusView } = await import("./status-view.ts");
    return createStatusView(this.#shown(this.#saver as CheckpointSaver));
  }

  #startHistory(): void {
    this.#historyAt = this.#clock.now();
    this.#advanceHistory();
    this.#historyTimer = setInterval(() => this.#advanceHistory(), historyEveryMs);
  }

  /** Adds to the history what came since the last time. */
  #advanceHistory(): void {
    const { counts } = this.#input.decoder;
    const { driftWatch, validator } = this.#path.stations;
    const steady = this.#clock.now();
    const elapsed = steady - this.#historyAt;
    this.#historyAt = steady;
    const lost = counts.missing + counts.damaged + validator.skipped;
    const system = steady + this.#clock.systemAhead();
    this.#history.advance(system, elapsed, driftWatch.drifts, lost);
  }

  /** Where the status page is served; null where it is not. */
  get statusAddress() {
    return this.#status?.server.address ?? null;
  }

  /** Records from the first sample on, where that is asked for, and loads the code for it only then. */
  async #record(): Promise<void> {
    if (this.#recordingPath === null) return;
    const { recordRun } = await import("./run-recording.ts");
    this.#recording = recordRun(this.#recordingPath, this.config.name, this.#input, this.#path, this.#log);
  }

  /** Checks clock and rate every few seconds. */
  #startChecks(): void {
    const { source, decoder } = this.#input;
    const { rate, file } = this.config.source;
    const progress = () => {
      const { opens, losses } = source.counts;
      return { samples: decoder.counts.samples, breaks: opens + losses };
    };
    const sampleClock = this.#input.clock;
    if (rate !== null && file === null) this.#rate = createRateWatch(rate, this.#clock, progress, this.#log);
    else if (rate !== null && sampleClock !== null)
      this.#rate = createFileRateWatch(rate, sampleClock, this.#log);
    const checkClock = createClockWatch(this.#clock, this.#log);
    const checkEffort = this.#createEffortWatch();
    this.#checkTimer = setInterval(() => {
      checkClock();
      this.#endPause();
      this.#path.lookAtClock();
      this.#rate?.check();
      checkEffort?.();
    }, checkEveryMs);
  }

  #endPause(): void {
    if (!this.#path.endPauseIfOver()) return;
    const text = "the pause is over: learning continues";
    this.#log({ event: "pause", text, details: { paused: false } });
  }

  /** Null where the effort is not to change by itself, and where the sender waits until there is room. */
  #createEffortWatch(): (() => void) | null {
    const { learner, config } = this;
    const isPatient = originOf(config.source)?.kind.canWait ?? false;
    if (!hasEffort(learner) || !config.ensemble?.stepsDown || isPatient) return null;
    return createEffortWatch({
      ring: this.#input.ring,
      dropped: () => this.#reader.dropped,
      busyMs: this.#reader.busyMs,
      clock: this.#clock,
      isPaused: () => this.#path.isPaused,
      effort: () => learner.effort,
      setEffort: (effort) => this.#path.setEffort(effort),
      log: this.#log,
    });
  }

  /** Opens the pins where the config names any, and loads the code for them only then. Failures are logged and stop nothing. */
  async #openGpio(saver: CheckpointSaver): Promise<void> {
    if (this.config.gpio === null) return;
    const { openGpio } = await import("../device/gpio/gpio.ts");
    if (this.#stopping !== null) return;
    const { learner } = this;
    // A sample is lost with an update of a single network, not with that of one expert among others.
    const lostWithUpdate = hasEffort(learner) ? 0 : this.config.training.batchSize;
    this.#gpio = openGpio(this.config.gpio, join(saver.directory, "gpio.json"), {
      ...createButtons(this.#path, saver, this.#log),
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
    const { replies, lateLabels, learnerWatch } = this.#path.stations;
    this.#saver?.stopSaving();
    clearInterval(this.#checkTimer);
    clearInterval(this.#historyTimer);
    this.#gpio?.close();
    this.#path.boardAlarm = null;
    replies?.close();
    await this.#reader.close(withinMs);
    for (const decoder of this.#input.watched) decoder.stopWatching();
    lateLabels?.flush();
    // A short file ends before the next check.
    this.#rate?.check();
    onRead();
    this.#advanceHistory();
    this.learner.healOverflow?.();
    learnerWatch.observe();
    try {
      return this.#saver?.close() ?? null;
    } finally {
      await this.#path.outputs?.close(Math.min(withinMs / 2, longestFlushMs));
      this.#status?.close();
      await this.#recording?.close();
    }
  }

  /** Counts since learning began, maybe in an earlier process. */
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
      invalid: this.#path.stations.validator.skipped,
    };
  }

  status(): DaemonStatus {
    const { counts, memory } = this.learner;
    const { validator, driftWatch, replies, lateLabels, anomalyWatch, modelIntake } = this.#path.stations;
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
      sequence: this.#path.taken,
      unlabelled: now.unlabelled - before.unlabelled,
      labels: lateLabels && { ...lateLabels.counts },
      model: modelIntake?.status() ?? null,
      unmatched: decoded.unmatched ?? 0,
      rejected: now.invalid - before.invalid + now.refused - before.refused,
      faults: validator.report(),
      clock: this.#input.clock?.report() ?? null,
      glitches: this.learner.glitches.report(),
      recoveries: this.learner.recoveries,
      loweredEffort: loweredEffort(this.learner),
      rate: this.#rate?.status() ?? null,
      drifts: driftWatch.drifts,
      anomaly: anomalyWatch?.status() ?? null,
      dropped: this.#reader.dropped,
      unanswered: now.unanswered - before.unanswered,
      skippedSteps: now.skipped - before.skipped,
      updates: now.updates - before.updates,
      loss: counts.loss,
      scores: this.learner.report(),
      source: this.#input.state(),
      sourceTrouble: this.#input.trouble(),
      portLosses: received.losses,
      portFailures: received.failures ?? 0,
      bytes: received.bytes,
      replies: replies?.sent ?? 0,
      outputs: (this.#path.outputs?.list ?? []).map(({ name, sent, dropped }) => ({ name, sent, dropped })),
      droppedWrites: received.droppedWrites,
      checkpoints: this.#saver?.checkpoints ?? 0,
      checkpointBytes: this.#saver?.checkpointBytes ?? 0,
      checkpointEveryMs: this.#saver?.everyMs ?? 0,
      passedInPause: this.#path.passedInPause,
      paused: this.#path.isPaused,
      pauseLeftMs: this.#path.pauseLeftMs,
      residentBytes: residentBytes(),
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

  /** Takes labels that come late; null where the config keeps no samples for them. */
  get labels(): LateLabels | null {
    return this.#path.stations.lateLabels;
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
