/** The key `source.reply` of a config: what the device is told of its samples, and how often. */
import * as v from "valibot";
import type { AlarmRule } from "../device/alarm.ts";
import { type ReplyKind, replyKinds } from "../samples/decoding/replies.ts";
import { anyOf } from "../wording/alternatives.ts";
import { parseDuration } from "../wording/quantities.ts";
import { alarmKeys, alarmWithDefaults, checkAlarm } from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { map, must, oneOf, quantity } from "./schema.ts";
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

/** Ten predictions a second take less than a third of a line of 9600 baud. */
const defaultEveryMs = 100;
const defaultScoreEveryMs = 10_000;

const duration = quantity("a duration with its unit such as 100ms or 10s", parseDuration);
const everySample = v.pipe(
  v.literal("sample"),
  v.transform(() => 0),
);
const everyDuration = quantity('"sample" or a duration with its unit such as 100ms', parseDuration);
const every = v.lazy(
  (entry): v.GenericSchema<unknown, number> => (entry === "sample" ? everySample : everyDuration),
);

const kinds = `a list of ${replyKinds.join(", ")}, or some of them`;

export const replySchema = map(
  {
    send: v.pipe(
      v.array(oneOf(replyKinds), must(kinds)),
      v.minLength(1, must(kinds)),
      v.check((list) => new Set(list).size === list.length, " names one twice: take it out"),
    ),
    every: v.optional(every),
    scoreEvery: v.optional(duration),
    alarm: v.optional(map(alarmKeys)),
  },
  { send: "what to send back, such as send: [prediction]" },
);

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
    everyMs: every ?? defaultEveryMs,
    scores: send.includes("score"),
    scoreEveryMs: scoreEvery ?? defaultScoreEveryMs,
    alarm: send.includes("alarm") ? alarmWithDefaults(alarm ?? {}, classes) : null,
  };
}
