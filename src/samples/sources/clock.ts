/** The clocks that a steady clock reads. */
export interface TimeSources {
  /** The system clock, in milliseconds since the epoch. It may be set while the process runs. */
  system?: () => number;
  /** A monotonic clock, in seconds since any moment. */
  uptime?: () => number;
}

/**
 * A clock that never jumps: it reads the system clock once, when it is created, and then follows a monotonic clock. A
 * board without a battery-backed clock starts with a wrong time, which NTP corrects later. Samples keep their order and
 * their intervals through that correction; until the next start their times follow the clock as it was at first.
 */
export interface SteadyClock {
  /** Returns whole milliseconds since the epoch, which never decrease. */
  now(): number;
  /** Returns the milliseconds by which the system clock was set forward (negative: back) since creation. */
  systemAhead(): number;
}

/** Creates a steady clock, which begins at the present system time. */
export function createSteadyClock({
  system = Date.now,
  // Not `performance`, which takes 0.7 MB to load.
  uptime = process.uptime,
}: TimeSources = {}): SteadyClock {
  const origin = system();
  const began = uptime();
  const now = () => origin + Math.floor(1000 * (uptime() - began));
  return { now, systemAhead: () => system() - now() };
}

/** The steady clock of this process. */
export const steadyClock = createSteadyClock();
