/** Tells when the system's clock was set. */
import type { SteadyClock } from "../samples/sources/clock.ts";
import { formatDuration } from "../wording/quantities.ts";
import type { Log } from "./log.ts";

/** A clock that is kept by NTP is off by less. */
const mostAheadMs = 5000;

/** Returns a check that logs once for each time the system's clock was set. */
export function createClockWatch(clock: SteadyClock, log: Log): () => void {
  let logged = 0;
  return () => {
    const ahead = clock.systemAhead();
    const jumpMs = ahead - logged;
    if (Math.abs(jumpMs) <= mostAheadMs) return;
    logged = ahead;
    log({
      event: "clock-set",
      text: `the system's clock was set ${jumpMs > 0 ? "forward" : "back"} by ${formatDuration(Math.abs(jumpMs))}; the times of samples go on as they were until the next start`,
      details: { jumpMs },
    });
  };
}
