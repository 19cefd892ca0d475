/** The key `mqtt` of a config: the broker to which `rivulet mqtt` carries what the daemon predicts. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { accepting, defaultsOf, duration, map, must, optional, required, text } from "./schema.ts";

/** The key `mqtt` with every default. */
export interface MqttConfig {
  url: string;
  username: string | null;
  passwordFile: string | null;
  /** First part of all topics. */
  prefix: string;
  /** Prefix of Home Assistant's discovery; null: it learns of no device by itself. */
  discovery: string | null;
  everyMs: number;
}

const expectedUrl = "the address of a broker such as mqtt://localhost:1883";
const brokerUrl = accepting(
  expectedUrl,
  v.pipe(
    v.string(must(expectedUrl)),
    v.check(
      (given) => URL.canParse(given) && /^(mqtts?|wss?):$/.test(new URL(given).protocol),
      must(expectedUrl),
    ),
  ),
);

const expectedTopic = "a part of a topic, of letters, digits, dashes and underscores";
const topicPart = accepting(
  expectedTopic,
  v.pipe(v.string(must(expectedTopic)), v.regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, must(expectedTopic))),
);

export const mqttSchema = map({
  url: required(
    "Address of the broker",
    brokerUrl,
    "the broker's address, such as url: mqtt://localhost:1883",
  ),
  username: optional("Name to sign in with", text("a name"), { otherwise: "none" }),
  passwordFile: optional("File with the password", text("the path of a file"), { otherwise: "none" }),
  prefix: optional("First part of all topics; the config's name follows", topicPart, { default: "rivulet" }),
  discovery: optional("Prefix of Home Assistant's discovery, such as homeassistant", topicPart, {
    otherwise: "nothing is announced to Home Assistant",
  }),
  every: optional("Time between two statuses", duration(), { default: "10s" }),
});
const defaults = defaultsOf(mqttSchema);

/** Fills in the defaults; `file` is the path of the config, at whose folder relative paths begin. */
export function mqttWithDefaults(parsed: v.InferOutput<typeof mqttSchema>, file: string): MqttConfig {
  const { url, username, passwordFile, prefix, discovery, every } = parsed;
  return {
    url,
    username: username ?? null,
    passwordFile: passwordFile === undefined ? null : resolve(dirname(file), passwordFile),
    prefix: prefix ?? defaults.prefix,
    discovery: discovery ?? null,
    everyMs: every ?? defaults.every,
  };
}
