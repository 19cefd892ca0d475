/** Progress counters of the daemon that the watchdog compares. All but `queued` only increase. */
export interface Pulse {
  /** Samples that were learned from, or only predicted or skipped where the config or a button demands that. */
  handled: number;
  /** Bytes received. */
  bytes: number;
  /**
   * How often the source polled for bytes or for its port, one number for each of several devices; absent where the
   * source does not poll.
   */
  looks?: number | readonly number[];
  /** Samples in the queue. */
  queued: number;
}

/** Why the daemon counts as stuck, as the end of a sentence. */
type Fault = string;

/** Decides from progress counters whether the daemon is stuck. */
export interface Watchdog {
  /**
   * Compares the counters with those of the last healthy check. Call it several times per watchdog interval.
   *
   * @returns `null` when the daemon is healthy, otherwise why not
   */
  look(pulse: Readonly<Pulse>): Fault | null;
}

/**
 * Creates a watchdog that distinguishes a stuck daemon from an idle one.
 *
 * That this code runs proves only that the event loop works. A daemon is healthy if its source still polls, for bytes or
 * for a missing port, and if one of these holds:
 *
 * - Since the last healthy check it has learned from a sample, or predicted one that it should not learn from, or skipped
 *   one with values that cannot be true. A restart would repair no sensor, and would reset the count of equal values.
 * - It has nothing to learn from: no byte arrived since the last check, and the queue is empty. A silent device or a
 *   pulled plug is not the daemon's fault, and a restart would lose what it learned since its last checkpoint. The source
 *   must still poll, because one whose timer or attempt to open has died is silent too, and stays silent.
 *
 * A daemon that receives bytes continuously and learns from none of them is not healthy. Often the device is at fault,
 * but a restart sets the baud rate again, if another program has changed it, and opening the port resets an Arduino.
 * Nothing is lost, because nothing is being learned. Silence is measured between two checks, so half a frame before a
 * device stops, or an occasional line of text, is not a fault.
 *
 * @param first the counters at the start
 */
export function createWatchdog(first: Readonly<Pulse>): Watchdog {
  let healthy = first;
  let latest = first;

  function faultOf(now: Readonly<Pulse>): Fault | null {
    if (hasStopped(now.looks, healthy.looks)) return "the source no longer polls for bytes";
    if (now.handled > healthy.handled) return null;
    if (now.queued > 0) return `${now.queued} samples are queued and none is learned from`;
    if (now.bytes > latest.bytes) {
      return `${now.bytes - healthy.bytes} bytes were received and no sample was learned from; check that fields, framing and baud rate match what the device sends`;
    }
    return null;
  }

  return {
    look(now) {
      const fault = faultOf(now);
      latest = now;
      if (fault === null) healthy = now;
      return fault;
    },
  };
}

/** Whether one of the polling sources has not polled since `before`. */
function hasStopped(now: Pulse["looks"] = [], before: Pulse["looks"] = []): boolean {
  const earlier = [before].flat();
  return [now].flat().some((looks, source) => looks === earlier[source]);
}
