/** Whether the clock of the machine can be believed. */
import { existsSync } from "node:fs";

/** The release date of Node 20, in milliseconds since the epoch: a clock that shows an earlier time was never set. */
export const earliestTime = Date.UTC(2023, 3, 18);

const timesync = "/run/systemd/timesync";

/**
 * Whether the system's clock can be believed: it shows no time before this program existed, and where systemd-timesyncd keeps
 * it, that has set it since the boot.
 */
export function clockIsSet(now = Date.now(), exists: (path: string) => boolean = existsSync): boolean {
  return now >= earliestTime && (!exists(timesync) || exists(`${timesync}/synchronized`));
}
