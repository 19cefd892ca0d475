/** How often to save by default: as often as an SD card can bear for years. */

const dayMs = 24 * 60 * 60 * 1000;
const shortestMs = 10 * 60 * 1000;
/** Most bytes that saves write in a day. */
const mostBytesADay = 10_000_000;
/** What ext4 adds to each save: a new file, its name, the old one's end, and its journal. `npm run bench -- sd-card`. */
const fileSystemBytes = 32 * 1024;

/** Milliseconds from one save to the next where the config names none: max(10 min, day (bytes + 32 KiB) / 10 MB). */
export function savingInterval(checkpointBytes: number): number {
  return Math.max(shortestMs, Math.ceil((dayMs * (checkpointBytes + fileSystemBytes)) / mostBytesADay));
}

/** Saves in a day of learning, and the bytes that they write, those of the file system included. */
export function dailySaves(everyMs: number, checkpointBytes: number): { checkpoints: number; bytes: number } {
  const checkpoints = Math.ceil(dayMs / everyMs);
  return { checkpoints, bytes: checkpoints * (checkpointBytes + fileSystemBytes) };
}
