/** Sends predictions, scores and alarms to the device. */

import type { Config } from "../config/config.ts";
import type { ReplyConfig } from "../config/reply-config.ts";
import { type Alarm, type AlarmSubject, createAlarm, subjectText } from "../device/alarm.ts";
import { ClassificationMetrics } from "../learner/classification-metrics.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { namesIn } from "../learner/target.ts";
import { type ReplyEncoder, type ReplyKind, replyAt } from "../samples/decoding/replies.ts";
import { framings } from "../samples/framings/framings.ts";
import type { SampleRing } from "../samples/ring.ts";
import type { Source } from "../samples/sources/source.ts";
import type { AlarmScores } from "./alarm-scores.ts";
import type { Log } from "./log.ts";

/** What is sent at intervals: places in the list of times. */
const prediction = 0;
const score = 1;

/** A source with a way back. */
type Line = Source & Required<Pick<Source, "write">>;

/** Replies to the device that `source` leads to; null where the config asks for none, or no source leads back. */
export function createReplies(
  { source: config, target }: Config,
  source: Source,
  ring: SampleRing,
  learner: PrequentialLearner,
  scores: AlarmScores,
  log: Log,
): Replies | null {
  const { reply, merge } = config;
  if (reply === null || !leadsBack(source)) return null;
  // Of several devices, the first receives the replies.
  const choice = merge?.[0] ?? config;
  const naming = { ofClasses: learner.classes > 0, classNames: namesIn(target ?? {}).names };
  const encoder = framings[choice.framing].createReplyEncoder({ ...choice, ...naming });
  return new Replies(reply, source, ring, learner, scores, encoder, log);
}

const leadsBack = (source: Source): source is Line => source.write !== undefined;

export class Replies {
  /** Replies that the source took. */
  sent = 0;
  readonly #config: ReplyConfig;
  readonly #source: Line;
  readonly #ring: SampleRing;
  readonly #learner: PrequentialLearner;
  readonly #scores: AlarmScores;
  readonly #encoder: ReplyEncoder;
  /** The alarm whose state is sent to the device; null where none is. */
  readonly alarm: Alarm | null;
  readonly #subject: AlarmSubject;
  /** Alarm state that the device received last; null if unknown. */
  #told: boolean | null = null;
  /** The connection, counted from 1, that all this is about. */
  #connection = 0;
  /** Times of the latest prediction and score, milliseconds since the epoch, [2]. */
  readonly #sentAt = new Float64Array(2);
  readonly #intervals: Float64Array;
  #isClosed = false;

  constructor(
    config: ReplyConfig,
    source: Line,
    ring: SampleRing,
    learner: PrequentialLearner,
    scores: AlarmScores,
    encoder: ReplyEncoder,
    log: Log,
  ) {
    this.#config = config;
    this.#source = source;
    this.#ring = ring;
    this.#learner = learner;
    this.#scores = scores;
    this.#encoder = encoder;
    this.#intervals = Float64Array.of(config.everyMs, config.scoreEveryMs);
    const { alarm } = config;
    this.#subject = alarm?.subject ?? { of: "class", class: 0 };
    this.alarm =
      alarm &&
      createAlarm(alarm, (active) => {
        const text = `the device is told that the alarm for ${subjectText(alarm.subject)} is ${active ? "on" : "off"}`;
        log({ event: "alarm-reply", text, details: { ...alarm.subject, active } });
        this.#sendAlarm(active);
      });
  }

  /** Answers the sample at the ring's front, which the learner has predicted just now. Allocates nothing. */
  observe(): void {
    if (this.#isClosed) return;
    const { content } = this.#encoder;
    const ring = this.#ring;
    if (this.#connection !== this.#source.counts.opens) this.#begin();
    content[replyAt.sequence] = ring.sequences[ring.frontSlot];
    content[replyAt.milliseconds] = ring.deviceTimes[ring.frontSlot];
    const { alarm } = this;
    if (alarm !== null) {
      const isUntold = this.#told !== alarm.active;
      alarm.observe(this.#scores.of(this.#subject));
      if (isUntold && this.#told !== alarm.active) this.#sendAlarm(alarm.active);
    }
    if (this.#config.predictions && this.#isDue(prediction)) this.#sendPrediction();
    if (this.#config.scores && this.#isDue(score)) this.#sendScore();
  }

  /** After a reconnection: the device may have restarted and know nothing of the alarm. */
  #begin(): void {
    this.#connection = this.#source.counts.opens;
    this.#told = null;
    this.#sentAt.fill(Number.NEGATIVE_INFINITY);
    this.#source.write(this.#encoder.opening);
  }

  /** Whether it is time for another one; then the next interval begins. */
  #isDue(what: number): boolean {
    const { times, frontSlot } = this.#ring;
    if (times[frontSlot] - this.#sentAt[what] < this.#intervals[what]) return false;
    this.#sentAt[what] = times[frontSlot];
    return true;
  }

  #sendPrediction(): void {
    const { classes, prediction: answer, predictedClass } = this.#learner;
    const { content } = this.#encoder;
    content[replyAt.class] = predictedClass;
    content[replyAt.value] = answer[classes > 0 ? predictedClass : 0];
    this.#send("prediction");
  }

  #sendScore(): void {
    const { metrics } = this.#learner;
    const { content } = this.#encoder;
    if (metrics instanceof ClassificationMetrics) {
      content[replyAt.value] = metrics.slidingAccuracy;
      content[replyAt.baseline] = metrics.baselineAccuracy;
    } else {
      content[replyAt.value] = metrics.fadingMae;
      content[replyAt.baseline] = metrics.baselineMae;
    }
    this.#send("score");
  }

  #sendAlarm(active: boolean): void {
    const { content } = this.#encoder;
    content[replyAt.class] = this.#subject.of === "class" ? this.#subject.class : 0;
    content[replyAt.on] = active ? 1 : 0;
    content[replyAt.value] = this.#scores.of(this.#subject);
    this.#told = this.#send("alarm") ? active : null;
  }

  #send(kind: ReplyKind): boolean {
    const isTaken = this.#source.write(this.#encoder.bytes, this.#encoder.encode(kind));
    if (isTaken) this.sent++;
    return isTaken;
  }

  /** Ends it, and an alarm with it, as long as the source is still open. Nothing is sent afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.alarm?.close();
    if (this.#told === true) this.#sendAlarm(false);
  }
}
