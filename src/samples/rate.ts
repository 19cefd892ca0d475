/** How many samples are looked at together, at least; and for how long, at least. */
const windowSamples = 10;
const windowMs = 10_000;
/** More than so many times the declared rate, or less than one part in so many, is far from it. */
const farFactor = 2;

/** What a look at the rate has shown: that it became far from the declared one, or that it is right again. */
export type RateChange = "far" | "right" | null;

/**
 * Compares the rate at which samples come with the declared one, window by window. A window in which the source went
 * away or was opened, or in which nothing came at all, says nothing of the device's rate: that is the source's to tell.
 */
export class RateWatch {
  /** Samples a second, as declared. */
  readonly declared: number;
  /** Samples a second in the latest window; null before the first has passed. */
  measured: number | null = null;
  /** Windows in which the rate was less than half or more than double the declared one. */
  farWindows = 0;
  isFar = false;
  readonly #windowMs: number;
  #began: number;
  #samples: number;
  #breaks: number;

  /** @param now the time of a clock that is never set, in milliseconds; `samples` and `breaks` are counts so far, of
   *   samples that came and of times that the source went away or was opened */
  constructor(declared: number, now: number, samples: number, breaks: number) {
    this.declared = declared;
    this.#windowMs = Math.max(windowMs, (1000 * windowSamples) / declared);
    this.#began = now;
    this.#samples = samples;
    this.#breaks = breaks;
  }

  /** To be called every few seconds: judges the window that has passed, if one has. */
  look(now: number, samples: number, breaks: number): RateChange {
    const elapsedMs = now - this.#began;
    const wasBroken = breaks !== this.#breaks;
    if (elapsedMs < this.#windowMs && !wasBroken) return null;
    const came = samples - this.#samples;
    this.#began = now;
    this.#samples = samples;
    this.#breaks = breaks;
    if (wasBroken || came === 0) return null;
    this.measured = (1000 * came) / elapsedMs;
    const isFar = this.measured > farFactor * this.declared || farFactor * this.measured < this.declared;
    if (isFar) this.farWindows++;
    if (isFar === this.isFar) return null;
    this.isFar = isFar;
    return isFar ? "far" : "right";
  }
}
