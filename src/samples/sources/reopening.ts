/** What sources have in common that are opened again for as long as they live: how long they wait, and what they tell. */
import type { SourceState } from "./source.ts";

export interface ReopenOptions {
  /** Delay before the first attempt to open again; it doubles with each failure. Default 250 ms. */
  reopenAfterMs?: number;
  /** Longest delay between two attempts. Default 10 s. */
  reopenCeilingMs?: number;
  /** Told of each change of state, and of a new reason for waiting, with a sentence for the log. */
  onState?: (state: SourceState, sentence: string) => void;
}

export const usualReopenCeilingMs = 10_000;

/** Delays that grow from attempt to attempt. */
export class BackOff {
  readonly #firstMs: number;
  readonly #ceilingMs: number;
  #nextMs: number;

  constructor({ reopenAfterMs = 250, reopenCeilingMs = usualReopenCeilingMs }: ReopenOptions) {
    this.#firstMs = reopenAfterMs;
    this.#ceilingMs = reopenCeilingMs;
    this.#nextMs = reopenAfterMs;
  }

  /** The delay before the next attempt. */
  next(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, this.#ceilingMs);
    return delayMs;
  }

  /** Only bytes prove a source good: one that opens and dies at once is asked less and less often. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

/** Tells of each state once, and again only for another reason. */
export class StateReporter {
  /** Null before the first. */
  state: SourceState | null = null;
  /** Why the source waits. */
  reason = "";
  readonly #onState: ReopenOptions["onState"];

  constructor({ onState }: ReopenOptions) {
    this.#onState = onState;
  }

  tell(state: SourceState, reason: string, sentence: string): void {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.#onState?.(state, sentence);
  }
}
