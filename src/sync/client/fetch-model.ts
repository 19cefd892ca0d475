/**
 * Fetches the newest model that was published for a device's group, and hands it to the daemon through the folder `inbox`
 * beside its checkpoints. Nothing that the host says is trusted but what the key of the group has signed.
 */
import fs from "node:fs";
import { join } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../../checkpoint/durable-file.ts";
import { summarizeCheckpoint } from "../../checkpoint/format.ts";
import { newestCheckpoint } from "../../checkpoint/store.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reportFrom } from "../device-status.ts";
import {
  inboxOf,
  type ModelSource,
  removeOfOthers,
  removeWaiting,
  sourceMark,
  waitingModels,
  waitingNameOf,
} from "../inbox.ts";
import { decodePointer, type ModelPointer, mostPointerBytes } from "../model-pointer.ts";
import { modelKey, pointerKey } from "../names.ts";
import { sha256Of } from "../signature.ts";
import type { ModelsConfig, SyncConfig } from "../sync-config.ts";
import {
  type ModelsRecord,
  modelsIn,
  readSyncRecord,
  replaceModels,
  writeSyncRecord,
} from "../sync-record.ts";
import { readHint } from "./model-hint.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";

/** What a device asks of a model before it takes it. Each throws RivuletError where the model does not fit. */
export interface ModelChecks {
  /** Whether it was trained for what this device does. */
  requireFitting(description: object, where: string): void;
  /** Largest file that is fetched: what the learner of the device takes in memory, and some more. */
  mostBytes: number;
  /** Whether the bytes are a model whose state is sound. */
  requireSound(bytes: Uint8Array, where: string): void;
}

export interface FetchOptions {
  /** Folder of the checkpoints. */
  directory: string;
  config: SyncConfig & { models: ModelsConfig };
  store: Pick<ObjectStore, "get">;
  /** Called once where there is a new version. */
  checks: () => Promise<ModelChecks>;
  /** Look at what is there, fetch no network, and write nothing. Default false. */
  dryRun?: boolean;
}

/** What a run found. */
export interface FetchOutcome {
  /** The version that was fetched, or would be; null: nothing new that this device takes. */
  version: number | null;
  /** Where it waits for the daemon; null where nothing was written. */
  path: string | null;
  bytes: number;
  /** The newest version that this device knows: what is not above it is never taken. */
  known: number;
  /** Why a model is not taken, in one sentence; null where none was refused. */
  refused: string | null;
}

/** Pointers that one run reads; where there are more, the next one goes on. */
const mostPointers = 32;
/** Refused pointers that are remembered. */
const mostRefused = 16;
/** Runs that find other bytes than are signed before the version is refused. */
const mostTries = 3;

/**
 * Looks for a newer model of the device's group, checks signature, version, description, size, digest and state, and
 * writes it into the inbox. A model that is refused is never fetched again.
 *
 * @throws RivuletError (rejects) where the host cannot be reached or refuses, or the folder cannot be written
 *
 * @example
 * import assert from "node:assert/strict";
 * import { mkdirSync } from "node:fs";
 * import { createObjectStore, createSigningKey, fetchModel } from "rivulet/sync";
 *
 * mkdirSync("pump-7");
 * const to = "http://127.0.0.1:1/fleet";
 * const { trust } = createSigningKey("pumps.key");
 * const models = { group: "pumps", trust, sideBySide: 500 };
 * const credentials = { secretFile: "pump-7.key", keyId: "pump-7" };
 * const config = { to, device: "pump-7", credentials, region: "us-east-1", fingerprint: null, everyMs: 3_600_000, backlog: 24, models };
 * const key = async () => ({ accessKeyId: "pump-7", secretAccessKey: "secret" });
 * const store = createObjectStore({ to, credentials: key, region: "us-east-1", fingerprint: null, retryMs: [] });
 * const checks = async () => ({ requireFitting() {}, requireSound() {}, mostBytes: 1_000_000 });
 * await assert.rejects(fetchModel({ directory: "pump-7", config, store, checks }), { code: "sync.unreachable" });
 * store.close();
 */
export async function fetchModel(options: FetchOptions): Promise<FetchOutcome> {
  const { directory, config, dryRun = false } = options;
  const record = readSyncRecord(directory, config.to, config.device);
  const { group } = config.models;
  const isForgotten = record.models === undefined;
  if (!dryRun) removeOfOthers(directory, config.models);
  const memory = modelsIn(record, group, sourceMark(config.models));
  const elsewhere = isForgotten ? knownToDaemon(directory, config.models) : 0;
  memory.known = Math.max(memory.known, newestIn(directory, config.models), elsewhere);
  const outcome: FetchOutcome = { version: null, path: null, bytes: 0, known: memory.known, refused: null };
  try {
    await look(options, memory, outcome);
    memory.failure = null;
    memory.refusal = outcome.refused ?? (outcome.version === null ? memory.refusal : null);
  } catch (error) {
    if (error instanceof RivuletError) memory.failure = error.message;
    throw error;
  } finally {
    outcome.known = memory.known;
    replaceModels(record, memory);
    if (!dryRun) withDiskError(directory, () => writeSyncRecord(directory, record));
  }
  return outcome;
}

async function look(options: FetchOptions, memory: ModelsRecord, outcome: FetchOutcome): Promise<void> {
  const { directory, config, store } = options;
  const { group } = config.models;
  const hint = await readHint(store, group, memory.hint);
  const pointer = await newestPointer(options, memory, outcome, hint.version);
  if (pointer !== null) {
    const daemons = knownToDaemon(directory, config.models);
    if (pointer.version > daemons) await takeOrRefuse(options, memory, pointer, outcome);
    // Taken or refused, it is never fetched again; the daemon may know a later one than the record beside its checkpoints.
    memory.known = Math.max(pointer.version, daemons);
  }
  if (memory.wrong !== undefined && memory.wrong.version <= memory.known) delete memory.wrong;
  if (hint.version === null || hint.version <= memory.known) memory.hint = hint.etag;
  for (const version of Object.keys(memory.refused)) {
    if (Number(version) <= memory.known) delete memory.refused[version];
  }
}

async function takeOrRefuse(
  options: FetchOptions,
  memory: ModelsRecord,
  pointer: ModelPointer,
  outcome: FetchOutcome,
): Promise<void> {
  const checks = await options.checks();
  try {
    await take(options, checks, memory, pointer, outcome);
  } catch (error) {
    if (!(error instanceof RivuletError) || !isRefusal(error)) throw error;
    outcome.refused = `${error.message}; it is not taken`;
  }
}

const nameOf = ({ group, version }: ModelPointer): string => `version ${version} of the models for ${group}`;

/** A failure of the connection is not the model's; every other fault of a model is permanent. */
const isRefusal = ({ code }: RivuletError): boolean =>
  code === "sync.model" ||
  code === "sync.bad-answer" ||
  code.startsWith("checkpoint.") ||
  code.startsWith("state.");

/** The newest pointer that the group's key has signed: where the hint says, and from there on. */
async function newestPointer(
  options: FetchOptions,
  memory: ModelsRecord,
  outcome: FetchOutcome,
  hinted: number | null,
): Promise<ModelPointer | null> {
  if (hinted !== null && hinted <= memory.known) {
    // Where an owner has started over with another key, the log of this device says so.
    const older = await readPointer(options, memory, hinted);
    if (typeof older === "string" && older !== refusedBefore) outcome.refused = older;
  }
  const isAhead = hinted !== null && hinted > memory.known + 1;
  const ahead = isAhead ? await readPointer(options, memory, hinted) : null;
  let newest = typeof ahead === "object" ? ahead : null;
  if (typeof ahead === "string" && ahead !== refusedBefore) outcome.refused = ahead;
  let version = newest?.version ?? memory.known;
  for (let count = 0; count < mostPointers; count++) {
    const found = await readPointer(options, memory, ++version);
    if (found === null) break;
    if (found === refusedBefore) continue;
    if (typeof found === "string") {
      outcome.refused = found;
      break;
    }
    newest = found;
  }
  return newest;
}

/** By what a refused pointer is known again: its ETag, so that it is not sent again, or else its content. */
const markOf = ({ etag, body }: StoredObject): string => etag ?? sha256Of(body).slice(0, 16);

const refusedBefore = "refused before";

/** Reads one pointer; null where there is none, why where it is refused. */
async function readPointer(
  { config, store }: FetchOptions,
  { refused }: ModelsRecord,
  version: number,
): Promise<ModelPointer | string | null> {
  const { group, trust } = config.models;
  const key = pointerKey(group, version);
  const before = refused[version];
  let found: StoredObject | null = null;
  try {
    const asked = await store.get(key, {
      mostBytes: mostPointerBytes,
      etag: before ?? null,
      isForbiddenMissing: true,
    });
    if (asked === "unchanged") return refusedBefore;
    if (asked === null) return null;
    found = asked;
    if (markOf(found) === before) return refusedBefore;
    return decodePointer(found.body, { group, version, trust }, key);
  } catch (error) {
    if (!(error instanceof RivuletError) || !isRefusal(error)) throw error;
    // The version itself is not refused: a network with a login page answers everything, and the true pointer comes later.
    if (found !== null) refused[version] = markOf(found);
    for (const oldest of Object.keys(refused).slice(0, -mostRefused)) delete refused[oldest];
    return error.message;
  }
}

async function take(
  { directory, config, store, dryRun = false }: FetchOptions,
  { requireFitting, mostBytes, requireSound }: ModelChecks,
  memory: ModelsRecord,
  pointer: ModelPointer,
  outcome: FetchOutcome,
): Promise<void> {
  const { version, bytes, description } = pointer;
  const where = nameOf(pointer);
  requireFitting(description, where);
  if (bytes > mostBytes) {
    throw new RivuletError(
      "sync.model",
      `${where} has ${bytes} bytes, expected at most ${mostBytes}, as the learner of this config is planned; publish a smaller network`,
    );
  }
  if (!dryRun) {
    const body = await signedBytes(store, memory, pointer);
    requireSound(body, where);
    outcome.path = withDiskError(directory, () => putIntoInbox(directory, config.models, pointer, body));
  }
  outcome.version = version;
  outcome.bytes = bytes;
}

/**
 * Fetches the bytes that a pointer names. What differs may be the page of a network that asks for a password, or what is
 * left of an object that is sent again, so it counts as away until it has differed in several runs.
 */
async function signedBytes(
  store: FetchOptions["store"],
  memory: ModelsRecord,
  pointer: ModelPointer,
): Promise<Buffer> {
  const { group, version, sha256, bytes } = pointer;
  let fault = `${nameOf(pointer)} is announced, but the host does not have it at present; the next run asks for it again`;
  try {
    const found = await store.get(modelKey(group, sha256), { mostBytes: bytes });
    // The bytes are there before their pointer, so a store that is restarting shows them later.
    if (found === null || found === "unchanged") throw new RivuletError("sync.unreachable", fault);
    const actual = sha256Of(found.body);
    if (found.body.length === bytes && actual === sha256) return found.body;
    fault = `${nameOf(pointer)} has ${found.body.length} bytes with the SHA-256 ${actual.slice(0, 16)}, expected ${bytes} with ${sha256.slice(0, 16)}`;
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== "sync.bad-answer") throw error;
    fault = error.message;
  }
  const tries = (memory.wrong?.version === version ? memory.wrong.tries : 0) + 1;
  memory.wrong = { version, tries };
  if (tries < mostTries) {
    throw new RivuletError("sync.unreachable", `${fault}; the next run asks for it again`);
  }
  throw new RivuletError("sync.model", `${fault}, in ${tries} runs`);
}

function putIntoInbox(
  directory: string,
  source: ModelSource,
  { version, sha256 }: ModelPointer,
  bytes: Uint8Array,
): string {
  const inbox = inboxOf(directory);
  fs.mkdirSync(inbox, { recursive: true });
  const path = join(inbox, waitingNameOf(version, sha256, source));
  writeFileDurablySync(path, [bytes]);
  // A daemon that was away for long needs only the newest; and what a killed run left half written, nobody.
  removeWaiting(directory, source, version);
  return path;
}

/** Runs a change of the folder, and reports its failure in a sentence. */
function withDiskError<T>(directory: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw diskError(error, `cannot keep the model in ${directory}`, directory);
  }
}

/** The newest version that waits for the daemon; 0: none. */
function newestIn(directory: string, source: ModelSource): number {
  return waitingModels(directory, source).at(-1)?.version ?? 0;
}

/** The newest version of a source that the daemon has seen, as its newest checkpoint tells; 0: none. */
function knownToDaemon(directory: string, models: ModelSource): number {
  const read = (bytes: Uint8Array, path: string) => reportFrom(summarizeCheckpoint(bytes, path).status);
  const { model = null } = newestCheckpoint(directory, read, () => {})?.checkpoint ?? {};
  if (model === null) return 0;
  const own = sourceMark(models);
  return (model.group ?? models.group) === models.group && (model.source ?? own) === own ? model.version : 0;
}
