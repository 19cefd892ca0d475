/** The key `source.reply` of a config: what the device is told of its samples, and how often. */
import * as v from "valibot";
import type { AlarmRule } from "../device/alarm.ts";
import { type ReplyKind, replyKinds } from "../samples/decoding/replies.ts";
import { anyOf } from "../wording/alternatives.ts";
import { parseDuration } from "../wording/quantities.ts";
import { alarmKeys, alarmWithDefaults, checkAlarm } from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { defaultsOf, duration, either, list, map, oneOf, optional, quantity, required } from "./schema.ts";
import { sourceNames, sourcesThat } from "./sources/sources.ts";

export interface ReplyConfig {
  predictions: boolean;
  /** Least time from one prediction to the next; 0: every sample is answered. */
  everyMs: number;
  scores: boolean;
  scoreEveryMs: number;
  /** About a class, or anomaly where a number is predicted. */
  alarm: AlarmRule | null;
}

const everySample = v.pipe(
  v.literal("sample"),
  v.transform(() => 0),
);
const everyDuration = quantity('"sample" or a duration with its unit such as 100ms', parseDuration);
const every = either(everyDuration, everySample, (value) => value === "sample");

const kinds = `a list of ${replyKinds.join(", ")}, or some of them`;

export const replySchema = map({
  send: required(
    "What is sent to the device",
    v.pipe(
      list(oneOf(replyKinds), kinds, 1),
      v.check((sent) => new Set(sent).size === sent.length, " names one twice: take it out"),
    ),
    "what to send back, such as send: [prediction]",
  ),
  // Ten predictions a second take less than a third of a line of 9600 baud.
  every: optional("Shortest time between two predictions, or each sample", every, { default: "100ms" }),
  scoreEvery: optional("Time between two scores", duration("100ms or 10s"), { default: "10s" }),
  alarm: optional("When the alarm goes on and off", map(alarmKeys), {
    otherwise: "the defaults of its keys",
  }),
});
const defaults = defaultsOf(replySchema);

type Parsed = v.InferOutput<typeof replySchema>;

/** What each of the other keys is about. */
const subjects = { every: "prediction", scoreEvery: "score", alarm: "alarm" } as const satisfies Record<
  string,
  ReplyKind
>;

/** What no single value shows. `origin` is the source's key, `classes` undefined where the target is a number. */
export function checkReply(
  parsed: Parsed,
  origin: string | undefined,
  classes: number | undefined,
  errors: ConfigErrors,
): void {
  const path = ["source", "reply"];
  const replying = sourcesThat(({ canReply }) => canReply);
  if (sourceNames.some((name) => name === origin && !replying.includes(name))) {
    errors.conflict(
      path,
      ` belongs to ${anyOf(replying)}, and source.${origin} has no way back: take it out`,
    );
    return;
  }
  for (const [key, subject] of Object.entries(subjects) as [keyof typeof subjects, ReplyKind][]) {
    if (parsed[key] === undefined || parsed.send.includes(subject)) continue;
    errors.conflict([...path, key], ` is of no use: add ${subject} to source.reply.send, or take it out`);
  }
  const alarmAt = parsed.send.indexOf("alarm");
  if (alarmAt < 0) return;
  const place = parsed.alarm === undefined ? [...path, "send", alarmAt] : [...path, "alarm"];
  const entryWith = (example: string) => `reply: { alarm: { ${example} } }`;
  checkAlarm(parsed.alarm ?? {}, [...path, "alarm"], classes, entryWith, errors, place);
}

/** Fills in the defaults, for a target of so many classes; undefined where it is a number. */
export function replyWithDefaults(
  { send, every, scoreEvery, alarm }: Parsed,
  classes: number | undefined,
): ReplyConfig {
  return {
    predictions: send.includes("prediction"),
    everyMs: every ?? defaults.every,
    scores: send.includes("score"),
    scoreEveryMs: scoreEvery ?? defaults.scoreEvery,
    alarm: send.includes("alarm") ? alarmWithDefaults(alarm ?? {}, classes) : null,
  };
}
