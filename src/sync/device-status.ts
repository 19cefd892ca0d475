/** `status.json`: what a device tells its host of itself. Written by the device, so the host trusts nothing in it. */
import { type ModelStatus, modelStates } from "../model-status.ts";
import type { State } from "../state.ts";
import { safe } from "../wording/safe.ts";

export interface DeviceStatus {
  format: "rivulet-status";
  version: 1;
  device: string;
  /** Increases with each document. A store may bring back an older one, which readers ignore. */
  counter: number;
  /** Random, in hexadecimal: tells this document from those that another board sends under the same name. */
  id?: string;
  /** Time by the device's clock, which may be wrong. */
  sentAt: string;
  /** Time between two documents, in ms. */
  every: number;
  /** Version of Rivulet. */
  rivulet: string;
  /** The newest checkpoint at the host; null: none yet. */
  newest: { key: string; samplesSeen: number; savedAt: string } | null;
  /** What the daemon said of itself when it saved that checkpoint. */
  report: DeviceReport;
  sync: {
    sent: number;
    waiting: number;
    dropped: number;
    /** What somebody should look at, each in a sentence, joined; null: nothing. */
    problem: string | null;
    /** Whether another board sends under this name: the host then makes room by arrival. Left out: none was found lately. */
    isShared?: boolean;
  };
}

/** What a daemon says of itself in each checkpoint. */
export type DeviceReport = {
  /** 1 - loss / loss of the best simple rule; null for a single network. */
  skill: number | null;
  /** Share of samples that were classified correctly, or null for a number. */
  accuracy: number | null;
  /** Mean absolute error, or null for classes. */
  meanAbsoluteError: number | null;
  /** Samples that never arrived, that arrived damaged, and that were skipped, since the daemon began. */
  lost: number;
  damaged: number;
  rejected: number;
  /** What somebody should look at, each one sentence. */
  problems: string[];
  /** The latest model from the host; null or left out: none has come. */
  model?: ModelStatus | null;
};

/** A status document has at most this many bytes. */
export const mostStatusBytes = 4096;
const mostProblems = 5;
const mostSentenceLength = 200;
const mostSyncProblemLength = 1000;

/** What is wrong with sending, in one text; null where nothing is. */
export function joinedProblems(sentences: readonly (string | null)[]): string | null {
  const found = sentences.filter((sentence) => sentence !== null);
  return found.length === 0 ? null : found.join("; ").slice(0, mostSyncProblemLength);
}

/** A document that is too large loses its problems, the longest part. */
export function encodeStatus(status: DeviceStatus): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(status)}\n`);
  if (bytes.length <= mostStatusBytes) return bytes;
  const shortened = { ...status, report: { ...status.report, problems: [] } };
  return Buffer.from(`${JSON.stringify(shortened)}\n`);
}

/** Reads a document that a device has written; null where it is not one. Every value has its type and a limit. */
export function decodeStatus(bytes: Uint8Array): DeviceStatus | null {
  if (bytes.length > 4 * mostStatusBytes) return null;
  let found: Fields;
  try {
    found = fieldsOf(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return null;
  }
  if (found["format"] !== "rivulet-status" || found["version"] !== 1) return null;
  const newest = fieldsOf(found["newest"]);
  const sync = fieldsOf(found["sync"]);
  const device = textOf(found["device"], 64);
  if (device === "") return null;
  const id = textOf(found["id"], 32);
  return {
    format: "rivulet-status",
    version: 1,
    device,
    counter: countOf(found["counter"]),
    ...(id === "" ? {} : { id }),
    sentAt: textOf(found["sentAt"], 40),
    every: countOf(found["every"]),
    rivulet: textOf(found["rivulet"], 40),
    newest:
      typeof newest["key"] !== "string"
        ? null
        : {
            key: textOf(newest["key"], 200),
            samplesSeen: countOf(newest["samplesSeen"]),
            savedAt: textOf(newest["savedAt"], 40),
          },
    report: reportFrom(found["report"]),
    sync: {
      sent: countOf(sync["sent"]),
      waiting: countOf(sync["waiting"]),
      dropped: countOf(sync["dropped"]),
      problem: sync["problem"] === null ? null : textOf(sync["problem"], mostSyncProblemLength),
      ...(sync["isShared"] === true ? { isShared: true } : {}),
    },
  };
}

/** The report in a checkpoint or a document, with the type and the limit of each value; zeros where it has none. */
export function reportFrom(stored: State | unknown): DeviceReport {
  const found = fieldsOf(stored);
  const problems = Array.isArray(found["problems"]) ? found["problems"] : [];
  return {
    skill: numberOf(found["skill"]),
    accuracy: numberOf(found["accuracy"]),
    meanAbsoluteError: numberOf(found["meanAbsoluteError"]),
    lost: countOf(found["lost"]),
    damaged: countOf(found["damaged"]),
    rejected: countOf(found["rejected"]),
    problems: problems.slice(0, mostProblems).map((problem) => textOf(problem, mostSentenceLength)),
    model: modelFrom(found["model"]),
  };
}

function modelFrom(stored: unknown): ModelStatus | null {
  const found = fieldsOf(stored);
  const state = modelStates.find((each) => each === found["state"]);
  if (state === undefined) return null;
  const reason = textOf(found["reason"], mostSentenceLength);
  const group = textOf(found["group"], 64);
  const source = textOf(found["source"], 16);
  return {
    version: countOf(found["version"]),
    ...(group === "" ? {} : { group }),
    ...(source === "" ? {} : { source }),
    state,
    ...(reason === "" ? {} : { reason }),
    samples: countOf(found["samples"]),
    difference: numberOf(found["difference"]),
  };
}

type Fields = Record<string, unknown>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
const countOf = (value: unknown): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
const numberOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
const textOf = (value: unknown, length: number): string =>
  typeof value === "string" ? safe(value.slice(0, length)) : "";
