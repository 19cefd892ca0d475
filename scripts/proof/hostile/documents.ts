/** Changes every leaf of the documents beside checkpoints: the status of a board, and the signed pointer to a model. */
import { generateKeyPairSync } from "node:crypto";
import { RivuletError } from "../../../src/errors/errors.ts";
import { type DeviceStatus, decodeStatus, encodeStatus } from "../../../src/sync/device-status.ts";
import { decodePointer, encodePointer, type ModelPointer } from "../../../src/sync/model-pointer.ts";
import { trustOf } from "../../../src/sync/model-trust.ts";
import { changesOf } from "./changes.ts";
import { faultOfRefusal, type Tally } from "./outcome.ts";

const status: DeviceStatus = {
  ...{ format: "rivulet-status", version: 1, device: "pump-7", counter: 7 },
  ...{ sentAt: "2026-01-31T12:00:00.000Z", every: 3_600_000, rivulet: "1.0.0" },
  newest: { key: "fleet/pump-7/checkpoint", samplesSeen: 700, savedAt: "2026-01-31T12:00:00.000Z" },
  report: {
    ...{ skill: 0.5, accuracy: 0.9, meanAbsoluteError: null, lost: 1, damaged: 2, rejected: 3 },
    problems: ["the port is gone"],
    model: { version: 3, group: "pumps", state: "in use", reason: "", samples: 500, difference: -0.1 },
  },
  sync: { sent: 3, waiting: 2, dropped: 1, problem: null },
};

export const statusBytes = encodeStatus(status);

const digest = "0".repeat(64);
const pointer: ModelPointer = {
  ...{ format: "rivulet-model", group: "pumps", version: 3, sha256: digest, bytes: 1000 },
  description: {
    fields: ["a", "t"],
    target: { column: "t", classes: 3 },
    features: [],
    model: { published: "ensemble" },
  },
  ...{ base: digest, createdAt: "2026-01-31T12:00:00.000Z", id: "1f" },
};

/** Longest text that a host takes over from a board, and what else no value of it may be. */
const longestText = 200;

/** What no value of a document that was taken over may be; null where none is. */
export function faultInDocument(value: unknown): string | null {
  if (typeof value === "number" && !Number.isFinite(value)) return `a number is ${value}`;
  if (typeof value === "string") {
    if (value.length > 2 * longestText) return `a text has ${value.length} characters`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    return /[\u0000-\u001f]/.test(value) ? "a text has control characters" : null;
  }
  if (typeof value !== "object" || value === null) return null;
  for (const inner of Object.values(value)) {
    const fault = faultInDocument(inner);
    if (fault !== null) return fault;
  }
  return null;
}

/** What a text of a board may hold, besides the changes that every leaf goes through. */
const texts = ["x".repeat(10_000), "\u001b[2J\r\n<script>", "__proto__"];

/** Tries every change of both documents. Each must be refused, or give a document whose values have their types. */
export function tryDocuments(): Tally {
  const tally: Tally = { tried: 0, refused: 0, faults: [] };
  const attempt = (name: string, read: () => unknown) => {
    tally.tried++;
    try {
      const found = read();
      if (found === null) tally.refused++;
      const fault = faultInDocument(found);
      if (fault !== null) tally.faults.push(`${name}: ${fault}`);
    } catch (error) {
      tally.refused++;
      const fault = error instanceof RivuletError ? faultOfRefusal(error) : `it throws ${error}`;
      if (fault !== null) tally.faults.push(`${name}: ${fault}`);
    }
  };
  for (const { name, of } of changesOf(status)) {
    attempt(`status, ${name}`, () => decodeStatus(Buffer.from(JSON.stringify(of(status)))));
  }
  for (const text of texts) {
    const said = { ...status, device: text, rivulet: text, report: { ...status.report, problems: [text] } };
    attempt("status, texts", () => decodeStatus(encodeStatus(said)));
  }
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const trust = trustOf(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const expected = { group: pointer.group, version: pointer.version, trust };
  for (const { name, of } of changesOf(pointer)) {
    attempt(`pointer, ${name}`, () =>
      decodePointer(encodePointer(of(pointer), privateKey), expected, "pointer"),
    );
  }
  return tally;
}
