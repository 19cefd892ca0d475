/** Hands each prediction to whoever takes it. */
import { type Alarm, type AlarmRule, createAlarm } from "../../device/alarm.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { classNamesOf } from "../../learner/target.ts";
import { countWas } from "../../wording/quantities.ts";
import type { AlarmScores } from "../alarm-scores.ts";
import type { AnomalyWatch } from "../anomaly-watch.ts";
import type { Log } from "../log.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

const hasInterval = (learner: object): learner is { lower: number; upper: number } => "lower" in learner;

const digits = 6;
const rounded = (value: number) => Number(value.toPrecision(digits));

export class Outputs {
  readonly list: PredictionOutput[];
  readonly #learner: PrequentialLearner;
  readonly #scores: AlarmScores;
  readonly #rule: AlarmRule | null;
  /** What `alarm` of a prediction tells; null where the config names none. */
  readonly alarm: Alarm | null;
  readonly #watch: AnomalyWatch | null;
  readonly #log: Log;

  constructor(
    list: PredictionOutput[],
    rule: AlarmRule | null,
    learner: PrequentialLearner,
    scores: AlarmScores,
    watch: AnomalyWatch | null,
    log: Log,
  ) {
    this.#watch = watch;
    this.list = list;
    this.#learner = learner;
    this.#scores = scores;
    this.#rule = rule;
    this.#log = log;
    this.alarm =
      rule === null
        ? null
        : createAlarm(rule, (active) => {
            log({
              event: "alarm",
              text: `the alarm of the predictions is ${active ? "on" : "off"}`,
              details: { active },
            });
          });
  }

  /**
   * To be called once a sample was predicted, and scored where it has its target. Allocates nothing while nobody takes
   * predictions.
   *
   * @param sequence number of the sample
   * @param times when it was measured, milliseconds since the epoch, at `at`. An array, so that V8 boxes no number
   */
  observe(sequence: number, times: Float64Array, at: number): void {
    const { list } = this;
    const rule = this.#rule;
    if (rule !== null) this.alarm?.observe(this.#scores.of(rule.subject));
    let isWanted = false;
    for (let i = 0; i < list.length; i++) if (list[i].isActive) isWanted = true;
    if (isWanted) this.#send(this.#record(sequence, times[at]));
  }

  #send(record: PredictionRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    for (const output of this.list) if (output.isActive) output.send(record, line);
  }

  #record(sequence: number, time: number): PredictionRecord {
    const { classes, prediction, predictedClass, isInformed } = this.#learner;
    const record: PredictionRecord = { sequence, time: new Date(time).toISOString(), prediction: null };
    if (isInformed && classes > 0) {
      record.prediction = predictedClass;
      const name = classNamesOf(this.#learner)?.[predictedClass];
      if (name !== undefined) record.class = name;
      record.score = rounded(prediction[predictedClass]);
      record.probabilities = Array.from(prediction, rounded);
    } else if (isInformed) {
      record.prediction = rounded(prediction[0]);
      if (hasInterval(this.#learner)) {
        record.lower = rounded(this.#learner.lower);
        record.upper = rounded(this.#learner.upper);
      }
      record.anomaly = rounded(this.#scores.error);
    }
    if (this.#watch !== null) addAnomaly(record, this.#watch);
    if (this.alarm !== null) record.alarm = this.alarm.active;
    return record;
  }

  /** Ends all of them, each with so much time to send what is left. */
  async close(withinMs: number): Promise<void> {
    this.alarm?.close();
    await Promise.all(this.list.map((output) => output.close(withinMs)));
    for (const { name, dropped } of this.list) {
      if (dropped === 0) continue;
      const text = `${countWas(dropped, "prediction")} left out on the way to ${name}, because the reader was slow or away`;
      this.#log({ event: "predictions-dropped", text, problem: true, details: { output: name, dropped } });
    }
  }
}

/** What is unusual about the sample. */
function addAnomaly(record: PredictionRecord, { detector, isOpen, episodes: [latest] }: AnomalyWatch): void {
  record.evidence = rounded(detector.evidence);
  record.threshold = rounded(detector.threshold);
  record.sustained = rounded(detector.sustained);
  record.alarm = isOpen;
  if (!isOpen || latest === undefined) return;
  const { number, column, since, seen, expected, text } = latest;
  record.episode = { number, column, since, seen: rounded(seen), expected: rounded(expected), text };
}
