/**
 * Mean and variance of the last `window` values. Values are summed as differences from a reference near them,
 * and the sums are taken anew each time the window has been filled once, so that neither a large offset nor the
 * rounding of a year of additions and subtractions shows.
 */
export class RollingStatistics {
  readonly #values: Float64Array;
  #filled = 0;
  #next = 0;
  #reference = 0;
  #sum = 0;
  #squares = 0;

  constructor(window: number) {
    this.#values = new Float64Array(window);
  }

  /** Takes in a value and lets go of the one that leaves the window. */
  learn(value: number): void {
    const values = this.#values;
    if (this.#filled === 0) this.#reference = value;
    if (this.#filled === values.length) {
      const leaving = values[this.#next] - this.#reference;
      this.#sum -= leaving;
      this.#squares -= leaving * leaving;
    } else {
      this.#filled++;
    }
    values[this.#next] = value;
    const entering = value - this.#reference;
    this.#sum += entering;
    this.#squares += entering * entering;
    this.#next++;
    if (this.#next === values.length) {
      this.#next = 0;
      this.#sumAnew();
    }
  }

  #sumAnew(): void {
    this.#reference = this.mean;
    this.#sum = 0;
    this.#squares = 0;
    for (let i = 0; i < this.#filled; i++) {
      const difference = this.#values[i] - this.#reference;
      this.#sum += difference;
      this.#squares += difference * difference;
    }
  }

  /** Mean of the values in the window. */
  get mean(): number {
    return this.#reference + this.#sum / this.#filled;
  }

  /** Mean squared deviation of the values in the window from their mean. */
  get populationVariance(): number {
    const mean = this.#sum / this.#filled;
    return Math.max(0, this.#squares / this.#filled - mean * mean);
  }
}
