/** Progress counters of the daemon that the watchdog compares; they only rise, but for `queued`. */
export interface Pulse {
  /** Samples that were learned from, or predicted or skipped where that is all that is asked for. */
  handled: number;
  /** Bytes that came. */
  bytes: number;
  /** Times that the source looked for bytes, or for its port, each where it is several; absent where it is called instead. */
  looks?: number | readonly number[];
  /** Samples that wait. */
  queued: number;
}

/** Why the daemon is taken for stuck, as the end of a sentence. */
type Fault = string;

export interface Watchdog {
  /**
   * Looks at the daemon again, to be called several times in a period: `null` when it is well, else why not. What
   * happened counts from the last time it was well.
   */
  look(pulse: Readonly<Pulse>): Fault | null;
}

/**
 * Tells a daemon that is stuck from one that has nothing to do.
 *
 * That this code runs at all says only that the event loop turns. Well is a daemon whose source still looks, be it for
 * bytes or for a port that is away, and that
 *
 * - has learned from a sample since it was well, or predicted one that it was not to learn from, or skipped one whose
 *   values cannot be true: to start again would cure no sensor, and forget how long its value has been the same, or
 * - has nothing to learn from: no byte came since the last look, and no sample waits. A silent device and a pulled plug
 *   are not the daemon's fault, and to start it again would cost what it learned since its last checkpoint. But the
 *   source must be seen to look: one whose timer or attempt to open died is silent too, and silent for ever.
 *
 * Not well is one to which bytes come without end and that learns from none of them. Often the device is at fault, not
 * the daemon; but to start again sets a port's baud rate anew, where another program has changed it, and opening it
 * resets an Arduino. There is nothing to lose either, as nothing is being learned. Silence counts from look to look, so
 * that half a frame before a device falls silent, or a line of text now and then, is not held against anybody.
 */
export function createWatchdog(first: Readonly<Pulse>): Watchdog {
  let well = first;
  let latest = first;

  function faultOf(now: Readonly<Pulse>): Fault | null {
    if (hasStopped(now.looks, well.looks)) return "the source no longer looks for bytes";
    if (now.handled > well.handled) return null;
    if (now.queued > 0) return `${now.queued} samples wait and none is learned from`;
    if (now.bytes > latest.bytes) {
      return `${now.bytes - well.bytes} bytes came and no sample was learned from; check that fields, framing and baud rate are what the device sends`;
    }
    return null;
  }

  return {
    look(now) {
      const fault = faultOf(now);
      latest = now;
      if (fault === null) well = now;
      return fault;
    },
  };
}

/** Whether one of those that look has not looked since. */
function hasStopped(now: Pulse["looks"] = [], before: Pulse["looks"] = []): boolean {
  const earlier = [before].flat();
  return [now].flat().some((looks, source) => looks === earlier[source]);
}
