/**
 * What happens to a sample, in order: record; watch for anomalies; validate; make features of it and its past, of which a
 * row may come out once in many samples; predict, score, learn; then drift, alarm, reply, and hold for a label that comes
 * later. `take` is called for each sample, the rest between two of them.
 */
import type { Alarm, AlarmSubject } from "../device/alarm.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Extraction } from "../features/extraction.ts";
import { type Effort, hasEffort } from "../learner/effort.ts";
import { hasRoom } from "../learner/outside-model.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { RecordedEvent } from "../recording/events.ts";
import type { SampleRing } from "../samples/ring.ts";
import type { SampleValidator } from "../samples/sample-validator.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import type { State, Stateful } from "../state.ts";
import { isCount } from "../state-check.ts";
import type { AlarmScores } from "./alarm-scores.ts";
import type { AnomalyWatch } from "./anomaly-watch.ts";
import type { DaemonMemory } from "./checkpoint-saver.ts";
import type { DriftWatch } from "./drift-watch.ts";
import type { FieldStatistics } from "./field-statistics.ts";
import type { LateLabels } from "./labels/late-labels.ts";
import type { LearnerWatch } from "./learner-watch.ts";
import type { IncomingModel, ModelIntake } from "./model-intake.ts";
import type { Outputs } from "./outputs/outputs.ts";
import { PauseEnd } from "./pause-end.ts";
import type { Replies } from "./replies.ts";
import type { WallClock } from "./wall-clock.ts";

/** The stations of a sample's way, as `create-sample-path.ts` builds them. */
export interface Stations {
  ring: SampleRing;
  validator: SampleValidator;
  learner: PrequentialLearner;
  /** Learners that observe the same samples, to compare with. */
  beside: readonly PrequentialLearner[];
  /** Null where the config does not watch for anomalies. */
  anomalyWatch: AnomalyWatch | null;
  driftWatch: DriftWatch;
  learnerWatch: LearnerWatch;
  scores: AlarmScores;
  /** What the alarm of the board is about; null where it has none. */
  alarmSubject: AlarmSubject | null;
  replies: Replies | null;
  /** Null where the config keeps no samples for labels that come later. */
  lateLabels: LateLabels | null;
  /** Null where no models are fetched from the host. */
  modelIntake: ModelIntake | null;
}

/** Records samples as they are taken, and what else changes what is learned. */
export interface Recorder {
  /** Records the sample at the front of the ring, at `offset` of `values`. Allocates nothing per sample. */
  sample(values: Float64Array, offset: number): void;
  event(event: RecordedEvent): void;
}

/** What of a config the way of a sample depends on. */
interface Wiring {
  /** Place of the target in a sample. */
  targetAt: number;
  /** Whether samples come with their target. */
  hasTarget: boolean;
  /** Whether a target is learned at all: where samples come without it, it comes later. */
  learnsTarget: boolean;
  /** Whether the config uses GPIO. */
  hasPins: boolean;
}

export class SamplePath implements DaemonMemory {
  /** Where samples and events are recorded; null where they are not. */
  recorder: Recorder | null = null;
  /** Samples that would have been learned from, had learning not been paused. */
  passedInPause = 0;
  /** Statistics of the fields, where somebody can look at them. */
  fieldStatistics: FieldStatistics | null = null;
  /** Samples taken since learning began, maybe by an earlier process: the number of the newest. */
  taken = 0;
  readonly stations: Readonly<Stations>;
  readonly #targetAt: number;
  /** Whether a sample brings its target; where not, labels come later. */
  readonly #hasTarget: boolean;
  readonly #learnsTarget: boolean;
  #hasTimes = true;
  /** Whether anything follows from a prediction: replies, or what is on the pins of the board. */
  readonly #isAnswered: boolean;
  /** Whether a drift was found that no alarm knows of yet. A label that comes between two samples may show it too. */
  #hasDrifted = false;
  /** What was learned besides samples: labels that came late, anomalies that were normal. */
  #late = 0;
  #isPaused = false;
  readonly #pauseEnd: PauseEnd;
  readonly #wallClock: WallClock;
  #boardAlarm: Alarm | null = null;
  #outputs: Outputs | null = null;
  /** Whether these alarms are to be on as soon as they are there: they were when their process ended, or let go of them. */
  readonly #resumed = { board: false, outputs: false };

  constructor(
    stations: Stations,
    { targetAt, hasTarget, learnsTarget, hasPins }: Wiring,
    { clock, wallClock }: { clock: SteadyClock; wallClock: WallClock },
  ) {
    this.stations = stations;
    this.#pauseEnd = new PauseEnd(clock);
    this.#wallClock = wallClock;
    wallClock.look();
    this.#setWallClock();
    this.#targetAt = targetAt;
    this.#hasTarget = hasTarget;
    this.#learnsTarget = learnsTarget;
    this.#isAnswered = hasPins || stations.replies !== null;
  }

  /** Takes the sample at the front of the ring, at `offset` of `values`, all the way. Allocates nothing. */
  take(values: Float64Array, offset: number): void {
    const { validator, learner } = this.stations;
    const { extraction } = learner;
    this.stations.lateLabels?.makeRoom();
    if (this.#wallClock.needsLook) this.lookAtClock();
    this.taken++;
    this.recorder?.sample(values, offset);
    // Before a policy replaces what is missing.
    if (extraction === null) this.#watch(values, offset);
    if (!validator.validate(values, offset)) return;
    if (this.fieldStatistics !== null) this.fieldStatistics.observe(values, offset);
    if (extraction === null) this.#takeRow(values, offset);
    else if (this.#makeFeatures(extraction, values, offset)) {
      this.#watch(extraction.row, 0);
      this.#takeRow(extraction.row, 0);
    }
  }

  /** A pause is for maintenance too: what happens then is not normal. */
  #watch(values: Float64Array, offset: number): void {
    const { anomalyWatch, ring } = this.stations;
    if (anomalyWatch === null || this.#isPaused) return;
    anomalyWatch.observe(values, offset, ring.measuredAt, ring.frontSlot);
  }

  /** Returns whether a row of features came out. Samples without times of their own are counted, by source.rate. */
  #makeFeatures(extraction: Extraction, values: Float64Array, offset: number): boolean {
    if (!this.#hasTimes) return extraction.push(values, offset);
    const { ring } = this.stations;
    return extraction.push(values, offset, ring.measuredAt, ring.frontSlot);
  }

  /** Takes a row that is learned from: the sample itself, or what came out of windows and the like. Allocates nothing. */
  #takeRow(values: Float64Array, offset: number): void {
    const { learner, lateLabels } = this.stations;
    learner.predictValidated(values, offset);
    const isLabelled = this.#hasTarget && learner.isLabelled(values, offset);
    let isKept = !this.#isPaused;
    if (this.#isPaused) this.#pass(isLabelled);
    else if (isLabelled) isKept = this.#learn(values, offset);
    else learner.passUnlabelled();
    if (this.#isAnswered || this.#outputs !== null) this.#answer(values, offset);
    if (isKept && lateLabels !== null) this.#hold(lateLabels, values, offset, isLabelled);
  }

  /** Scores the prediction of a sample by its target, and learns from it; returns false where the target is refused, or cannot be true. */
  #learn(values: Float64Array, offset: number): boolean {
    const { learner, driftWatch, learnerWatch, beside } = this.stations;
    let isLearned = false;
    if (learner.acceptsTarget(values, offset)) {
      isLearned = learner.learnValidated(values, offset);
      if (isLearned && driftWatch.observe(values, offset + this.#targetAt)) this.#hasDrifted = true;
      learnerWatch.observe();
      this.stations.modelIntake?.observe();
    }
    for (let i = 0; i < beside.length; i++) beside[i].observe(values, offset);
    return isLearned;
  }

  /** Nothing is learned in a pause, and a label that comes later is none for a sample of a pause. */
  #pass(isLabelled: boolean): void {
    this.stations.learner.skip?.();
    if (isLabelled || !this.#learnsTarget) this.passedInPause++;
    else this.stations.learner.unlabelled++;
  }

  /** Does what follows from a prediction: alarm and reply. */
  #answer(values: Float64Array, offset: number): void {
    const { ring, scores, alarmSubject, replies } = this.stations;
    scores.observe(values, offset, this.#hasDrifted);
    this.#hasDrifted = false;
    if (alarmSubject !== null) this.#boardAlarm?.observe(scores.of(alarmSubject));
    replies?.observe();
    this.#outputs?.observe(this.taken, ring.measuredAt, ring.frontSlot);
  }

  /** Keeps the sample for a label that comes later, or for a correction. */
  #hold(lateLabels: LateLabels, values: Float64Array, offset: number, isLabelled: boolean): void {
    const { ring } = this.stations;
    const time = ring.times[ring.frontSlot];
    if (isLabelled) lateLabels.hold(this.taken, time, values, offset + this.#targetAt);
    else lateLabels.hold(this.taken, time, noTarget, 0);
  }

  /** To be called once the sample with this number, one of earlier, was learned with the label `targets[at]`. */
  learnedLate(number: number, targets: Float64Array, at: number): void {
    this.recorder?.event({ kind: "label", after: this.taken, sample: number, label: targets[at] });
    this.#late++;
    if (this.stations.driftWatch.observe(targets, at)) this.#hasDrifted = true;
    this.stations.learnerWatch.observe();
    this.stations.modelIntake?.observe();
  }

  /** Takes the latest anomaly as normal, because somebody says so. Returns what to tell of it. */
  takeAsNormal(): { done: boolean; text: string } {
    const { anomalyWatch } = this.stations;
    if (anomalyWatch === null) return { done: false, text: "the config does not watch for anomalies" };
    const answer = anomalyWatch.takeAsNormal();
    if (answer.done) {
      this.recorder?.event({ kind: "normal", after: this.taken });
      this.#late++;
    }
    return answer;
  }

  /** Looks for a model from outside, and takes it in; to be called between two samples. */
  lookForModel(): void {
    // Worth a save: from the next checkpoint on, the model's file is not needed.
    if (this.stations.modelIntake?.look()) this.#late++;
  }

  /** Takes a model from the host in beside what the learner has. */
  takeModel({ model, version, digest, bytes }: IncomingModel): void {
    const { learner, lateLabels } = this.stations;
    if (!hasRoom(learner)) {
      throw new RivuletError(
        "argument.bad-value",
        "found no room for a model from outside in the learner, expected it to be planned with sync.models",
      );
    }
    // Labels that were accepted before are learned from before.
    lateLabels?.flush();
    learner.takeIn(model);
    this.recorder?.event({ kind: "model", after: this.taken, version, digest, bytes });
  }

  /** To be called once a checkpoint holds what was learned so far. */
  saved(): void {
    this.stations.modelIntake?.saved();
  }

  /** The learner goes on at another effort, up to that for which it was planned. */
  setEffort(effort: Effort): void {
    const { learner, lateLabels } = this.stations;
    if (!hasEffort(learner) || learner.effort === effort) return;
    // Labels that were accepted before are learned from before.
    lateLabels?.flush();
    learner.setEffort(effort);
    this.recorder?.event({ kind: "effort", after: this.taken, effort });
  }

  /** Whether samples are predicted and not learned from. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#pauseEnd.set(null);
    if (isPaused === this.#isPaused) return;
    // Labels that were accepted before are learned from before.
    this.stations.lateLabels?.flush();
    this.#isPaused = isPaused;
    this.recorder?.event({ kind: isPaused ? "pause" : "resume", after: this.taken });
  }

  /** Pauses learning for this many milliseconds, from now, after which it goes on by itself. */
  pauseFor(milliseconds: number): void {
    this.isPaused = true;
    this.#pauseEnd.set(milliseconds);
    // Worth a save, so that it is kept although no sample comes.
    this.#late++;
  }

  /** Milliseconds after which the pause ends by itself; null where there is none, or it does not. */
  get pauseLeftMs(): number | null {
    return this.#pauseEnd.leftMs;
  }

  /** Lets learning go on where the time of the pause is over; returns whether that is so. */
  endPauseIfOver(): boolean {
    if (!this.#isPaused || this.#pauseEnd.leftMs !== 0) return false;
    this.isPaused = false;
    return true;
  }

  /** Says that samples come as fast as they are read, so that their number tells the time; to be called before the first. */
  countTime(): void {
    this.#hasTimes = false;
    this.stations.anomalyWatch?.countTime();
  }

  /** Reads the wall clock; to be called now and then, as it may be set. */
  lookAtClock(): void {
    if (!this.#wallClock.look()) return;
    this.#setWallClock();
    this.recorder?.event(this.clockEvent());
  }

  #setWallClock(): void {
    const { known, earliestMs } = this.#wallClock;
    const { anomalyWatch, learner } = this.stations;
    anomalyWatch?.setWallClock(known, earliestMs);
    learner.extraction?.setWallClock(known, earliestMs);
  }

  /** What is known of the wall clock, for a recording: it decides what is learned of hours and days. */
  clockEvent(): RecordedEvent {
    const { known, earliestMs } = this.#wallClock;
    return { kind: "clock", after: this.taken, ahead: known, earliest: earliestMs };
  }

  /** The alarm of the board; null until its pins are open, and once they are closed. */
  get boardAlarm(): Alarm | null {
    return this.#boardAlarm;
  }

  set boardAlarm(alarm: Alarm | null) {
    if (alarm === null) this.#resumed.board = this.#isBoardAlarmOn;
    else if (this.#resumed.board) alarm.resume();
    this.#boardAlarm = alarm;
  }

  get #isBoardAlarmOn(): boolean {
    return this.#boardAlarm?.active ?? this.#resumed.board;
  }

  /** Where predictions go besides the device; null where nobody can ask for them. */
  get outputs(): Outputs | null {
    return this.#outputs;
  }

  set outputs(outputs: Outputs | null) {
    if (this.#resumed.outputs) outputs?.alarm?.resume();
    this.#outputs = outputs;
  }

  /** Grows with whatever is worth a save. */
  get progress(): number {
    return this.taken + this.#late;
  }

  state(): State {
    const { anomalyWatch, lateLabels, replies } = this.stations;
    return {
      taken: this.taken,
      labels: lateLabels?.state() ?? null,
      ...(anomalyWatch === null ? {} : { anomaly: anomalyWatch.state() }),
      ...Object.fromEntries(this.#remembering.map(([name, part]) => [name, part.state()])),
      isPaused: this.#isPaused,
      pauseLeft: this.#pauseEnd.state(),
      hasDrifted: this.#hasDrifted,
      alarms: {
        board: this.#isBoardAlarmOn,
        reply: replies?.alarm?.active ?? false,
        outputs: this.#outputs?.alarm?.active ?? false,
      },
    };
  }

  /** Stations whose state is needed to go on as if the daemon had not ended. */
  get #remembering(): [string, Stateful][] {
    const { validator, driftWatch, scores, modelIntake } = this.stations;
    return Object.entries({ validator, driftWatch, scores, ...(modelIntake && { model: modelIntake }) });
  }

  /**
   * Goes on from a stored state. What an earlier version did not store starts over.
   * @throws RivuletError where a part of it is of another daemon; that part, and those after it, start over
   */
  restore(given: State): void {
    const stored = (given ?? {}) as { [key: string]: State };
    const { taken, labels, alarms, anomaly } = stored;
    if (!isCount(taken)) {
      throw new RivuletError(
        "state.mismatch",
        "found no number of samples in the state of a daemon, expected one; restore another",
      );
    }
    this.taken = taken;
    this.#isPaused = stored["isPaused"] === true;
    this.#pauseEnd.restore(stored["pauseLeft"] ?? null);
    this.#hasDrifted = stored["hasDrifted"] === true;
    const { board, reply, outputs } = (alarms ?? {}) as { [key: string]: State };
    Object.assign(this.#resumed, { board: board === true, outputs: outputs === true });
    if (reply === true) this.stations.replies?.alarm?.resume();
    for (const [name, part] of this.#remembering) {
      if (stored[name] !== undefined) part.restore(stored[name]);
    }
    if (anomaly !== undefined) this.stations.anomalyWatch?.resume(anomaly);
    if (labels !== null && labels !== undefined) this.stations.lateLabels?.restore(labels);
  }
}

/** Of a sample whose target is not known. */
const noTarget = Float64Array.of(Number.NaN);
