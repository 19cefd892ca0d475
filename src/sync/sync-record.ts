/**
 * What a device remembers of its host, in one small file beside its checkpoints, `sync.json`. Losing it costs that
 * checkpoints are sent again, which changes nothing at the host, and that another board of the same name is noticed a run
 * later. The daemon reads it, so it loads nothing.
 */
import { join } from "node:path";
import { type CheckpointFile, listCheckpoints } from "../checkpoint/checkpoint-names.ts";
import { removeSync, writeFileDurablySync } from "../checkpoint/durable-file.ts";
import type { Spare } from "../checkpoint/retention.ts";
import { readRegularFile } from "../machine/regular-file.ts";
import { isCount } from "../state-check.ts";
import { isKnownVersions, type KnownVersions, versionOf, withVersion } from "./known-versions.ts";

export interface SyncRecord {
  /** Where it was sent to: for another host, or another name there, nothing was sent yet. */
  to: string;
  device: string;
  /** Number of the last status document. */
  counter: number;
  /** Of the last status documents, the newest last: another one at the host is of another board. Left out: none was sent. */
  ids?: string[];
  /** The one that is known to have arrived last, however many after it did not; left out: none is known. */
  arrived?: string;
  /** Runs since the last one that found the document of another board; left out where that is long ago, or never was. */
  sharedRuns?: number;
  /** Sequence numbers up to this one are counted in `sentBefore` and `dropped`. */
  through: number;
  sentBefore: number;
  /** Checkpoints that were deleted before they could be sent. */
  dropped: number;
  /** Sequence numbers above `through` that are done, each with the begin of its digest, or "damaged". */
  done: Record<string, string>;
  /** Time of the last run that reached the host, by the device's clock; null: none. */
  lastSuccess: string | null;
  /** What is known of models from the host; left out: nothing yet. */
  models?: ModelsRecord;
  /** What was known of the models of other groups and keys when they were used last; left out: none was. */
  versions?: KnownVersions;
}

/** What a device remembers of the models of a group that one key has signed. */
export interface ModelsRecord {
  group: string;
  /** Mark of the group and the key; left out in a record from before these were distinguished. */
  source?: string;
  /** The newest version that was taken, or refused though its signature is valid: what is not above it is never taken. */
  known: number;
  /** ETag of the hint that names it; null: none. */
  hint: string | null;
  /** Versions whose pointers are refused, each with the ETag or digest of what was there. */
  refused: Record<string, string>;
  /** The version of which the host had other bytes than are signed, and in how many runs; left out: of none. */
  wrong?: { version: number; tries: number };
  /** Why the last refused model was refused, until one is taken; null: none was. */
  refusal: string | null;
  /** Why the last run could not find out what there is; null where it could. */
  failure: string | null;
}

/**
 * More numbers than this in a row were never given to checkpoints: somebody has put in a file of another folder. Between
 * two that stay fewer are believed, as each of them is remembered.
 */
const mostDropped = 10_000_000;
const mostDroppedBetween = 10_000;

/** A store may bring back an older document, when a request that was given up arrives late: it is of this board all the same. */
export const mostIds = 8;

const name = "sync.json";
const mostBytes = 1 << 20;

const emptyRecord = (to: string, device: string): SyncRecord => ({
  to,
  device,
  counter: 0,
  through: 0,
  sentBefore: 0,
  dropped: 0,
  done: {},
  lastSuccess: null,
});

/** Reads the record of a checkpoint folder; an empty one where there is none, it is damaged, or it is of another host. */
export function readSyncRecord(directory: string, to: string, device: string): SyncRecord {
  const empty = emptyRecord(to, device);
  const found = readRecord(directory);
  return found !== null && found.to === to && found.device === device ? found : empty;
}

function readRecord(directory: string): SyncRecord | null {
  try {
    const text = readRegularFile(join(directory, name), { mostBytes, followLinks: false }).toString("utf8");
    const found = JSON.parse(text) as Partial<SyncRecord>;
    if (!isRecord(found)) return null;
    if (!isModelsRecord(found.models)) delete found.models;
    if (!isKnownVersions(found.versions)) delete found.versions;
    if (!areIds(found.ids)) delete found.ids;
    if (typeof found.arrived !== "string") delete found.arrived;
    if (!isSafeCount(found.sharedRuns)) delete found.sharedRuns;
    return found;
  } catch {
    return null;
  }
}

const isSafeCount = (value: unknown): boolean => isCount(value, Number.MAX_SAFE_INTEGER);

function isRecord(found: Partial<SyncRecord>): found is SyncRecord {
  const { counter, through, sentBefore, dropped, done } = found;
  return (
    [counter, through, sentBefore, dropped].every(isSafeCount) && typeof done === "object" && done !== null
  );
}

const areIds = (ids: unknown): boolean =>
  Array.isArray(ids) && ids.length <= mostIds && ids.every((each) => typeof each === "string");

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";

function isModelsRecord(found: Partial<ModelsRecord> | undefined): boolean {
  if (typeof found !== "object" || found === null) return false;
  const { group, source = "", known, hint, refused, refusal, failure } = found;
  const { wrong = { version: 0, tries: 0 } } = found;
  return (
    typeof group === "string" &&
    typeof source === "string" &&
    isSafeCount(known) &&
    isSafeCount(wrong?.version) &&
    isSafeCount(wrong?.tries) &&
    [hint, refusal, failure].every(isTextOrNull) &&
    typeof refused === "object" &&
    refused !== null &&
    Object.values(refused).every((each) => typeof each === "string")
  );
}

/**
 * What a record knows of the models of a group and key; of others it knows the newest version.
 * @param source their mark
 */
export function modelsIn({ models, versions = [] }: SyncRecord, group: string, source: string): ModelsRecord {
  if (models?.group === group && (models.source ?? source) === source) return { ...models, source };
  const known = versionOf(versions, source);
  return { group, source, known, hint: null, refused: {}, refusal: null, failure: null };
}

/** Puts what is known of the models of a group and key in the place of what a record knew of others. */
export function replaceModels(record: SyncRecord, models: ModelsRecord): void {
  const { models: before, versions = [] } = record;
  if (before?.source !== undefined && before.source !== models.source)
    record.versions = withVersion(versions, before.source, before.known);
  record.models = models;
}

/** Writes the record durably. @throws the file system's error */
export function writeSyncRecord(directory: string, record: SyncRecord): void {
  writeFileDurablySync(join(directory, name), [Buffer.from(`${JSON.stringify(record)}\n`)]);
}

/** Removes the record: all is sent again. */
export const removeSyncRecord = (directory: string): void => removeSync(join(directory, name));

/**
 * Counts what is no longer in the folder: sent, or deleted unsent. Numbers increase with every checkpoint, so one that is
 * neither there nor sent was dropped.
 *
 * @param present the checkpoints in the folder, oldest first
 */
export function settleRecord(record: SyncRecord, present: readonly CheckpointFile[]): void {
  if (present.length === 0) return;
  const newest = present[present.length - 1].sequence;
  const oldest = present[0].sequence;
  // A folder that was emptied counts from 1 again.
  if (newest < record.through) Object.assign(record, { through: oldest - 1, done: {} });
  for (const key of Object.keys(record.done)) if (Number(key) > newest) delete record.done[key];
  // What was there before the first run was never due.
  if (record.through === 0 && record.counter === 0 && Object.keys(record.done).length === 0)
    record.through = oldest - 1;
  settleBefore(record, oldest);
  settleBetween(record, present);
}

/**
 * The checkpoints of a folder that are to be sent, newest first; what is no longer there is counted in the record.
 * @throws RivuletError where the folder cannot be read
 */
export function dueIn(directory: string, record: SyncRecord, backlog: number): CheckpointFile[] {
  const present = listCheckpoints(directory);
  settleRecord(record, present);
  return present
    .slice(-backlog)
    .filter(({ sequence }) => record.done[sequence] === undefined)
    .reverse();
}

/** Counts the numbers before the oldest that is there. */
function settleBefore(record: SyncRecord, oldest: number): void {
  let gone = oldest - 1 - record.through;
  for (const [key, digest] of Object.entries(record.done)) {
    if (Number(key) >= oldest) continue;
    if (isSent(digest)) record.sentBefore++;
    if (Number(key) > record.through) gone--;
    delete record.done[key];
  }
  if (gone > 0 && gone <= mostDropped) record.dropped += gone;
  record.through = Math.max(record.through, oldest - 1);
}

/** A file may be deleted between two that stay, where someone tidies up by hand. */
function settleBetween(record: SyncRecord, present: readonly CheckpointFile[]): void {
  for (const [index, { sequence: next }] of present.entries()) {
    const before = index === 0 ? next - 1 : present[index - 1].sequence;
    if (next - before > mostDroppedBetween) continue;
    for (let sequence = before + 1; sequence < next; sequence++) {
      if (record.done[sequence] !== undefined) continue;
      record.done[sequence] = missing;
      record.dropped++;
    }
  }
}

/** Marks of checkpoints that are done without having been sent. */
export const damaged = "damaged";
const missing = "missing";
const isSent = (digest: string) => digest !== damaged && digest !== missing;

/** Checkpoints that the host has. */
export const sentCount = (record: SyncRecord): number =>
  record.sentBefore + Object.values(record.done).filter(isSent).length;

/** Lets the store keep the newest `backlog` checkpoints for as long as they are not sent. */
export function keepUnsent(directory: string, backlog: number): Spare {
  return (complete) => {
    const done = readRecord(directory)?.done ?? {};
    return complete.slice(-backlog).filter(({ sequence }) => !Object.hasOwn(done, String(sequence)));
  };
}
