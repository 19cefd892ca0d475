/** The key `sync` of a config: where checkpoints are sent to. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { isModelTrust, modelTrustText } from "../sync/model-trust.ts";
import { bareNameText, isBareName } from "../sync/names.ts";
import type { SyncConfig } from "../sync/sync-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import {
  accepting,
  defaultsOf,
  duration,
  list,
  map,
  must,
  optional,
  required,
  text,
  wholeNumber,
} from "./schema.ts";

const checked = (expectation: string, isValid: (text: string) => boolean) =>
  accepting(expectation, v.pipe(v.string(must(expectation)), v.check(isValid, must(expectation))));

export const addressText = "a URL with a bucket, such as http://nas.local:9000/fleet or s3://my-bucket/fleet";

/** Whether a text names a host or a store with its bucket. */
export function isAddress(text: string): boolean {
  try {
    const { protocol, pathname, username, password, search, host } = new URL(text);
    if (username !== "" || password !== "" || search !== "") return false;
    if (protocol === "s3:") return host !== "";
    return (protocol === "http:" || protocol === "https:") && /^\/[^/]/.test(pathname);
  } catch {
    return false;
  }
}

const bareName = checked(bareNameText, isBareName);
const fingerprint = checked("the SHA-256 of a certificate: 64 hexadecimal digits", (text) =>
  /^[0-9a-f]{64}$/i.test(text.replaceAll(":", "")),
);

const modelsSchema = map({
  group: required("Name of the group whose models this device takes", bareName, bareNameText),
  trust: required(
    "Public key with which the models of the group are signed",
    checked(modelTrustText, isModelTrust),
    modelTrustText,
  ),
  sideBySide: optional(
    "Where the config has model: samples for which the new network and the one before it run side by side; the older one returns if it did better",
    wholeNumber(10, 1_000_000),
    { default: 500 },
  ),
});
const modelsDefaults = defaultsOf(modelsSchema);

export const syncSchema = map({
  to: required(
    "Host or S3-compatible store, with its bucket and a prefix",
    checked(addressText, isAddress),
    addressText,
  ),
  device: optional("Name of this device at the host", bareName, { otherwise: "name" }),
  secretFile: optional(
    "File of mode 600 with the secret of this device's key; a relative path starts at the config's folder",
    text("the path of a file"),
    { otherwise: "credentials names a program" },
  ),
  keyId: optional("Id of the key", text("the id of a key"), { otherwise: "device" }),
  credentials: optional(
    "Program that prints a key in place of secretFile",
    map({
      command: required(
        "Program and its arguments, which prints credentials in the format of AWS's credential_process",
        list(text("a word"), "a list of at least one word", { minimum: 1, maximum: 64 }),
        "command: [program, argument]",
      ),
    }),
    { otherwise: "secretFile has the key" },
  ),
  region: optional("Region of the store", text("the name of a region"), { default: "us-east-1" }),
  fingerprint: optional(
    "SHA-256 of the host's certificate, for one that no authority has signed",
    fingerprint,
    {
      otherwise: "the certificate must be of a known authority",
    },
  ),
  every: optional("Time between two runs", duration("30min or 1h, up to 24d"), { default: "1h" }),
  backlog: optional(
    "Number of checkpoints that wait while the host is away; older ones are dropped",
    wholeNumber(1, 10_000),
    {
      default: 24,
    },
  ),
  models: optional("Models that this device fetches from the host", modelsSchema, {
    otherwise: "no model is fetched",
  }),
});
const syncDefaults = defaultsOf(syncSchema);

type Parsed = v.InferOutput<typeof syncSchema>;

/** The keys of a config on which it depends whether a model can be taken in. */
export interface LearnerKeys {
  model?: { ensemble?: unknown };
  target?: { forecast?: unknown };
}

/** What can use a model from the host: a single network, the ensemble, or, as for a forecast, nothing. */
function takerOf({ model, target }: LearnerKeys): "network" | "ensemble" | "none" {
  if (target === undefined || target.forecast !== undefined) return "none";
  return model !== undefined && model.ensemble !== true ? "network" : "ensemble";
}

/** Reports keys that contradict or need each other. @param name that of the config */
export function checkSync(parsed: Parsed, name: string, keys: LearnerKeys, errors: ConfigErrors): void {
  const learner = takerOf(keys);
  if (parsed.models !== undefined && learner === "none") {
    errors.conflict(
      ["sync", "models"],
      " has no effect without a target that is predicted row by row; a forecast and anomaly alone take no model, so remove it",
    );
  } else if (parsed.models?.sideBySide !== undefined && learner !== "network") {
    errors.conflict(
      ["sync", "models", "sideBySide"],
      " has no effect without model: in the ensemble a new network is weighted from its first sample on; remove it",
    );
  }
  if (parsed.secretFile !== undefined && parsed.credentials !== undefined) {
    errors.conflict(
      ["sync", "credentials"],
      " names a program, but sync.secretFile has the key; keep one of them",
    );
  }
  if (parsed.secretFile === undefined && parsed.credentials === undefined) {
    errors.add(
      "config.missing-key",
      ["sync"],
      ': the key "secretFile" is missing; add secretFile: the file with the secret that rivulet host add prints',
    );
  }
  if (parsed.credentials !== undefined && parsed.keyId !== undefined) {
    errors.conflict(
      ["sync", "keyId"],
      " has no effect, because the program of sync.credentials prints the id; remove one of them",
    );
  }
  if (parsed.device === undefined && !isBareName(name)) {
    errors.add(
      "config.missing-key",
      ["sync"],
      `: the key "device" is missing, and "${name}" cannot be a device's name; add device: ${bareNameText}`,
    );
  }
}

/** Fills in the defaults of the key `sync`. */
export function syncWithDefaults(parsed: Parsed, name: string, file: string): SyncConfig {
  const { to, device = name, secretFile, keyId = device, credentials, region = syncDefaults.region } = parsed;
  return {
    to: addressOf(to, region),
    device,
    credentials:
      secretFile === undefined
        ? { command: credentials?.command ?? [] }
        : { secretFile: resolve(dirname(file), secretFile), keyId },
    region,
    fingerprint: parsed.fingerprint?.replaceAll(":", "").toLowerCase() ?? null,
    everyMs: parsed.every ?? syncDefaults.every,
    backlog: parsed.backlog ?? syncDefaults.backlog,
    models: parsed.models === undefined ? null : { ...modelsDefaults, ...parsed.models },
  };
}

/** The URL of a store: `s3://bucket/prefix` is a bucket at AWS. */
export function addressOf(to: string, region: string): string {
  const { protocol, host, pathname } = new URL(to);
  return protocol === "s3:" ? `https://s3.${region}.amazonaws.com/${host}${pathname}` : to;
}
