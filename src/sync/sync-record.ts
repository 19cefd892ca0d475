/**
 * What a device remembers of its host, in one small file beside its checkpoints, `sync.json`. Losing it costs only that
 * checkpoints are sent again, which changes nothing at the host. The daemon reads it, so it loads nothing.
 */
import { join } from "node:path";
import type { CheckpointFile } from "../checkpoint/checkpoint-names.ts";
import { removeSync, writeFileDurablySync } from "../checkpoint/durable-file.ts";
import type { Spare } from "../checkpoint/retention.ts";
import { readRegularFile } from "../machine/regular-file.ts";

export interface SyncRecord {
  /** Where it was sent to: for another host, or another name there, nothing was sent yet. */
  to: string;
  device: string;
  /** Number of the last status document. */
  counter: number;
  /** Sequence numbers up to this one are counted in `sentBefore` and `dropped`. */
  through: number;
  sentBefore: number;
  /** Checkpoints that were deleted before they could be sent. */
  dropped: number;
  /** Sequence numbers above `through` that are done, each with the begin of its digest, or "damaged". */
  done: Record<string, string>;
  /** Time of the last run that reached the host, by the device's clock; null: none. */
  lastSuccess: string | null;
}

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
    return isRecord(found) ? found : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isRecord(found: Partial<SyncRecord>): found is SyncRecord {
  const { counter, through, sentBefore, dropped, done } = found;
  return [counter, through, sentBefore, dropped].every(isCount) && typeof done === "object" && done !== null;
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
  // A folder that was begun anew counts from 1 again.
  if (newest < record.through) Object.assign(record, { through: oldest - 1, done: {} });
  for (const key of Object.keys(record.done)) if (Number(key) > newest) delete record.done[key];
  // What was there before the first run was never due.
  if (record.through === 0 && record.counter === 0 && Object.keys(record.done).length === 0)
    record.through = oldest - 1;
  const there = new Set(present.map(({ sequence }) => sequence));
  for (let sequence = record.through + 1; sequence < oldest; sequence++) {
    const digest = record.done[sequence];
    if (digest === undefined) record.dropped++;
    else if (isSent(digest)) record.sentBefore++;
    delete record.done[sequence];
  }
  record.through = Math.max(record.through, oldest - 1);
  // A file may be deleted between two that stay, where someone tidies up by hand.
  for (let sequence = oldest; sequence < newest; sequence++) {
    if (!there.has(sequence) && record.done[sequence] === undefined) {
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
