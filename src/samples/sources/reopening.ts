/** What reconnecting sources have in common: the delays between attempts, and the reports of their state. */
import type { SourceState } from "./source.ts";

/** When a source reconnects, and who is informed. */
export interface ReopenOptions {
  /** Delay before the first attempt to open again; it doubles with each failure. Default 250 ms. */
  reopenAfterMs?: number;
  /** Longest delay between two attempts. Default 10 s. */
  reopenCeilingMs?: number;
  /** Called at each change of state, and for a new reason of waiting, with a sentence for the log. */
  onState?: (state: SourceState, sentence: string) => void;
}

/** Default of `reopenCeilingMs`. */
export const usualReopenCeilingMs = 10_000;

/** Exponential back-off: delays that double from attempt to attempt, up to a limit. */
export class BackOff {
  readonly #firstMs: number;
  readonly #ceilingMs: number;
  #nextMs: number;

  constructor({ reopenAfterMs = 250, reopenCeilingMs = usualReopenCeilingMs }: ReopenOptions) {
    this.#firstMs = reopenAfterMs;
    this.#ceilingMs = reopenCeilingMs;
    this.#nextMs = reopenAfterMs;
  }

  /** Returns the delay before the next attempt, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, this.#ceilingMs);
    return delayMs;
  }

  /**
   * Call it when bytes arrive. Not when the source opens: one that opens and fails at once is to be tried less often.
   */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

/** Reports each change of state once, and a repeated state only for another reason. */
export class StateReporter {
  /** Latest state reported; null before the first. */
  state: SourceState | null = null;
  /** Reason reported with it. */
  reason = "";
  readonly #onState: ReopenOptions["onState"];

  constructor({ onState }: ReopenOptions) {
    this.#onState = onState;
  }

  report(state: SourceState, reason: string, sentence: string): void {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.#onState?.(state, sentence);
  }
}
