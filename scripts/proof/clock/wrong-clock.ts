/** A system clock that somebody sets, and a steady clock beside it; both pass only when they are told to. */
import { createSteadyClock, type SteadyClock } from "../../../src/samples/sources/clock.ts";

const trueBegin = Date.UTC(2026, 2, 1);

export class WrongClock {
  /** Milliseconds since the beginning, by a clock that nobody sets. */
  passed = 0;
  /** How far the system clock is off; positive: ahead. */
  offMs = 0;

  get systemMs(): number {
    return trueBegin + this.passed + this.offMs;
  }

  /** Makes the system clock show a moment. */
  show(systemMs: number): void {
    this.offMs = systemMs - trueBegin - this.passed;
  }

  /** The steady clock of a process that starts now. */
  ofProcess(): SteadyClock {
    return createSteadyClock({ system: () => this.systemMs, uptime: () => this.passed / 1000 });
  }

  /** The clock of a program that does not know better: what the system shows. What to expect of a proof is then known. */
  naive(): SteadyClock {
    return { now: () => this.systemMs, systemAhead: () => 0 };
  }
}

/** Lets every `Date` of this process show the time of a clock while work is done. */
export async function withDates<T>(clock: WrongClock, work: () => Promise<T>): Promise<T> {
  const Real = globalThis.Date;
  class FakeDate extends Real {
    constructor(...given: unknown[]) {
      super(...((given.length > 0 ? given : [clock.systemMs]) as [number]));
    }

    static override now(): number {
      return clock.systemMs;
    }
  }
  globalThis.Date = FakeDate as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = Real;
  }
}
