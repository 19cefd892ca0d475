/**
 * Exponentially weighted mean and variance: what lies `n` values back counts (1 - alpha)^n.
 * The variance follows Finch, "Incremental calculation of weighted mean and variance", 2009.
 */
export class FadingStatistics {
  readonly alpha: number;
  #started = false;
  #mean = 0;
  #variance = 0;

  /** `alpha`: weight of the newest value, above 0 and at most 1. */
  constructor(alpha: number) {
    this.alpha = alpha;
  }

  /** Takes in a value; the first one is the first mean. */
  learn(value: number): void {
    if (!this.#started) {
      this.#started = true;
      this.#mean = value;
      return;
    }
    const difference = value - this.#mean;
    const step = this.alpha * difference;
    this.#mean += step;
    this.#variance = (1 - this.alpha) * (this.#variance + difference * step);
  }

  get mean(): number {
    return this.#mean;
  }

  get variance(): number {
    return this.#variance;
  }
}
