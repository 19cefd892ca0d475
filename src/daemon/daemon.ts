/**
 * The daemon: source, decoder, ring, learner and checkpoints wired together, from opening to the last checkpoint.
 */
import { join } from "node:path";
import { type Config, sampleColumns } from "../config/config.ts";
import { configuredLearner } from "../config/configured-learner.ts";
import type { ReconnectOptions } from "../config/sources/source-kind.ts";
import type { Gpio, LabelButtonConfig } from "../device/gpio/gpio.ts";
import type { Pulse } from "../device/watchdog.ts";
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { Learner } from "../learner/learner.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { Decoder } from "../samples/decoding/decoder.ts";
import type { SampleRing } from "../samples/ring.ts";
import { type FieldFaults, SampleValidator } from "../samples/sample-validator.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import type { Source, SourceState } from "../samples/sources/source.ts";
import { AlarmScores } from "./alarm-scores.ts";
import { CheckpointSaver } from "./checkpoint-saver.ts";
import { type ConfiguredSource, configuredSource } from "./configured-source.ts";
import { DriftWatch } from "./drift-watch.ts";
import { Intake } from "./intake.ts";
import { Labelling } from "./labelling.ts";
import type { Log } from "./log.ts";
import { createReplies, type Replies } from "./replies.ts";
import { createClockWatch, createRateWatch, lookEveryMs, type RateStatus } from "./watches.ts";

/** How the daemon stands: every count since the process began, the scores since learning began. */
export interface DaemonStatus {
  /** Samples that were learned from. */
  samples: number;
  /** Samples that the device numbered and that never arrived. */
  missing: number;
  /** Frames or lines that arrived damaged. */
  damaged: number;
  /**
   * Samples that arrived whole but were not learned from: skipped for a value that cannot be true, or of a class that
   * does not exist.
   */
  rejected: number;
  /** Samples of the first of several devices that no other one completed. */
  unmatched: number;
  /** Values that cannot be true, by field, of each that has had any; what became of them the policies say. */
  faults: FieldFaults[];
  /** Null where the config declares none. */
  rate: RateStatus | null;
  /** Times that predictions became worse than they were: what is measured may have changed. */
  drifts: number;
  /** Samples that the ring gave up because training fell behind. */
  dropped: number;
  /** Samples for which the network had no finite answer, scored on what is known without it. */
  unanswered: number;
  /** Steps left out because their loss or gradient was not finite. */
  skippedSteps: number;
  updates: number;
  /** Mean loss of the latest step. */
  loss: number;
  scores: ClassificationReport | RegressionReport;
  /** State of the source. */
  source: SourceState;
  portLosses: number;
  /** Attempts to open the source that failed. */
  portFailures: number;
  bytes: number;
  /** Predictions, scores and alarms that the device was sent. */
  replies: number;
  /** Replies that were dropped, because the device does not read, or not so fast, or is away. */
  droppedWrites: number;
  checkpoints: number;
  /** Bytes of all checkpoints that were saved. */
  checkpointBytes: number;
  /** Whether samples are predicted and not learned from, as a button has asked. */
  paused: boolean;
  residentBytes: number;
  arenaBytes: number;
}

export interface DaemonOptions extends ReconnectOptions {
  log: Log;
  /** Learners that are shown the same samples, to compare with; they are not stored. */
  beside?: readonly Learner[];
  /** Gives samples their times. Default: that of the process. */
  clock?: SteadyClock;
}

/** A daemon begins with `start` and ends with `stop`; both once. */
export class Daemon {
  readonly config: Config;
  readonly learner: Learner;
  /** Where its samples come from, in words. */
  readonly place: string;
  /** Resolves when the source has no more to come, rejects where the rest cannot be had: `stop` is due then. */
  readonly ended: Promise<void>;
  readonly #log: Log;
  readonly #source: Source;
  readonly #sourceState: ConfiguredSource["state"];
  readonly #decoder: Decoder;
  readonly #ring: SampleRing;
  readonly #intake: Intake;
  readonly #labelling: Labelling | null;
  readonly #validator: SampleValidator;
  readonly #driftWatch: DriftWatch;
  readonly #clock: SteadyClock;
  #rate: ReturnType<typeof createRateWatch> | null = null;
  #lookTimer: NodeJS.Timeout | null = null;
  readonly #replies: Replies | null;
  #gpio: Gpio | null = null;
  #paused = false;
  /** Samples that came while learning is paused, or that only a button can label. */
  #onlyPredicted = 0;
  #saver: CheckpointSaver | null = null;
  /** What the checkpoint that it continued from had counted already. */
  #inherited = { samples: 0, refused: 0, unanswered: 0, skipped: 0, updates: 0 };
  #stopping: Promise<string | null> | null = null;

  /** Plans and allocates everything. @throws RivuletError where the config names no source or its plan no budget fits */
  constructor(config: Config, { log, beside = [], clock = steadyClock, ...reconnect }: DaemonOptions) {
    const { source, wayBack, decoder, ring, fields, place, state } = configuredSource(config, log, reconnect);
    this.config = config;
    this.place = place;
    this.#log = log;
    this.#clock = clock;
    const columns = sampleColumns(config) as string[];
    this.learner = configuredLearner(config, columns);
    this.#source = source;
    this.#sourceState = state;
    this.ended = source.ended ?? new Promise(() => {});
    this.#decoder = decoder;
    this.#ring = ring;
    const learner = this.learner;
    const targetAt = columns.indexOf(config.target.column);
    const driftWatch = new DriftWatch(learner, targetAt, log);
    this.#driftWatch = driftWatch;
    const scores = new AlarmScores(learner, targetAt);
    let hasDrifted = false;
    const learn = (values: Float64Array, offset: number) => {
      const learned = learner.observe(values, offset);
      if (learned && driftWatch.observe(values, offset)) hasDrifted = true;
      for (let i = 0; i < beside.length; i++) beside[i].observe(values, offset);
      return learned;
    };
    this.#labelling =
      config.gpio === null || config.gpio.labels.length === 0
        ? null
        : new Labelling(columns.length, targetAt, learn, clock);
    this.#replies = createReplies(config, wayBack, ring, learner, scores, log);
    const labelling = this.#labelling;
    const replies = this.#replies;
    const needsPrediction = config.gpio !== null || replies !== null;
    const sendsTarget = columns.length === fields.length;
    const subject = config.gpio?.alarm?.subject;
    const validator = new SampleValidator(fields, config.source.values, config.target.column, (change) => {
      const { text, isProblem, faults } = change;
      log({
        event: isProblem ? "values-wrong" : "values-right",
        text,
        problem: isProblem,
        details: { ...faults },
      });
    });
    this.#validator = validator;
    const observe = (values: Float64Array, offset: number) => {
      if (!validator.validate(values, offset)) return;
      const isLearning = sendsTarget && !this.#paused;
      const learned = isLearning && learn(values, offset);
      if (!needsPrediction || !(learned || learner.predict(values, offset))) return;
      if (!isLearning) this.#onlyPredicted++;
      scores.observe(values, offset, hasDrifted);
      hasDrifted = false;
      if (subject !== undefined) this.#gpio?.alarm?.observe(scores.of(subject));
      replies?.observe();
      labelling?.hold(values, offset, ring.width, ring.times[ring.frontSlot]);
    };
    this.#intake = new Intake(this.#source, this.#decoder, ring, observe, clock);
  }

  /**
   * Continues from the newest valid checkpoint and opens the port.
   * @throws RivuletError where the folder or the port cannot be used, or the checkpoint is of another learner;
   *   nothing is left open then
   */
  async start(): Promise<void> {
    const saver = new CheckpointSaver(this.config, this.learner, this.#log);
    this.#inherited = this.#counted();
    this.#saver = saver;
    try {
      await this.#intake.open();
    } catch (error) {
      this.#saver = null;
      saver.abandon();
      throw error;
    }
    saver.saveEvery(this.config.checkpoint.everyMs);
    this.#beginLooking();
    await this.#openGpio(saver.directory);
  }

  #beginLooking(): void {
    const { rate } = this.config.source;
    const progress = () => {
      const { opens, losses } = this.#source.counts;
      return { samples: this.#decoder.counts.samples, breaks: opens + losses };
    };
    if (rate !== null) this.#rate = createRateWatch(rate, this.#clock, progress, this.#log);
    const lookAtClock = createClockWatch(this.#clock, this.#log);
    this.#lookTimer = setInterval(() => {
      lookAtClock();
      this.#rate?.look();
    }, lookEveryMs);
  }

  /** Loads what it takes only where the config asks for it. Whatever fails is told, and stops nothing. */
  async #openGpio(folder: string): Promise<void> {
    if (this.config.gpio === null) return;
    const { openGpio } = await import("../device/gpio/gpio.ts");
    if (this.#stopping !== null) return;
    const { batchSize } = this.config.training;
    const { learner } = this;
    this.#gpio = openGpio(this.config.gpio, join(folder, "gpio.json"), {
      tell: (event, text) => this.#log({ event, text, problem: event === "gpio-problem" }),
      learned: () => learner.samplesSeen - batchSize * learner.network.skipped,
      onLabel: (button) => this.#label(button),
      onPause: () => this.#togglePause(),
      onCheckpoint: () => void this.#saveOnRequest(),
    });
  }

  #label({ class: label, seconds }: LabelButtonConfig): void {
    if (this.#paused) {
      const text = `label button: learning is paused, and the last ${seconds} s are not labelled class ${label}`;
      this.#log({ event: "label", text, problem: true });
      return;
    }
    const samples = this.#labelling?.label(label, this.#clock.now() - 1000 * seconds) ?? 0;
    const text = `label button: ${samples} samples of the last ${seconds} s were class ${label}, and are learned as such`;
    this.#log({ event: "label", text, details: { label, seconds, labelled: samples } });
  }

  #togglePause(): void {
    this.#paused = !this.#paused;
    const text = this.#paused
      ? "pause button: samples are predicted, and not learned from until it is pressed again"
      : "pause button: learning goes on";
    this.#log({ event: "pause", text, details: { paused: this.#paused } });
  }

  async #saveOnRequest(): Promise<void> {
    const under = this.#saver?.isSaving === true;
    const path = (await this.#saver?.saveInPassing()) ?? null;
    const text = path !== null ? `saved ${path}` : under ? "a save is under way" : "nothing new was saved";
    this.#log({ event: "checkpoint", text: `checkpoint button: ${text}`, details: { path } });
  }

  /**
   * Closes the port, learns what had arrived, and saves. Gives the path of the last checkpoint, or null where nothing
   * new was learned. What cannot be learned in `withinMs` is dropped; default: nothing.
   * @throws RivuletError where it cannot be saved, and what was learned since the checkpoint before is lost
   */
  stop(withinMs = Number.POSITIVE_INFINITY): Promise<string | null> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  async #stop(withinMs: number): Promise<string | null> {
    this.#saver?.stopSaving();
    if (this.#lookTimer !== null) clearInterval(this.#lookTimer);
    this.#gpio?.close();
    this.#gpio = null;
    this.#replies?.close();
    await this.#intake.close(withinMs);
    this.#labelling?.flush();
    return this.#saver?.close() ?? null;
  }

  /** Counts of the learner since learning began, be it in an earlier process. */
  #counted() {
    const { network, refusals, samplesSeen, unanswered } = this.learner;
    const refused = refusals.notFinite + refusals.badLabel;
    return { samples: samplesSeen, refused, unanswered, skipped: network.skipped, updates: network.updates };
  }

  status(): DaemonStatus {
    const { network } = this.learner;
    const counted = this.#counted();
    const before = this.#inherited;
    // Once each: several devices are summed up.
    const decoded = this.#decoder.counts;
    const received = this.#source.counts;
    return {
      samples: counted.samples - before.samples,
      missing: decoded.missing,
      damaged: decoded.damaged,
      unmatched: decoded.unmatched ?? 0,
      rejected: this.#validator.skipped + counted.refused - before.refused,
      faults: this.#validator.report(),
      rate: this.#rate?.status() ?? null,
      drifts: this.#driftWatch.drifts,
      dropped: this.#ring.dropped,
      unanswered: counted.unanswered - before.unanswered,
      skippedSteps: counted.skipped - before.skipped,
      updates: counted.updates - before.updates,
      loss: network.loss,
      scores: this.learner.report(),
      source: this.#sourceState(),
      portLosses: received.losses,
      portFailures: received.failures ?? 0,
      bytes: received.bytes,
      replies: this.#replies?.sent ?? 0,
      droppedWrites: received.droppedWrites,
      checkpoints: this.#saver?.checkpoints ?? 0,
      checkpointBytes: this.#saver?.checkpointBytes ?? 0,
      paused: this.#paused,
      residentBytes: process.memoryUsage.rss(),
      arenaBytes: network.plan.totalBytes,
    };
  }

  /** For a watchdog. */
  pulse(): Pulse {
    const { bytes, looks } = this.#source.counts;
    const handled = this.learner.samplesSeen + this.#onlyPredicted + this.#validator.skipped;
    return { handled, bytes, looks, queued: this.#ring.length };
  }
}
