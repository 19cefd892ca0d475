/**
 * Computes how much emulated time is due: it follows real time, `speed` times as fast. After a stall the missing time
 * is returned in slices, so that the caller can do other work between them.
 */
export interface Pacing {
  /** Returns the emulated milliseconds to run now, at most one slice. They count as run. */
  due(): number;
  /** Whether more is due than the last `due` returned: call it again without waiting. */
  readonly behind: boolean;
  /** Pauses emulated time since the last `due`: the real time that has passed is not due. */
  hold(): void;
}

/** Most emulated time that one `due` returns. */
const sliceMs = 50;

/**
 * Most emulated time that can be due; more is dropped. A machine that was suspended for an hour continues where it was,
 * instead of emulating the whole hour.
 */
const owedAtMostMs = 10_000;

/**
 * Creates a pacing that begins now.
 *
 * @param speed emulated time divided by real time
 * @param now a monotonic clock in milliseconds, such as `performance.now`
 */
export function createPacing(speed: number, now: () => number): Pacing {
  let last = now();
  let owed = 0;
  return {
    due() {
      const time = now();
      owed = Math.min(owed + (time - last) * speed, owedAtMostMs * speed);
      last = time;
      const slice = Math.min(owed, sliceMs * Math.max(1, speed));
      owed -= slice;
      return slice;
    },
    get behind() {
      return owed > 0;
    },
    hold() {
      last = now();
    },
  };
}
