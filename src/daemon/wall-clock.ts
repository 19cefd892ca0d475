/** What the wall clock shows at the time of a sample: hours and days are read from it. */
import type { Config } from "../config/config.ts";
import { clockIsSet, earliestTime } from "../machine/clock-set.ts";
import type { SampleClock } from "../samples/sample-clock.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";

const minuteMs = 60_000;

/**
 * The wall clock beside the times of samples. Those of a file, and those that a device sends as dates, are its own; samples
 * whose device counts from its start, or sends no time, have the time of this board, whose clock may be set later.
 */
export class WallClock {
  /** It shows no moment before this one; a file may be older than any board, and its times are taken as they are. */
  readonly earliestMs: number;
  /**
   * Milliseconds that it was ahead of the times of samples at the latest look; null while it was not set. Whole minutes,
   * which are enough for hours: what is learned must not depend on corrections by a millisecond.
   */
  known: number | null = null;
  readonly #isOfFile: boolean;
  readonly #clock: SteadyClock;
  readonly #deviceClock: SampleClock | null;
  /** Whether samples brought dates at the latest look. */
  #hadDates = false;

  constructor({ source }: Config, clock: SteadyClock, deviceClock: SampleClock | null) {
    this.#isOfFile = source.file !== null;
    this.earliestMs = this.#isOfFile ? Number.NEGATIVE_INFINITY : earliestTime;
    this.#clock = clock;
    this.#deviceClock = deviceClock;
  }

  /** Whether the times of samples are those of the wall clock. */
  get #hasDates(): boolean {
    return this.#isOfFile || this.#deviceClock?.isSinceEpoch === true;
  }

  /** Milliseconds that it is ahead of the times of samples. */
  ahead(): number {
    return this.#hasDates ? 0 : this.#clock.systemAhead();
  }

  /** Whether it is set. */
  isSet(): boolean {
    return this.#hasDates || clockIsSet(this.#clock.now() + this.#clock.systemAhead());
  }

  /** Whether samples have begun to bring dates since the latest look, or have stopped: then `look` is called at once. */
  get needsLook(): boolean {
    return this.#hadDates !== this.#hasDates;
  }

  /** Finds out what it shows; returns whether `known` has changed. */
  look(): boolean {
    const before = this.known;
    this.#hadDates = this.#hasDates;
    if (!this.isSet()) this.known = null;
    else if (before === null) this.known = minuteMs * Math.round(this.ahead() / minuteMs);
    // By less than a minute it does not move, so that no correction moves it to and fro.
    else this.known = before + minuteMs * Math.trunc((this.ahead() - before) / minuteMs);
    return this.known !== before;
  }
}
