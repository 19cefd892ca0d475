/** Compares the rate at which samples come with the one that a config declares. */
import { formatRate } from "../wording/quantities.ts";

/** A window holds at least this many samples, and lasts at least this long. */
const windowSamples = 10;
const windowMs = 10_000;
/** A rate is far from the declared one above this multiple of it, or below one part in this many. */
const farFactor = 2;

/** Whether a rate is less than half or more than double the declared one. */
export const isFarFrom = (rate: number, declared: number): boolean =>
  rate > farFactor * declared || farFactor * rate < declared;

/**
 * Says that samples come far more often, or far less, than the declared rate has them; null where they do not, and where
 * that is not known.
 * @param declared samples a second
 * @param usualMs time from one sample to the next by their own clock
 */
export function rateDoubt(declared: number | null, usualMs: number | null): string | null {
  if (declared === null || usualMs === null || !isFarFrom(1000 / usualMs, declared)) return null;
  const [found, expected] = [1000 / usualMs, declared].map(formatRate);
  return `samples come at ${found} by their own times, but source.rate declares ${expected}: horizons and windows are counted in samples by it, so correct source.rate`;
}

/** How the rate changed: it became far from the declared one, or it is right again; null: no change. */
export type RateChange = "far" | "right" | null;

/**
 * Compares the measured sample rate with the declared one, window by window. Windows in which the source was lost or
 * opened, or in which no sample arrived, are ignored: the source itself reports those.
 */
export class RateWatch {
  /** Declared rate, in samples per second. */
  readonly declared: number;
  /** Measured rate in the latest window, in samples per second; null before the first window has passed. */
  measured: number | null = null;
  /** Windows in which the rate was less than half or more than double the declared one. */
  farWindows = 0;
  isFar = false;
  readonly #windowMs: number;
  #began: number;
  #samples: number;
  #breaks: number;

  /**
   * @param declared samples per second
   * @param now time of a monotonic clock, in milliseconds
   * @param samples number of samples received so far
   * @param breaks number of times so far that the source was lost or opened
   */
  constructor(declared: number, now: number, samples: number, breaks: number) {
    this.declared = declared;
    this.#windowMs = Math.max(windowMs, (1000 * windowSamples) / declared);
    this.#began = now;
    this.#samples = samples;
    this.#breaks = breaks;
  }

  /** Evaluates the window if it has passed; call it every few seconds. */
  check(now: number, samples: number, breaks: number): RateChange {
    const elapsedMs = now - this.#began;
    const wasBroken = breaks !== this.#breaks;
    const came = samples - this.#samples;
    // Where this many come in a part of the window, its end need not be waited for: at one a day it is ten days away.
    const isTooMany = elapsedMs >= windowMs && 1000 * came > farFactor * this.declared * this.#windowMs;
    if (elapsedMs < this.#windowMs && !wasBroken && !isTooMany) return null;
    this.#began = now;
    this.#samples = samples;
    this.#breaks = breaks;
    if (wasBroken || came === 0) return null;
    this.measured = (1000 * came) / elapsedMs;
    const isFar = isFarFrom(this.measured, this.declared);
    if (isFar) this.farWindows++;
    if (isFar === this.isFar) return null;
    this.isFar = isFar;
    return isFar ? "far" : "right";
  }
}
