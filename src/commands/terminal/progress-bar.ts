import type { WriteStream } from "node:tty";
import { formatDuration } from "../../wording/quantities.ts";
import { cut } from "./screen.ts";

/** Repainted no more often than this: a terminal is slower than a training step. */
const repaintMs = 100;

/**
 * A line on standard error that fills up: the share that is done, the rate, the time left, and a note of the caller's.
 * Draws nothing where the stream is no terminal.
 */
export class ProgressBar {
  readonly #stream: WriteStream;
  readonly #unit: string | null;
  #started: number | null = null;
  #paintedAt = Number.NEGATIVE_INFINITY;

  /** `unit` is a plural, such as `rows`; null where its rate says nothing. */
  constructor(stream: WriteStream, unit: string | null) {
    this.#stream = stream;
    this.#unit = unit;
  }

  /** Shows `done` of `total` units; the first call starts the clock. Do not call it once a sample: it reads the clock. */
  update(done: number, total: number, note: string): void {
    const now = performance.now();
    this.#started ??= now;
    if (!this.#stream.isTTY || (now - this.#paintedAt < repaintMs && done < total)) return;
    this.#paintedAt = now;
    const share = Math.min(1, done / total);
    const elapsed = now - this.#started;
    const rate = elapsed > 0 ? done / (elapsed / 1000) : 0;
    const left = share > 0 ? formatDuration((elapsed * (1 - share)) / share) : "?";
    const filled = Math.round(share * 24);
    const bar = "█".repeat(filled) + "░".repeat(24 - filled);
    const speed = this.#unit === null ? "" : `  ${Math.round(rate)} ${this.#unit}/s`;
    const line = `${bar} ${(share * 100).toFixed(0).padStart(3)} %${speed}  ${left} left  ${note}`;
    this.#stream.write(`\r${cut(line, Math.max(20, this.#stream.columns || 80) - 1)}\u001b[K`);
  }

  /** Erases the line; call it also after a failure. */
  close(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}

/** The note about the last loss, where there is one. */
export const lossNote = (loss: number | null | undefined): string =>
  loss === null || loss === undefined ? "" : `loss ${loss.toPrecision(4)}`;
