/**
 * Two boards with one name and key, as after copying a card. Each document has a random number, which the board that sends
 * it remembers: one that it has not sent itself is of another board. So neither a mark of the machine is needed, which a
 * copy would have too, nor a memory at the host or store.
 */
import type { DeviceStatus } from "./device-status.ts";
import { mostIds, type SyncRecord } from "./sync-record.ts";

/** What was found is reported for this long, as another board may send more rarely, and for at least some runs. */
const toldMs = 48 * 3_600_000;
const toldRuns = 3;

/**
 * Looks whether another board has sent the document at the host, and remembers the number of the next one.
 * @param there null: the host has none
 * @param id of the document that will be sent
 */
export function noteSender(
  record: SyncRecord,
  there: DeviceStatus | null,
  { id, everyMs }: { id: string; everyMs: number },
): void {
  const { ids = [], arrived, sharedRuns } = record;
  // Who remembers no document, as on a new card, takes over from the board before, and what that has found.
  const isTakeover = ids.length === 0 && arrived === undefined;
  // What an earlier version sent has no number.
  const isOwn = there?.id === undefined || isTakeover || there.id === arrived || ids.includes(there.id);
  if (!isOwn || (isTakeover && there?.sync.isShared)) record.sharedRuns = 0;
  else if (sharedRuns !== undefined) record.sharedRuns = sharedRuns + 1;
  const { sharedRuns: runs = 0 } = record;
  if (runs >= toldRuns && runs * everyMs >= toldMs) delete record.sharedRuns;
  if (isOwn && there?.id !== undefined) record.arrived = there.id;
  record.ids = [...ids, id].slice(-mostIds);
}

/** What to do about another board, in one sentence; null where none was found lately. */
export function sharedNameProblem({
  device,
  sharedRuns,
}: Pick<SyncRecord, "device" | "sharedRuns">): string | null {
  if (sharedRuns === undefined) return null;
  const when = sharedRuns === 0 ? "" : ` (noticed ${sharedRuns} ${sharedRuns === 1 ? "run" : "runs"} ago)`;
  return `another board sends as ${device} too, or this one did before its card was put back${when}: after copying a card, give the copy a name of its own with rivulet host add`;
}
