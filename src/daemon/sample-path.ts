/** What happens to a sample, in order: validate, predict, score, learn, then drift, alarm, reply, hold. */
import { type Config, sampleColumns } from "../config/config.ts";
import type { Alarm, AlarmSubject } from "../device/alarm.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { SampleRing } from "../samples/ring.ts";
import { SampleValidator } from "../samples/sample-validator.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import { AlarmScores } from "./alarm-scores.ts";
import type { ConfiguredSource } from "./configured-source.ts";
import { DelayedLabels } from "./delayed-labels.ts";
import { DriftWatch } from "./drift-watch.ts";
import type { FieldStatistics } from "./field-statistics.ts";
import { LearnerWatch } from "./learner-watch.ts";
import type { Log } from "./log.ts";
import { createReplies, type Replies } from "./replies.ts";

/** The stations of a sample's way. */
interface Stations {
  ring: SampleRing;
  validator: SampleValidator;
  learner: PrequentialLearner;
  /** Learners that observe the same samples, to compare with. */
  beside: readonly PrequentialLearner[];
  driftWatch: DriftWatch;
  learnerWatch: LearnerWatch;
  scores: AlarmScores;
  /** What the alarm of the board is about; null where it has none. */
  alarmSubject: AlarmSubject | null;
  replies: Replies | null;
  delayedLabels: DelayedLabels | null;
}

export class SamplePath {
  /** Samples are predicted and not learned from. */
  isPaused = false;
  /** The alarm of the board, once its pins are open. */
  boardAlarm: Alarm | null = null;
  /** Samples that came with their target while learning was paused: predicted, and not learned from. */
  passedInPause = 0;
  /** Statistics of the fields, where somebody can look at them. */
  fieldStatistics: FieldStatistics | null = null;
  readonly stations: Readonly<Stations>;
  /** Whether a sample brings its target; where not, buttons label it later. */
  readonly #hasTarget: boolean;
  /** Whether anything follows from a prediction: replies, or what is on the pins of the board. */
  readonly #isAnswered: boolean;
  /** Predictions became worse since the last sample was taken. */
  #hasDrifted = false;

  constructor(stations: Stations, { hasTarget, hasPins }: { hasTarget: boolean; hasPins: boolean }) {
    this.stations = stations;
    this.#hasTarget = hasTarget;
    this.#isAnswered = hasPins || stations.replies !== null;
  }

  /** Takes the sample at the front of the ring, at `offset` of `values`, all the way. Allocates nothing. */
  take(values: Float64Array, offset: number): void {
    const { validator, learner } = this.stations;
    if (!validator.validate(values, offset)) return;
    if (this.fieldStatistics !== null) this.fieldStatistics.observe(values, offset);
    learner.predictValidated(values, offset);
    if (!this.#hasTarget || !learner.isLabelled(values, offset)) learner.unlabelled++;
    else if (this.isPaused) this.passedInPause++;
    else this.#learn(values, offset);
    if (this.#isAnswered) this.#answer(values, offset);
  }

  /** Takes a sample of earlier whose label has come now. Allocates nothing. */
  takeLabelled(values: Float64Array, offset: number): void {
    this.stations.learner.predictValidated(values, offset);
    this.#learn(values, offset);
  }

  /** Scores the prediction of a sample by its target, and learns from it. */
  #learn(values: Float64Array, offset: number): void {
    const { learner, driftWatch, learnerWatch, beside } = this.stations;
    if (learner.acceptsTarget(values, offset)) {
      const isLearned = learner.learnValidated(values, offset);
      if (isLearned && driftWatch.observe(values, offset)) this.#hasDrifted = true;
      learnerWatch.observe();
    }
    for (let i = 0; i < beside.length; i++) beside[i].observe(values, offset);
  }

  /** Does what follows from a prediction: alarm, reply, and holding the sample for a label that comes later. */
  #answer(values: Float64Array, offset: number): void {
    const { ring, scores, alarmSubject, replies, delayedLabels } = this.stations;
    scores.observe(values, offset, this.#hasDrifted);
    this.#hasDrifted = false;
    if (alarmSubject !== null) this.boardAlarm?.observe(scores.of(alarmSubject));
    replies?.observe();
    delayedLabels?.hold(values, offset, ring.width, ring.times[ring.frontSlot]);
  }
}

/** What a sample path is made of besides the config. */
interface Surroundings {
  input: ConfiguredSource;
  learner: PrequentialLearner;
  beside: readonly PrequentialLearner[];
  log: Log;
  clock: SteadyClock;
}

/** Builds the path of a config's samples. */
export function createSamplePath(
  config: Config,
  { input: { wayBack, ring, fields }, learner, beside, log, clock }: Surroundings,
): SamplePath {
  const columns = sampleColumns(config) as string[];
  const targetAt = columns.indexOf(config.target.column);
  const validator = new SampleValidator(fields, config.source.values, config.target.column, (change) => {
    const { text, isProblem, faults } = change;
    log({
      event: isProblem ? "values-wrong" : "values-right",
      text,
      problem: isProblem,
      details: { ...faults },
    });
  });
  const scores = new AlarmScores(learner, targetAt);
  const hasButtons = config.gpio !== null && config.gpio.labels.length > 0;
  const learnLabelled = (values: Float64Array, offset: number) => path.takeLabelled(values, offset);
  const stations: Stations = {
    ring,
    validator,
    learner,
    beside,
    driftWatch: new DriftWatch(learner, targetAt, log),
    learnerWatch: new LearnerWatch(learner, log),
    scores,
    alarmSubject: config.gpio?.alarm?.subject ?? null,
    replies: createReplies(config, wayBack, ring, learner, scores, log),
    delayedLabels: hasButtons ? new DelayedLabels(columns.length, targetAt, learnLabelled, clock) : null,
  };
  const hasTarget = columns.length === fields.length;
  const path = new SamplePath(stations, { hasTarget, hasPins: config.gpio !== null });
  return path;
}
