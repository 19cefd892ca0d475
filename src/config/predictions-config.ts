/** The key `predictions` of a config: where predictions go besides the device. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import type { AlarmRule } from "../device/alarm.ts";
import type { ListenAddress } from "../wording/address.ts";
import { type AlarmTask, alarmKeys, alarmWithDefaults, checkAlarm } from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import {
  accepting,
  defaultsOf,
  duration,
  flag,
  map,
  must,
  oneOf,
  optional,
  required,
  text,
} from "./schema.ts";
import { listenAddress } from "./status-config.ts";

/** Which predictions are sent to a webhook. */
export const webhookOccasions = ["change", "alarm", "all"] as const;

export interface WebhookConfig {
  url: string;
  on: (typeof webhookOccasions)[number];
  /** Interval in which predictions are collected into one request. */
  everyMs: number;
  /** File with the secret that signs each request; null: they are not signed. */
  secretFile: string | null;
}

/** The key `predictions` with every default. */
export interface PredictionsConfig {
  stdout: boolean;
  tcp: { listen: ListenAddress } | null;
  webhook: WebhookConfig | null;
  /** What switches the alarm in the predictions; null: they have none. */
  alarm: AlarmRule | null;
}

const expectedUrl = "an address such as https://host/path";
const webAddress = accepting(
  expectedUrl,
  v.pipe(
    v.string(must(expectedUrl)),
    v.check((given) => URL.canParse(given) && /^https?:$/.test(new URL(given).protocol), must(expectedUrl)),
  ),
);

const webhookSchema = map({
  url: required("Address that predictions are posted to, as JSON", webAddress, "url: https://host/path"),
  on: optional("Which predictions are sent", oneOf(webhookOccasions), { default: "all" }),
  every: optional(
    "Interval in which predictions are collected into one request; 100 leave at once",
    duration(),
    {
      default: "1s",
    },
  ),
  secretFile: optional("File with a secret that signs each request", text("the path of a file"), {
    otherwise: "requests are not signed",
  }),
});

const tcpSchema = map({
  listen: required(
    "Address at which clients are sent every prediction as a line",
    listenAddress("127.0.0.1:7001"),
    "listen: 127.0.0.1:7001",
  ),
});

const none = { otherwise: "none are sent there" };

export const predictionsSchema = map({
  stdout: optional("Write predictions to standard output; the log goes to standard error then", flag, {
    default: false,
  }),
  tcp: optional("Clients that connect are sent predictions", tcpSchema, none),
  webhook: optional("Predictions are posted to a server", webhookSchema, none),
  alarm: optional("When the predictions say that there is an alarm", map(alarmKeys), {
    otherwise: "they say nothing of an alarm, but to a webhook that is called on alarm",
  }),
});
const defaults = { ...defaultsOf(predictionsSchema), webhook: defaultsOf(webhookSchema) };

type Parsed = v.InferOutput<typeof predictionsSchema>;

const hasAlarm = ({ alarm, webhook }: Parsed) => alarm !== undefined || webhook?.on === "alarm";

/** Reports contradictions between the keys. */
export function checkPredictions(parsed: Parsed, task: AlarmTask, errors: ConfigErrors): void {
  const path = ["predictions"];
  if (parsed.webhook?.on === "change" && task.classes === undefined) {
    errors.conflict(
      [...path, "webhook", "on"],
      ": a number changes with every sample, so change needs classes; use all or alarm",
    );
  }
  if (!hasAlarm(parsed)) return;
  const place = parsed.alarm === undefined ? [...path, "webhook", "on"] : [...path, "alarm"];
  const entryWith = (example: string) => `predictions: { alarm: { ${example} } }`;
  checkAlarm(parsed.alarm ?? {}, [...path, "alarm"], task, entryWith, errors, place);
}

/** Fills in the defaults; `file` is the path of the config, at whose folder relative paths begin. */
export function predictionsWithDefaults(parsed: Parsed, task: AlarmTask, file: string): PredictionsConfig {
  const { stdout, tcp, webhook } = parsed;
  return {
    stdout: stdout ?? defaults.stdout,
    tcp: tcp ?? null,
    webhook:
      webhook === undefined
        ? null
        : {
            url: webhook.url,
            on: webhook.on ?? defaults.webhook.on,
            everyMs: webhook.every ?? defaults.webhook.every,
            secretFile: webhook.secretFile === undefined ? null : resolve(dirname(file), webhook.secretFile),
          },
    alarm: hasAlarm(parsed) ? alarmWithDefaults(parsed.alarm ?? {}, task) : null,
  };
}
