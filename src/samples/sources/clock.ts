/** Where a steady clock takes its time from. */
export interface TimeSources {
  /** The system's clock: milliseconds since the epoch. It may be set. */
  system?: () => number;
  /** Seconds since some moment, by a clock that is never set. */
  uptime?: () => number;
}

/**
 * A clock that nobody sets: it takes the time from the system once, when it is made, and goes on by itself. A board
 * without a clock of its own starts with a wrong time, and is put right by the network at some moment after; samples
 * keep their order and their distances over that, and the times are those of the first clock until the next start.
 */
export interface SteadyClock {
  /** Whole milliseconds since the epoch, which never go back. */
  now(): number;
  /** Milliseconds by which the system's clock was set since, forward or, below 0, back. */
  systemAhead(): number;
}

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

/** The clock of this process. */
export const steadyClock = createSteadyClock();
