/** One run of a device: sends its checkpoints, newest first, then the document that tells how it does. */
import { randomBytes } from "node:crypto";
import { readCheckpointFile } from "../../checkpoint/checkpoint-file.ts";
import { type CheckpointFile, listCheckpoints } from "../../checkpoint/checkpoint-names.ts";
import { diskError } from "../../checkpoint/disk-error.ts";
import { createFolderLock } from "../../checkpoint/folder-lock.ts";
import { type CheckpointSummary, summarizeCheckpoint } from "../../checkpoint/format.ts";
import { CheckpointError, RivuletError } from "../../errors/errors.ts";
import { utcTime } from "../../wording/utc-time.ts";
import {
  type DeviceReport,
  type DeviceStatus,
  decodeStatus,
  encodeStatus,
  joinedProblems,
  reportFrom,
} from "../device-status.ts";
import { sourceMark } from "../inbox.ts";
import { checkpointKey, statusKey } from "../names.ts";
import { noteSender, sharedNameProblem } from "../shared-name.ts";
import { sha256Of } from "../signature.ts";
import type { SyncConfig } from "../sync-config.ts";
import {
  damaged,
  dueIn,
  modelsIn,
  readSyncRecord,
  type SyncRecord,
  sentCount,
  writeSyncRecord,
} from "../sync-record.ts";
import type { ObjectStore } from "./object-store.ts";

/** A checkpoint that was sent. */
export interface SentCheckpoint {
  path: string;
  key: string;
  bytes: number;
  /** False where the host had it already. */
  isNew: boolean;
}

/** What a run did. */
export interface SendOutcome {
  sent: SentCheckpoint[];
  /** Checkpoints that still wait. */
  waiting: number;
  /** Checkpoints that were deleted before they could be sent, since the first run. */
  dropped: number;
  /** Files that are not valid checkpoints, each in one sentence; they are never sent. */
  refused: string[];
  /** What to do about another board of the same name, in one sentence; null where none was found lately. */
  sharedName: string | null;
  /** The document that the host has now; null where it did not get one. */
  status: DeviceStatus | null;
  /** Why not everything arrived; null where it did. */
  failure: RivuletError | null;
}

export interface SendOptions {
  /** Folder of the checkpoints. */
  directory: string;
  config: SyncConfig;
  store: ObjectStore;
  /** Version of Rivulet. */
  version: string;
}

/** Only one run at a time uses a folder; it does not matter whether a daemon saves into it meanwhile. */
export const createSyncLock = (directory: string) => createFolderLock(directory, "sync.lock");

/** Largest checkpoint that is sent: the host takes no larger one. */
export const mostCheckpointBytes = 64 << 20;

/**
 * Sends what the folder holds and the host lacks. A checkpoint that disappears meanwhile, because the daemon makes room,
 * counts as dropped.
 *
 * @throws RivuletError where the folder cannot be read or written; what the host refuses is in the outcome
 *
 * @example
 * import assert from "node:assert/strict";
 * import { mkdirSync } from "node:fs";
 * import { createObjectStore, sendCheckpoints } from "rivulet/sync";
 *
 * mkdirSync("kept");
 * const to = "http://127.0.0.1:1/fleet";
 * const credentials = { secretFile: "pump-7.key", keyId: "pump-7" };
 * const config = { to, device: "pump-7", credentials, region: "us-east-1", fingerprint: null, everyMs: 3_600_000, backlog: 24, models: null };
 * const key = async () => ({ accessKeyId: "pump-7", secretAccessKey: "secret" });
 * const store = createObjectStore({ to, credentials: key, region: "us-east-1", fingerprint: null, retryMs: [] });
 * const { sent, failure } = await sendCheckpoints({ directory: "kept", config, store, version: "1.0.0" });
 * assert.deepEqual([sent, failure?.code], [[], "sync.unreachable"]);
 * store.close();
 */
export async function sendCheckpoints({
  directory,
  config,
  store,
  version,
}: SendOptions): Promise<SendOutcome> {
  const { to, device } = config;
  const record = readSyncRecord(directory, to, device);
  const outcome: SendOutcome = {
    ...{ sent: [], waiting: 0, dropped: 0, refused: [] },
    ...{ sharedName: null, status: null, failure: null },
  };
  const options = { directory, config, store, version };
  try {
    const newest = await sendDue(record, options, outcome);
    outcome.status = await sendStatus(record, newest, options, outcome);
    if (outcome.failure === null) record.lastSuccess = utcTime(Date.now());
    saveRecord(directory, record);
  } catch (error) {
    if (!isOfHost(error)) throw error;
    outcome.failure ??= error;
  }
  outcome.waiting = dueIn(directory, record, config.backlog).length;
  outcome.dropped = record.dropped;
  outcome.sharedName = sharedNameProblem(record);
  return outcome;
}

const isOfHost = (error: unknown): error is RivuletError =>
  error instanceof RivuletError && error.code.startsWith("sync.");

/**
 * Sends the checkpoints that wait, until the host refuses one: the status is sent all the same, as the host makes room by it.
 * @returns the newest that was sent
 */
async function sendDue(
  record: SyncRecord,
  { directory, config, store }: SendOptions,
  outcome: SendOutcome,
): Promise<KnownCheckpoint | null> {
  let newest: KnownCheckpoint | null = null;
  try {
    for (const file of dueIn(directory, record, config.backlog)) {
      const found = readChecked(file.path, outcome);
      if (found === "gone") continue;
      const sent = found === null ? null : await sendFile(file, found, config.device, store);
      if (sent !== null) outcome.sent.push(sent.checkpoint);
      newest ??= sent?.known ?? null;
      record.done[file.sequence] = sent?.digest ?? damaged;
      saveRecord(directory, record);
    }
  } catch (error) {
    if (!isOfHost(error) || error.code !== "sync.refused") throw error;
    outcome.failure = error;
  }
  return newest;
}

/** What a run would send, newest first. */
export function dueCheckpoints(directory: string, { to, device, backlog }: SyncConfig): CheckpointFile[] {
  return dueIn(directory, readSyncRecord(directory, to, device), backlog);
}

function saveRecord(directory: string, record: SyncRecord): void {
  try {
    writeSyncRecord(directory, record);
  } catch (error) {
    throw diskError(error, `cannot remember what was sent in ${directory}`, directory);
  }
}

/** What is sent to the host about the newest checkpoint that it has. */
interface KnownCheckpoint {
  sequence: number;
  key: string;
  samplesSeen: number;
  savedAt: string;
  report: DeviceReport;
}

interface ReadCheckpoint {
  bytes: Uint8Array;
  summary: CheckpointSummary;
}

async function sendFile(
  { path, sequence }: CheckpointFile,
  { bytes, summary }: ReadCheckpoint,
  device: string,
  store: ObjectStore,
): Promise<{ checkpoint: SentCheckpoint; digest: string; known: KnownCheckpoint }> {
  const sha256 = sha256Of(bytes);
  const key = checkpointKey(device, summary.samplesSeen, sha256);
  const isNew = await store.putOnce(key, bytes);
  return {
    checkpoint: { path, key, bytes: bytes.length, isNew },
    digest: sha256.slice(0, 16),
    known: knownFrom(sequence, key, summary),
  };
}

const knownFrom = (
  sequence: number,
  key: string,
  { samplesSeen, createdAt, status }: CheckpointSummary,
): KnownCheckpoint => ({ sequence, key, samplesSeen, savedAt: createdAt, report: reportFrom(status) });

/**
 * Reads a checkpoint; null where it is no valid one, which the outcome then says. One that the daemon has deleted
 * meanwhile to make room is counted as dropped when the record is settled.
 */
function readChecked(path: string, outcome: SendOutcome): ReadCheckpoint | "gone" | null {
  try {
    const bytes = readCheckpointFile(path, { followLinks: false });
    if (bytes.length > mostCheckpointBytes) {
      outcome.refused.push(
        `${path} has ${bytes.length} bytes, expected at most ${mostCheckpointBytes}; it is not sent`,
      );
      return null;
    }
    return { bytes, summary: summarizeCheckpoint(bytes, path) };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return "gone";
    outcome.refused.push(error.message);
    return null;
  }
}

/** Sends the document about the newest checkpoint that the host has. */
async function sendStatus(
  record: SyncRecord,
  sentNow: KnownCheckpoint | null,
  options: SendOptions,
  outcome: SendOutcome,
): Promise<DeviceStatus> {
  const { config, store, version, directory } = options;
  const { device, everyMs } = config;
  const there = await statusAt(store, device);
  // A new card continues to count where the old one stopped, or readers would ignore it.
  record.counter = Math.max(record.counter, there?.counter ?? 0) + 1;
  const id = randomBytes(8).toString("hex");
  noteSender(record, there, { id, everyMs });
  // A document that arrives although its request failed must be recognized.
  saveRecord(directory, record);
  const newest = newestSent(directory, record, device, sentNow);
  const status: DeviceStatus = {
    format: "rivulet-status",
    version: 1,
    device,
    counter: record.counter,
    id,
    sentAt: utcTime(Date.now()),
    every: everyMs,
    rivulet: version,
    newest: newest && { key: newest.key, samplesSeen: newest.samplesSeen, savedAt: newest.savedAt },
    report: newest?.report ?? reportFrom(null),
    sync: {
      sent: sentCount(record),
      waiting: dueIn(directory, record, config.backlog).length,
      dropped: record.dropped,
      problem: joinedProblems([
        sharedNameProblem(record),
        outcome.failure?.message ?? null,
        outcome.refused.at(-1) ?? null,
        modelProblem(record, config),
      ]),
      ...(record.sharedRuns === undefined ? {} : { isShared: true }),
    },
  };
  await store.put(statusKey(device), encodeStatus(status));
  record.arrived = id;
  return status;
}

/** What is wrong with the models from the host, as the previous run found it. */
function modelProblem(record: SyncRecord, { models }: SyncConfig): string | null {
  if (models === null) return null;
  const { failure, refusal } = modelsIn(record, models.group, sourceMark(models));
  return failure ?? refusal;
}

/** The document that the host has of a device; null: none that can be read. */
export async function statusAt(store: ObjectStore, device: string): Promise<DeviceStatus | null> {
  // A store tells a key that may not list its bucket that a missing object is forbidden.
  const options = { mostBytes: 1 << 16, isForbiddenMissing: true };
  const found = await store.get(statusKey(device), options);
  return found === null || found === "unchanged" ? null : decodeStatus(found.body);
}

/**
 * The newest checkpoint that the host has, and what it says of itself. The daemon may have deleted it meanwhile: then it is
 * the newest that this run has sent.
 */
function newestSent(
  directory: string,
  record: SyncRecord,
  device: string,
  sentNow: KnownCheckpoint | null,
): KnownCheckpoint | null {
  for (const { path, sequence } of listCheckpoints(directory).reverse()) {
    if (sentNow !== null && sentNow.sequence >= sequence) return sentNow;
    const digest = record.done[sequence];
    if (digest === undefined || digest === damaged) continue;
    try {
      const bytes = readCheckpointFile(path, { followLinks: false });
      const summary = summarizeCheckpoint(bytes, path);
      return knownFrom(sequence, checkpointKey(device, summary.samplesSeen, digest), summary);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
    }
  }
  return sentNow;
}
