/** The key `source.reply` of a config: what is sent back to the device, and how often. */
import * as v from "valibot";
import type { AlarmRule } from "../device/alarm.ts";
import { type ReplyKind, replyKinds } from "../samples/decoding/replies.ts";
import { anyOf } from "../wording/alternatives.ts";
import { parseDuration } from "../wording/quantities.ts";
import { type AlarmTask, alarmKeys, alarmWithDefaults, checkAlarm } from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { defaultsOf, duration, either, list, map, oneOf, optional, quantity, required } from "./schema.ts";
import { sourceNames, sourcesThat } from "./sources/sources.ts";

/** The key `source.reply` with every default. */
export interface ReplyConfig {
  predictions: boolean;
  /** Shortest time between two predictions; 0: one for every sample. */
  everyMs: number;
  scores: boolean;
  scoreEveryMs: number;
  /** An alarm of a class, or of anomaly where the target is a number. */
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
      list(oneOf(replyKinds), kinds, { minimum: 1 }),
      v.check((sent) => new Set(sent).size === sent.length, " names one twice; remove one"),
    ),
    "what to send back, such as send: [prediction]",
  ),
  // Ten predictions a second take less than a third of a line of 9600 baud.
  every: optional("Shortest time between two predictions; sample: one for each sample", every, {
    default: "100ms",
  }),
  scoreEvery: optional("Time between two scores", duration("100ms or 10s"), { default: "10s" }),
  alarm: optional("When the alarm is switched on and off", map(alarmKeys), {
    otherwise: "the defaults of its keys",
  }),
});
const defaults = defaultsOf(replySchema);

type Parsed = v.InferOutput<typeof replySchema>;

/** The kind of reply to which each of the other keys belongs. */
const subjects = { every: "prediction", scoreEvery: "score", alarm: "alarm" } as const satisfies Record<
  string,
  ReplyKind
>;

/**
 * Reports contradictions between the keys of `source.reply`.
 *
 * @param origin key of the source, such as `serial`
 */
export function checkReply(
  parsed: Parsed,
  origin: string | undefined,
  task: AlarmTask,
  errors: ConfigErrors,
): void {
  const path = ["source", "reply"];
  const replying = sourcesThat(({ canReply }) => canReply);
  if (sourceNames.some((name) => name === origin && !replying.includes(name))) {
    errors.conflict(
      path,
      ` belongs to ${anyOf(replying)}, but source.${origin} cannot receive replies; remove it`,
    );
    return;
  }
  for (const [key, subject] of Object.entries(subjects) as [keyof typeof subjects, ReplyKind][]) {
    if (parsed[key] === undefined || parsed.send.includes(subject)) continue;
    errors.conflict([...path, key], ` has no effect; add ${subject} to source.reply.send, or remove it`);
  }
  const untold = parsed.send.findIndex((kind) => kind !== "alarm");
  if (!task.predicts && untold >= 0) {
    errors.conflict(
      [...path, "send", untold],
      ` sends a ${parsed.send[untold]}, but the config has no target; send alarm alone`,
    );
  }
  const alarmAt = parsed.send.indexOf("alarm");
  if (alarmAt < 0) return;
  const place = parsed.alarm === undefined ? [...path, "send", alarmAt] : [...path, "alarm"];
  const entryWith = (example: string) => `reply: { alarm: { ${example} } }`;
  checkAlarm(parsed.alarm ?? {}, [...path, "alarm"], task, entryWith, errors, place);
}

/** Fills in the defaults of `source.reply`. */
export function replyWithDefaults({ send, every, scoreEvery, alarm }: Parsed, task: AlarmTask): ReplyConfig {
  return {
    predictions: send.includes("prediction"),
    everyMs: every ?? defaults.every,
    scores: send.includes("score"),
    scoreEveryMs: scoreEvery ?? defaults.scoreEvery,
    alarm: send.includes("alarm") ? alarmWithDefaults(alarm ?? {}, task) : null,
  };
}
