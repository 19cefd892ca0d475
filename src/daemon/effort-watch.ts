/** Lowers the effort of the learner where the daemon falls behind its stream because learning takes too long. */
import { type Effort, effortBelow } from "../learner/effort.ts";
import type { SampleRing } from "../samples/ring.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import { formatDuration } from "../wording/quantities.ts";
import type { Log } from "./log.ts";

/** Time between two checks of the daemon. */
export const checkEveryMs = 5000;
/** Checks in a row that find the daemon behind, before anything is done: half a minute. */
const fewestBehind = 6;
/** Share of the time that learning takes, where it is what the samples wait for. */
const leastBusy = 0.7;
/** A check that comes this many times later than it should follows a stall, of a disk or of the whole machine. */
const lateChecks = 3;

/** What the watch looks at, and acts on. */
export interface EffortWatched {
  /** Samples that wait for learning. */
  ring: Pick<SampleRing, "length" | "capacity">;
  /** Samples that were discarded so far. */
  dropped: () => number;
  /** [1]: milliseconds that learning has taken so far. */
  busyMs: Float64Array;
  clock: SteadyClock;
  /** Learning is paused: then it takes no time that could be saved. */
  isPaused: () => boolean;
  effort: () => Effort;
  setEffort: (effort: Effort) => void;
  log: Log;
}

/**
 * Returns a check, to be called every `checkEveryMs`. It steps down one level where six checks in a row found that samples
 * were dropped, or that more than half of the ring was full and no fewer than before, while learning took most of the
 * time. It never steps up: a board that was too slow once is so again, and each step costs what was learned of rows.
 */
export function createEffortWatch({ ring, busyMs, clock, log, ...watched }: EffortWatched): () => void {
  let behind = 0;
  let before = { at: clock.now(), busy: busyMs[0], dropped: watched.dropped(), waiting: ring.length };

  /** Whether the time since the last check was too short for the samples that came in it. */
  function isBehind(): boolean {
    const last = before;
    before = { at: clock.now(), busy: busyMs[0], dropped: watched.dropped(), waiting: ring.length };
    const elapsed = before.at - last.at;
    const grows =
      before.dropped > last.dropped || (2 * ring.length > ring.capacity && before.waiting >= last.waiting);
    const isStalled = elapsed > lateChecks * checkEveryMs;
    return grows && !isStalled && !watched.isPaused() && before.busy - last.busy >= leastBusy * elapsed;
  }

  return () => {
    behind = isBehind() ? behind + 1 : 0;
    if (behind < fewestBehind) return;
    behind = 0;
    const from = watched.effort();
    const to = effortBelow(from);
    if (to === null) return;
    watched.setEffort(to);
    log({
      event: "effort",
      text: `learning fell behind the samples for ${formatDuration(fewestBehind * checkEveryMs)}: effort steps down from ${from} to ${to} and stays there; training.effort: high brings it back`,
      problem: true,
      details: { from, to },
    });
  };
}
