import type { WriteStream } from "node:tty";
import { formatDuration } from "../../wording/quantities.ts";
import { cut } from "./screen.ts";

/** Repainted no more often than this: a terminal is slower than a training step. */
const repaintMs = 100;

/**
 * A line that fills up on standard error: share done, rate, time left, and a text of the caller's. Draws nothing
 * when the stream is no terminal.
 */
export class ProgressBar {
  readonly #stream: WriteStream;
  readonly #total: number;
  readonly #unit: string;
  readonly #started = performance.now();
  #paintedAt = Number.NEGATIVE_INFINITY;

  /** `total` in units of which `unit` is the plural, such as `rows`. */
  constructor(stream: WriteStream, total: number, unit: string) {
    this.#stream = stream;
    this.#total = total;
    this.#unit = unit;
  }

  /** Call it as often as you like, but not once a sample: it looks at the clock. */
  update(done: number, note: string): void {
    const now = performance.now();
    if (!this.#stream.isTTY || (now - this.#paintedAt < repaintMs && done < this.#total)) return;
    this.#paintedAt = now;
    const share = Math.min(1, done / this.#total);
    const elapsed = now - this.#started;
    const rate = done / (elapsed / 1000);
    const left = share > 0 ? formatDuration((elapsed * (1 - share)) / share) : "?";
    const filled = Math.round(share * 24);
    const bar = "█".repeat(filled) + "░".repeat(24 - filled);
    const line = `${bar} ${(share * 100).toFixed(0).padStart(3)} %  ${Math.round(rate)} ${this.#unit}/s  ${left} left  ${note}`;
    this.#stream.write(`\r${cut(line, Math.max(20, this.#stream.columns || 80) - 1)}\u001b[K`);
  }

  /** Takes the line away, also after a failure. */
  close(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
