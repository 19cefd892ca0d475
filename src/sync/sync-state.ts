/** State of sending to the host, from the record that each run of it leaves: no connection is opened. */
import { sharedNameProblem } from "./shared-name.ts";
import type { SyncConfig } from "./sync-config.ts";
import { dueIn, readSyncRecord, sentCount } from "./sync-record.ts";

export interface SyncState {
  /** Time of the last run that reached the host, by the device's clock, ISO 8601; null: none. */
  lastSuccess: string | null;
  /** Checkpoints that the host has, that wait in the folder, and that were deleted before they could be sent. */
  sent: number;
  waiting: number;
  dropped: number;
  /** What to do about another board of the same name, in one sentence; null where none was found lately. */
  problem: string | null;
}

/** Reads what the last runs of `rivulet sync` left. @throws RivuletError where the folder cannot be read */
export function readSyncState(
  directory: string,
  { to, device, backlog }: Pick<SyncConfig, "to" | "device" | "backlog">,
): SyncState {
  const record = readSyncRecord(directory, to, device);
  const waiting = dueIn(directory, record, backlog).length;
  const { lastSuccess, dropped } = record;
  return { lastSuccess, sent: sentCount(record), waiting, dropped, problem: sharedNameProblem(record) };
}
