/** When a pause ends by itself. */
import type { SteadyClock } from "../samples/sources/clock.ts";
import type { State, Stateful } from "../state.ts";

/** Counts the time that is left of a pause; while the daemon is off, it does not run. */
export class PauseEnd implements Stateful {
  readonly #clock: Pick<SteadyClock, "now">;
  /** By the steady clock, in milliseconds; null: the pause lasts until somebody ends it. */
  #at: number | null = null;

  constructor(clock: Pick<SteadyClock, "now">) {
    this.#clock = clock;
  }

  /** Milliseconds from now; null: never. */
  set(milliseconds: number | null): void {
    this.#at = milliseconds === null ? null : this.#clock.now() + milliseconds;
  }

  /** Milliseconds until the end, 0 where it is over; null where the pause does not end by itself. */
  get leftMs(): number | null {
    return this.#at === null ? null : Math.max(0, this.#at - this.#clock.now());
  }

  state(): State {
    return this.leftMs;
  }

  restore(state: State): void {
    this.set(typeof state === "number" && state >= 0 ? state : null);
  }
}
