/** Whether rows that follow each other resemble each other, as those of a slow sensor do. */
export class NeighbourChange {
  #rows = 0;
  #mean = 0;
  #deviations = 0;
  #changes = 0;
  #previous = 0;

  /** Takes the target of the next row. */
  observe(target: number): void {
    if (this.#rows > 0) this.#changes += (target - this.#previous) ** 2;
    this.#previous = target;
    const difference = target - this.#mean;
    this.#mean += difference / ++this.#rows;
    this.#deviations += difference * (target - this.#mean);
  }

  /**
   * The mean squared change from row to row beside that of any two rows: about 1 where their order says nothing, near 0
   * where each row is almost the one before it (von Neumann, 1941). 1 where the target does not vary.
   */
  get ratio(): number {
    if (this.#rows < 2 || this.#deviations === 0) return 1;
    return this.#changes / (this.#rows - 1) / ((2 * this.#deviations) / this.#rows);
  }
}
