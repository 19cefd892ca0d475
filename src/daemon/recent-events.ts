/** The latest lines of the log, for whoever looks later. */
import type { RecentEvent } from "../status/document.ts";
import type { Log } from "./log.ts";

const kept = 40;

export class RecentEvents {
  /** The oldest first. */
  readonly list: RecentEvent[] = [];

  /** A log that also keeps what it passes on; the regular status is no event. */
  around(log: Log): Log {
    return (entry) => {
      log(entry);
      const { event, text, problem = false } = entry;
      if (event === "status") return;
      if (this.list.length === kept) this.list.shift();
      this.list.push({ time: new Date().toISOString(), event, text, problem });
    };
  }
}
