/**
 * How much emulated time is due: it follows a clock of real time, `speed` times as fast. After a stall the
 * missing time is handed out in slices, so that whoever paces can still answer between them.
 */
export interface Pacing {
  /** Emulated milliseconds to run now, at most one slice. What it gives counts as run. */
  due(): number;
  /** Whether more is owed than the last `due` gave: call it again without waiting. */
  readonly behind: boolean;
  /** Lets emulated time stand still since the last `due`: what has passed meanwhile is not owed. */
  hold(): void;
}

/** The most emulated time that one `due` gives. */
const sliceMs = 50;

/**
 * Time that is owed beyond this is forgotten: a machine that was suspended for an hour goes on from where
 * it was instead of racing through the hour.
 */
const owedAtMostMs = 10_000;

/**
 * Pacing whose time begins now.
 *
 * @param speed emulated time over real time
 * @param now a clock in milliseconds that never goes back, such as `performance.now`
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
